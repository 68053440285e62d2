"""A strategy: how creators decide. One call decides for all creators that share it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import GameError
from dataleverage.game.asking import Ask
from dataleverage.game.levers import Choice, Menu, MoveSpec
from dataleverage.game.network import Neighbours, share_of_others
from dataleverage.kinds import Kind
from dataleverage.streams import Streams
from dataleverage.world.world import Floats

Knows = Literal["grid", "board", "belief"]
Value = Literal["leave_one_out", "shapley", "banzhaf"]
Memory = dict[str, NDArray[np.float64]]  # arrays with one entry (or row) for each creator of the group


@dataclass(frozen=True)
class Ahead:
    """How far creators look ahead: a payoff t rounds from now counts `discount`**t, for `horizon` rounds from this one on."""

    horizon: int = 1
    discount: float = 1.0


THIS_ROUND = Ahead()


@dataclass(frozen=True, eq=False)
class Seen:
    """What creators can look at when they decide.

    round : the round they decide in, from 1.
    who : (m,) positions of the creators that decide now.
    move : (N,) everyone's last move, as positions in the menu.
    menu : the moves there are, as the creators that decide see them: `menu.stay` is contributing at their own operator.
    neighbours : who sees whom.
    quality, payoff : (N,) of last round; the payoff is NaN before there was one.
    received : (N,) what each was paid last round, by operators and funds.
    called : (N,) menu positions that collectives call this round, -1 for who is called to nothing.
    granted : (N,) bool, who is a member of a collective that an operator has granted something.
    kept : (N,) bool, whose agreement was kept last round: what it grants was paid; True where there is none.
    streams : where randomness comes from: see `draw`.
    worth_of : ((m,) creators, (A,) menu positions, knows, ahead) -> (m, A): see `weigh`.
    names : of the creators.
    claim : value -> (N,) each one's share, by that value of its data, of what its operator earned before anyone moved.
    ask : whoever plays those that a person decides for, or None where nobody is there.
    """

    round: int
    who: NDArray[np.int64]
    move: Choice
    menu: Menu
    neighbours: Neighbours
    quality: Floats
    payoff: Floats
    received: Floats
    called: Choice
    granted: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    streams: Streams
    worth_of: Callable[[NDArray[np.int64], Choice, Knows, Ahead], Floats]
    claim: Callable[[Value], Floats]
    names: Sequence[str]
    ask: Ask | None = None

    @cached_property
    def acting(self) -> NDArray[np.bool_]:
        """(N,) who did anything but contribute, and use what there is, last round."""
        acts: NDArray[np.bool_] = self.menu.acting[self.move]
        return acts

    def share(self, see: Literal["everyone", "neighbours"], doing: NDArray[np.bool_]) -> Floats:
        """(m,) the share of the others, or of one's neighbours, that does something. Never counts oneself."""
        shares = share_of_others(doing) if see == "everyone" else self.neighbours.share(doing)
        return shares[self.who]

    def weigh(self, knows: Knows, moves: Choice, ahead: Ahead = THIS_ROUND) -> Floats:
        """(m, A) the payoff of each of the moves (A,) to each decider, if only it moved so, over the rounds it looks ahead."""
        return self.worth_of(self.who, moves, knows, ahead)

    def only(self, some: NDArray[np.bool_]) -> Seen:
        """The same, with only some of the deciders: (m,) bool."""
        return replace(self, who=self.who[some])

    def draw(self, what: str) -> Floats:
        """(m,) numbers even on [0, 1), the same for a creator and a round whoever else draws."""
        return self.streams.at(f"creators/{what}", self.round).random(len(self.move))[self.who]


@dataclass(frozen=True, eq=False)
class Decision:
    """What creators decided.

    choice : (m,) menu positions.
    memory : what the group remembers.
    saw : (m,) what they looked at, for the record, or None.
    weighed, worth : (A,) menu positions and (m, A) what each was worth to them, or None; NaN for who did not weigh.
    """

    choice: Choice
    memory: Memory
    saw: Floats | None = None
    weighed: Choice | None = None
    worth: Floats | None = None

    def check(self, seen: Seen, memory: Memory, said_by: str) -> None:
        """Raise GameError, which names the round and who said it, for what is no answer to what was `seen`."""
        count, size = len(seen.who), len(seen.menu)
        begins = f"{said_by} answered round {seen.round} with"
        choice = np.asarray(self.choice)
        if choice.shape != (count,) or choice.dtype.kind not in "iu" or ((choice < 0) | (choice >= size)).any():
            raise GameError(f"{begins} {choice!r}; expected {count} positions in a menu of {size} moves")
        for name, values in self.memory.items():
            if name not in memory or np.shape(values) != memory[name].shape:
                was = f"shape {memory[name].shape}" if name in memory else "nothing"
                raise GameError(f"{begins} a memory of shape {np.shape(values)} called {name!r}, which began as {was}")
        if self.saw is not None and self.saw.shape != (count,):
            raise GameError(f"{begins} a sight of shape {self.saw.shape}; expected one number for each of {count} creators")
        if self.weighed is not None and (self.worth is None or self.worth.shape != (count, len(self.weighed))):
            told = None if self.worth is None else self.worth.shape
            raise GameError(f"{begins} worth of shape {told}; expected {count} creators by {len(self.weighed)} moves")


class Strategy(Kind, family="strategy", package="dataleverage.game.strategies"):
    """Base of every strategy. Instances are frozen: what a group remembers is in `memory`, passed in and returned."""

    def begin(self, count: int, menu: Menu, streams: Streams) -> Memory:
        """What a group of `count` creators remembers before the first round. Raises GameError for moves not allowed."""
        return {}

    @abstractmethod
    def decide(self, seen: Seen, memory: Memory) -> Decision:
        """The moves of the creators `seen.who` (all of the group's memory is passed, one entry for each of them)."""

    def weighs(self, menu: Menu) -> float:
        """How many moves a creator weighs in a round, in the mean; none unless the strategy asks for `Seen.weigh`."""
        return 0.0

    def settled(self, round: int, memory: Memory) -> bool:
        """Whether nothing but others' moves can change this group's, which remembers this, after the round.

        False while a script has more to come, and for ever where each round's moves are drawn anew: what stands still there,
        or repeats, does so by chance, and is neither a fixed point nor a cycle.
        """
        return True

    def steady(self, round: int) -> bool:
        """Whether who sees the same in the next round as in this one decides the same, and remembers nothing new.

        Then a game in which nothing moved need not ask again. False unless a strategy knows better.
        """
        return False

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        """The moves that the strategy names, each with its key in the scenario, to be checked before a game starts."""
        return ()


def chosen_by(odds: Floats, choices: Choice, draws: Floats) -> Choice:
    """One of the choices (A,) for each line, as likely as its odds (m, A), by numbers (m,) even on [0, 1)."""
    upto = np.cumsum(odds, axis=1)
    drawn = draws * upto[:, -1]
    picked: Choice = choices[np.minimum((upto <= drawn[:, None]).sum(axis=1), len(choices) - 1)]
    return picked
