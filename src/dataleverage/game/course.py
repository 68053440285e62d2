"""The course of a game: what operators and collectives carry from round to round, and how a round's moves change it.

The game that is played goes along one; creators that look further ahead than a round send their moves along copies of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dataleverage.game.answers import checked_answer
from dataleverage.game.collective import Union
from dataleverage.game.desk import Desk
from dataleverage.game.ledger import Payment
from dataleverage.game.levers import Choice
from dataleverage.game.policy import Agreement, Answer
from dataleverage.game.purchase import buy, priced
from dataleverage.game.rules import Outcome, Score, State, at_first, outcome, remembered, served
from dataleverage.game.setup import GameSetup
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Ints, Mask


@dataclass(frozen=True, eq=False)
class Turn:
    """What a round came to.

    result : what the moves led to. prices : what was paid for objects. again : the round was the same as the one before.
    received, payoff : (N,) of the creators, objects that they sold included. sold : (N,) of that, or 0.
    costs, earned, bought : (K,) of the operators: with unveiling; their payoffs; what they paid for objects, negative, or 0.
    unveiling : (K,) what of the costs was for monitor cells. believed : (2, K) the monitor quality that each expected of its
    row, just before it looked at that, and the standard error of it; NaN where it does not pay for what it sees.
    in_force : the agreement that each collective had in the round, or None. banned : (K, N) whose data each operator did not
    take in it, or None.
    """

    result: Outcome
    prices: list[Payment]
    again: bool
    received: Floats
    payoff: Floats
    sold: Floats | float
    costs: Floats
    unveiling: Floats
    believed: Floats
    earned: Floats
    bought: Floats | float
    in_force: tuple[Agreement | None, ...]
    banned: Mask | None


class Course:
    """Where a game stands, and how it goes on.

    Attributes
    ----------
    round : the round played last. desks, unions : of the operators, and the collectives.
    banned : (K, N) the last round in which each operator takes no data of each creator's. bought : (K, n) which objects each
    need not buy any more, or None. kept : (N,) whose agreements were kept in the last round.
    guessed : whether rows are scored by what somebody believes of released models.
    choice : (N,) everyone's last move. published : rows served so far, by their bytes, with their
    scores: the last ones, where data ages.
    """

    def __init__(self, setup: GameSetup, desks: tuple[Desk, ...], unions: tuple[Union, ...]) -> None:
        self.setup, self.desks, self.unions = setup, desks, unions
        self.round = 0
        self.banned: Ints = np.zeros((setup.n_operators, setup.n_creators), dtype=np.int64)
        self.bought: Mask | None = setup.free
        self.kept: Mask = np.ones(setup.n_creators, dtype=bool)
        self.choice: Choice = setup.stay.copy()
        self.published: dict[bytes, tuple[Rows, Floats]] = {}
        self.guessed = False
        self._last: Turn | None = None
        self._unmoved = False

    def state(self, round: int | None = None) -> State:
        """Where it stands in the round that is being played, or another, besides what creators choose in it."""
        setup, at = self.setup, self.round if round is None else round
        here = setup.arrival is None or bool((setup.arrival <= at).all())
        return State(
            round=at,
            desks=self.desks,
            unions=self.unions,
            arrived=None if here or setup.arrival is None else setup.arrival <= at,
            bought=self.bought,
            banned=self.banned >= max(at, 1) if self.banned.any() else None,
            weights=setup.weights(at),
            released=self.guessed,
        )

    def begin(self, score: Score) -> Outcome:
        """Round 0: what operators hold and serve before anyone moves."""
        before = served(self.setup, self.state(), at_first(self.setup), None, score)
        self._take(before)
        for desk in self.desks:
            desk.board.look(desk.row, desk.scores, desk.counts)
        return before

    def into(self, round: int) -> None:
        """Begin a round."""
        self.round = round
        for desk in self.desks:
            desk.round, desk.looked = round, 0

    def advance(self, choice: Choice, score: Score) -> Turn:
        """Play steps 4 to 8 of the round that has begun, with (N,) moves."""
        same = self._unmoved and self._last is not None and bool((choice == self.choice).all())
        self.choice = choice
        if same and self._last is not None:  # nothing moved, and nothing but moves decides
            last, result = self._last, self._last.result
            if not last.again:
                self._last = replace(
                    last,
                    prices=[],
                    again=True,
                    sold=0.0,
                    costs=result.costs[0],
                    unveiling=np.zeros(self.setup.n_operators),
                    believed=self._believed(result),
                    earned=result.operator_payoff[0],
                    bought=0.0,
                )
        else:
            self._last = self._play(choice, score)
        for desk, earned in zip(self.desks, self._last.earned.tolist(), strict=True):
            desk.wealth += earned
        return self._last

    def _play(self, choice: Choice, score: Score) -> Turn:
        self.bought, prices = buy(self.setup, self.desks, self.bought, choice, self.round)
        for desk in self.desks:
            desk.paying = True
        play = outcome if self.guessed else remembered  # what is believed is not to be remembered
        state = self.state()
        result = play(self.setup, state, choice[None, :], score)
        for desk in self.desks:
            desk.paying, desk.choice = False, choice
        answers = [
            checked_answer(desk, desk.operator.response.answer(desk, books))
            for desk, books in zip(self.desks, result.books, strict=True)
        ]
        believed = self._believed(result)
        cells = [
            desk.board.look(row, scores, counts) + desk.looked
            for desk, row, scores, counts in zip(self.desks, result.rows[0], result.scores[0], result.counts[0], strict=True)
        ]
        unveiling = np.array([desk.operator.unveil_cost * count for desk, count in zip(self.desks, cells, strict=True)])
        sold, bought = priced(prices, self.setup) if prices else (0.0, 0.0)
        in_force = tuple(union.agreement for union in self.unions)
        self._take(result)
        self._settle(result, answers)
        return Turn(
            result=result,
            prices=prices,
            again=False,
            received=result.received[0, : self.setup.n_creators] + sold,
            payoff=result.payoff[0] + sold,
            sold=sold,
            costs=result.costs[0] + unveiling,
            unveiling=unveiling,
            believed=believed,
            earned=result.operator_payoff[0] - unveiling + bought,
            bought=bought,
            in_force=in_force,
            banned=state.banned,
        )

    def _believed(self, result: Outcome) -> Floats:
        """(2, K): what operators that pay for what they see expect of the rows that they serve, with its standard errors."""
        found = np.full((2, self.setup.n_operators), np.nan)
        for k, desk in enumerate(self.desks):
            if desk.operator.unveil_cost > 0 and desk.sees:
                found[:, k] = np.concatenate(desk.believe(result.rows[:, k]))
        return np.where(np.isfinite(found), found, np.nan)

    def _take(self, result: Outcome) -> None:
        """Let operators hold and serve what a joint move led to."""
        self._unmoved = self.setup.timeless and not any(
            (result.holdings[0, k] != desk.holdings).any() or (result.rows[0, k] != desk.row).any()
            for k, desk in enumerate(self.desks)
        )
        for k, desk in enumerate(self.desks):
            desk.holdings, desk.users = result.holdings[0, k], float(result.users[0, k])
            moved = not desk.served or not np.array_equal(result.rows[0, k], desk.row)
            desk.row, desk.scores, desk.counts = result.rows[0, k], result.scores[0, k], result.counts[0, k]
            if moved or self.setup.freshness is not None:
                desk.served.append((desk.row, desk.scores))
                desk.counted.append(desk.counts)
            self.published[desk.row.tobytes()] = (desk.row, desk.scores)

    def _settle(self, result: Outcome, answers: list[Answer | None]) -> None:
        """What collectives and operators carry over into the next round."""
        first = self.setup.n_creators + self.setup.n_operators
        self.kept = np.ones(self.setup.n_creators, dtype=bool)
        for union in self.unions:
            union.fund = max(0.0, union.fund + float(result.transfers[0, first + union.position]))  # but for rounding
        for k, (desk, answer) in enumerate(zip(self.desks, answers, strict=True)):
            if answer is None:
                continue
            desk.memory = answer.memory
            for union in self.unions:
                if union.operator == k and union.position in answer.breaks:
                    union.agreement = None
                    self.kept[union.member] = False
            for agreement in answer.grants:
                union = self.unions[agreement.collective]
                union.agreement = agreement
                union.won = self.round if union.won is None else union.won
            if answer.bans is not None:
                self.banned[k] = answer.bans

    # ------------------------------------------------------------------ looking ahead

    def ahead(self, score: Score, *, guessed: bool) -> Course:
        """A copy to try moves on: what happens in it happens nowhere else, and operators that imagine moves score rows so."""
        other = copy.copy(self)
        other.guessed = guessed
        other.banned, other.bought = self.banned.copy(), None if self.bought is None else self.bought.copy()
        other.published, other.unions = {}, tuple(copy.copy(union) for union in self.unions)
        other.desks = tuple(desk.copied() for desk in self.desks)
        play: Callable[[Choice], Outcome] = lambda joint: outcome(other.setup, other.state(), joint, score)  # noqa: E731
        for desk in other.desks:
            desk.sit_down(other.unions, play)
        return other
