"""A standing: a game where it stands before its next round, to be read without being played."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.equilibrium import JointMoves, Payoff
from dataleverage.game.levers import Choice, MoveSpec
from dataleverage.game.membership import convene
from dataleverage.game.model import LeverageGame
from dataleverage.game.rules import Score, State, outcome
from dataleverage.game.setup import GameSetup
from dataleverage.world.world import Floats, Ints

TOGETHER = 2**22  # moves, states of objects or cells that are worked out together: some arrays of 32 MB each
MOST_TOGETHER = 4096  # joint moves


@dataclass(frozen=True, eq=False)
class Standing:
    """A game before its next round: who of its creators moves, with what, and what joint moves would pay them.

    state : of the next round; its desks and collectives are copies, so that reading changes nothing in the game.
    choice : (N,) everyone's last move, as menu positions: those who do not move repeat it.
    who : (M,) the creators that move. moves : (M, A) the menu positions that each of them considers.
    score : what rows are scored by.
    """

    setup: GameSetup
    state: State
    choice: Choice
    who: Ints
    moves: Choice
    score: Score

    @classmethod
    def of(
        cls,
        game: GameSetup | LeverageGame,
        *,
        creators: Sequence[str] = (),
        moves: Sequence[MoveSpec] = (),
        seed: int = 0,
    ) -> Standing:
        """The standing of a game that has not begun, or of one in the middle of a play.

        Parameters
        ----------
        creators : names of creators or of their groups; everyone moves unless given.
        moves : what they consider, each at its own operator; everything on the menu unless given.
        seed : of a game that has not begun: who is drawn into a collective, say.

        Collectives call as they would in the next round. What operators buy in it is not foreseen, as creators that weigh
        their moves do not foresee it. Raises GameError for creators or moves that there are not.
        """
        if isinstance(game, GameSetup):
            game = LeverageGame(game, seed)
            game.close()
        setup = game.setup
        who = chosen(setup, creators)
        round = game.round + 1
        desks = tuple(desk.copied(round) for desk in game.desks)
        unions = []
        for union in game.unions:
            other = copy.copy(union)
            meeting = replace(game.meeting(union), round=round, memory=copy.deepcopy(union.memory))
            convene(setup, replace(game.course.state(round), desks=desks), other, meeting, game.choice, game.lookup.scores)
            unions.append(other)
        state = replace(game.course.state(round), desks=desks, unions=tuple(unions))
        return cls(setup, state, game.choice.copy(), who, considered(setup, who, moves), game.lookup.scores)

    @property
    def start(self) -> Ints:
        """(M,) where the last move of each mover is among those that it considers; 0, the first, where it is not."""
        found: Ints = (self.moves == self.choice[self.who][:, None]).argmax(axis=1)
        return found

    def payoff(self, choice: Ints) -> tuple[Floats, Floats]:
        """(B, M) positions among the moves considered -> (B, M) what each mover gets, and (B,) what all others get together.

        The others are operators and the creators that do not move.
        """
        joint = np.repeat(self.choice[None, :], len(choice), axis=0)
        joint[:, self.who] = self.moves[np.arange(len(self.who)), choice]
        result = outcome(self.setup, self.state, joint, self.score)
        mine = result.payoff[:, self.who]
        others = result.operator_payoff.sum(axis=1) + result.payoff.sum(axis=1) - mine.sum(axis=1)
        return mine, others

    @property
    def together(self) -> int:
        """How many joint moves are worked out at once."""
        setup = self.setup
        wide = max(setup.n_creators, setup.n_operators * max(setup.grid.n_objects, len(setup.grid.columns)))
        return max(1, min(MOST_TOGETHER, TOGETHER // wide))

    def joint_moves(self, progress: Callable[[int], object] | None = None) -> JointMoves:
        """What every joint move pays. Raises GameError beyond 2**20 of them.

        progress : called with the number of joint moves that were worked out.
        """

        def told(choice: Ints) -> tuple[Floats, Floats]:
            paid = self.payoff(choice)
            if progress is not None:
                progress(len(choice))
            return paid

        asked: Payoff = told
        return JointMoves.of(len(self.who), self.moves.shape[1], asked, together=self.together)

    def strike(self) -> Standing:
        """The same with two moves for everyone: contributing at home, and the move of a strike there."""
        homes = [self.setup.menu.at(int(k)) for k in self.setup.home[self.who]]
        moves = np.array([[menu.stay, menu.strike] for menu in homes], dtype=np.int64)
        return replace(self, moves=moves)

    def scored_by(self, score: Score) -> Standing:
        """The same with rows scored by something else, also where operators look at them."""
        desks = []
        for k, desk in enumerate(self.state.desks):
            other = copy.copy(desk)
            other._score = lambda rows, weights, k=k: score(k, rows, weights)  # type: ignore[misc]
            desks.append(other)
        return replace(self, state=replace(self.state, desks=tuple(desks)), score=score)


def chosen(setup: GameSetup, names: Sequence[str]) -> Ints:
    """(M,) the creators of these names or groups, in the game's order; all where nobody is named."""
    if not names:
        return np.arange(setup.n_creators)
    found = np.zeros(setup.n_creators, dtype=bool)
    groups = {group.name: group.who for group in setup.groups}
    for name in names:
        if name in groups:
            found[groups[name]] = True
        elif name in setup.names:
            found[setup.names.index(name)] = True
        else:
            known = ", ".join([*groups, *setup.names][:20])
            raise GameError(f"{name!r} is no creator and no group of creators", remedy=f"There are {known}.")
    return np.flatnonzero(found)


def considered(setup: GameSetup, who: Ints, moves: Sequence[MoveSpec]) -> Choice:
    """(M, A) the menu positions of moves for each creator of `who` (M,). Raises GameError for one that is named twice."""
    if not moves:
        return np.tile(np.arange(len(setup.menu)), (len(who), 1))
    at = {int(k): [setup.menu.at(int(k)).position(move) for move in moves] for k in np.unique(setup.home[who])}
    found = np.array([at[int(k)] for k in setup.home[who]], dtype=np.int64)
    for line in at.values():
        if len(set(line)) < len(line):
            twice = next(move for move in line if line.count(move) > 1)
            raise GameError(f"the move {str(setup.menu.moves[twice])!r} is named twice", remedy="Name each move once.")
    return found
