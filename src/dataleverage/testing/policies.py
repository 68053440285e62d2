"""What every policy of operators must do, whoever wrote it: checks to run on a new one."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, NoReturn

import numpy as np
from pydantic import PrivateAttr

from dataleverage.errors import DataleverageError, GameError
from dataleverage.game.answers import (
    checked_answer,
    checked_bill,
    checked_release,
    checked_rows,
    checked_scores,
    checked_suspicion,
    checked_weights,
)
from dataleverage.game.desk import Desk
from dataleverage.game.model import LeverageGame
from dataleverage.game.policy import Agreement, Answer, Bill, Books, Defence, Response, Selection
from dataleverage.game.setup import GameSetup
from dataleverage.grid.rows import Rows
from dataleverage.kinds import Kind
from dataleverage.testing.identity import check_file, check_kind
from dataleverage.testing.stages import stages, with_policy
from dataleverage.world.world import Floats, Mask

Policy = Selection | Defence | Response
BASES: dict[str, type[Kind]] = {"selection": Selection, "defence": Defence, "response": Response}
LINES = 5  # that are tried beside those that a play asks about
WITHIN = 1e-9


def check_policy(policy: Policy, *, creators: Sequence[int] = (1, 8), seed: int = 0) -> tuple[str, ...]:
    """Check a selection, a defence or a response in small games with poison, deletion, unions, arrivals and prices.

    As an object it must be frozen and picklable, and mean the same when a file names it. In every round of every game, all that
    it answers must have the right type and shape; be the same if it is asked again, in a pickled copy, and line by line; and
    leave desk, rows, scores and books as they are. Rows stay within what may be trained on, weights within 0 and 1, money is
    finite and not negative, and transfers sum to zero in every round. A game played twice must go the same way.

    Parameters
    ----------
    policy : what to check.
    creators : how many there are in the games.
    seed : of the games.

    Returns the games that it was checked in. Raises AssertionError, whose message says which check failed, and where.
    """
    family = next((name for name, base in BASES.items() if isinstance(policy, base)), "")
    if not family:
        raise AssertionError(f"{type(policy).__name__}: it is no Selection, Defence or Response of dataleverage.game.policy")
    check_kind(policy, BASES[family])
    check_file(policy, BASES[family])
    names, refusal = [], ""
    for count in creators:
        for name, setup in stages(count):
            trial = Trial(policy, f"{name}, {count} creators", seed)
            tried = with_policy(setup, family, watched(family, trial))
            try:
                game = LeverageGame(tried, seed)
            except GameError as error:
                refusal = str(error)
                continue
            first = trial.plays(game)
            again = trial.plays(LeverageGame(with_policy(setup, family, watched(family, trial)), seed))  # remembers nothing
            if not all(one.equals(other) for one, other in zip(first, again, strict=True)):
                trial.fails("reproducible", "a game played twice with the same seed does not go the same way")
            names.append(trial.where)
    if not names:
        raise AssertionError(f"{type(policy).__name__}: it refuses every game: {refusal}")
    return tuple(names)


class Trial:
    """A policy in one game. where : which."""

    def __init__(self, policy: Any, where: str, seed: int) -> None:
        self.policy, self.where = policy, where
        self.rng = np.random.default_rng(seed)

    def fails(self, check: str, what: str, cause: BaseException | None = None) -> NoReturn:
        """Raise the AssertionError."""
        raise AssertionError(f"{type(self.policy).__name__}, {check}: in the game {self.where!r}, {what}") from cause

    def plays(self, game: LeverageGame) -> tuple[Any, Any, Any]:
        """Moves, rounds and transfers of a play."""
        record = game.play()
        if (
            not np.isfinite(record.rounds.payoff[record.rounds["round"] > 0]).all()
            or not np.isfinite(record.moves.payoff).all()
        ):
            self.fails("money", "a payoff is no finite number")
        return record.moves, record.rounds, record.transfers

    # ------------------------------------------------------------------ calls

    def asks(self, method: str, desk: Desk, *given: Any, lines: bool = True) -> Any:
        """What the policy answers, after it was asked again, in a copy, and line by line. given : arrays or books, (B, …)."""
        answer = self.call(self.policy, method, desk, given)
        again = self.call(self.policy, method, desk, given)
        if not alike(plain(answer), plain(again)):
            self.fails(method, "asked again, it gives another answer: draw from `desk.draw`, and keep nothing in the policy")
        if not alike(plain(answer), plain(self.call(pickle.loads(pickle.dumps(self.policy)), method, desk, given))):
            self.fails(method, "a pickled copy gives another answer")
        if not lines:
            return answer
        if self.policy.timeless and not alike(plain(answer), plain(self.call(self.policy, method, later(desk), given))):
            self.fails(method, "it says that it is timeless, and answers otherwise at another time")
        for i in range(len(plain(given[0])[0])):
            one = self.call(self.policy, method, desk, tuple(line(each, i) for each in given))
            if not alike(plain(line(answer, i)), plain(one)):
                self.fails(method, f"line {i + 1} of {len(plain(given[0])[0])} gets another answer alone than among others")
        return answer

    def call(self, policy: Any, method: str, desk: Desk, given: tuple[Any, ...]) -> Any:
        """One call with a copy of the desk and of what is given, which must stay as they were."""
        shown, before = aside(desk), copy.deepcopy(given)
        state = noted(shown)
        try:
            answer = getattr(policy, method)(shown, *given)
            if method == "pay":
                answer = tuple(answer)
            elif method == "weigh" and answer is None:  # all count in full
                answer = np.ones(given[0].shape)
        except (AssertionError, DataleverageError):
            raise
        except Exception as error:  # whatever a policy raises
            self.fails(method, f"round {desk.round}: {type(error).__name__}: {error}", error)
        if not all(alike(plain(one), plain(other)) for one, other in zip(given, before, strict=True)):
            self.fails(method, "it changes what it is given, which it may only read")
        for name, value in noted(shown).items():
            if value != state[name]:
                self.fails(method, f"it changes `desk.{name}`; what it remembers goes into its answer")
        return answer

    # ------------------------------------------------------------------ what is tried beside

    def rows(self, rows: Rows, most: int) -> Rows:
        """(B + LINES, n) these rows and random ones."""
        return np.concatenate([rows, self.rng.integers(0, most + 1, (LINES, rows.shape[1])).astype(np.uint8)])

    def books(self, books: Books) -> Books:
        """These books, and random ones."""
        count = books.held.shape[1]
        held = self.rng.random((LINES, count)) < 0.6
        more = Books(
            revenue=10 * self.rng.random(LINES),
            held=held,
            examples=np.where(held, self.rng.integers(1, 50, (LINES, count)), 0).astype(np.float64),
            contributing=held & (self.rng.random((LINES, count)) < 0.7),
            flagged=held & (self.rng.random((LINES, count)) < 0.2),
            quality=self.rng.random(LINES),
        )
        return type(books)(**{f.name: np.concatenate([getattr(books, f.name), getattr(more, f.name)]) for f in fields(books)})

    def holds(self, method: str, check: Callable[..., Any], *given: Any) -> None:
        """What the rules ask of an answer."""
        try:
            check(*given)
        except GameError as error:
            self.fails(method, error.message, error)


class WatchedSelection(Selection):
    """A selection that is checked in every call."""

    _trial: Trial = PrivateAttr()

    @property
    def tag(self) -> str:
        return str(self._trial.policy.tag)

    def select(self, desk: Desk, holdings: Rows) -> Rows:
        tried = self._trial.rows(holdings, desk.setup.grid.n_present)
        self._trial.holds("select", checked_rows, desk, self, self._trial.asks("select", desk, tried), tried)
        rows: Rows = self._trial.policy.select(desk, holdings)
        return rows

    def buy(self, desk: Desk, offered: Mask) -> Mask:
        wanted = self._trial.asks("buy", desk, offered, lines=False)
        if not isinstance(wanted, np.ndarray) or wanted.shape != offered.shape or wanted.dtype.kind != "b":
            self._trial.fails("buy", f"it gives {wanted!r}; expected a yes or no for each of {len(offered)} objects")
        if (wanted & ~offered).any():
            self._trial.fails("buy", "it buys what is not offered")
        bought: Mask = self._trial.policy.buy(desk, offered)
        return bought

    def check(self, setup: GameSetup, position: int) -> None:
        self._trial.policy.check(setup, position)


class WatchedDefence(Defence):
    """A defence that is checked in every call."""

    _trial: Trial = PrivateAttr()

    @property
    def tag(self) -> str:
        return str(self._trial.policy.tag)

    def filter(self, desk: Desk, rows: Rows) -> Rows:
        tried = self._trial.rows(rows, desk.setup.grid.n_present)
        self._trial.holds("filter", checked_rows, desk, self, self._trial.asks("filter", desk, tried), tried)
        kept: Rows = self._trial.policy.filter(desk, rows)
        return kept

    def suspicion(self, desk: Desk, rows: Rows) -> Floats | None:
        tried = self._trial.rows(rows, desk.setup.grid.n_present)
        self._trial.holds("suspicion", checked_suspicion, desk, self, self._trial.asks("suspicion", desk, tried), tried)
        given: Floats | None = self._trial.policy.suspicion(desk, rows)
        return given

    def weigh(self, desk: Desk, rows: Rows) -> Floats | None:
        tried = self._trial.rows(rows, desk.setup.grid.n_present)
        self._trial.holds("weigh", checked_weights, desk, self, self._trial.asks("weigh", desk, tried), tried)
        given: Floats | None = self._trial.policy.weigh(desk, rows)
        return given

    def publish(self, desk: Desk, scores: Floats) -> Floats:
        tried = np.concatenate([scores, self._trial.rng.random((LINES, scores.shape[1]))])
        self._trial.holds("publish", checked_scores, desk, self, self._trial.asks("publish", desk, tried), tried)
        given: Floats = self._trial.policy.publish(desk, scores)
        return given

    def check(self, setup: GameSetup, position: int) -> None:
        self._trial.policy.check(setup, position)


class WatchedResponse(Response):
    """A response that is checked in every call."""

    _trial: Trial = PrivateAttr()

    @property
    def agrees(self) -> bool:
        return bool(self._trial.policy.agrees)

    @property
    def tag(self) -> str:
        return str(self._trial.policy.tag)

    def pay(self, desk: Desk, books: Books) -> Sequence[Bill]:
        tried = self._trial.books(books)
        for bill in self._trial.asks("pay", desk, tried):
            if not isinstance(bill, Bill):
                self._trial.fails("pay", f"it gives {bill!r}; expected bills")
            self._trial.holds("pay", checked_bill, desk, bill, len(tried.revenue))
        return tuple(self._trial.policy.pay(desk, books))

    def release(self, desk: Desk, held: Rows, rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
        released = self._trial.asks("release", desk, held, rows, scores)
        self._trial.holds("release", checked_release, desk, self, released, (rows, scores), held)
        given: tuple[Rows, Floats] = self._trial.policy.release(desk, held, rows, scores)
        return given

    def answer(self, desk: Desk, books: Books) -> Answer | None:
        self.settled(desk)
        found = self._trial.asks("answer", desk, books, lines=False)
        if found is not None:
            if not isinstance(found, Answer):
                self._trial.fails("answer", f"it gives {type(found).__name__} and not an Answer")
            self._trial.holds("answer", checked_answer, desk, found)
            try:
                pickle.dumps(found.memory)
            except Exception as error:  # whatever it remembers may raise
                self._trial.fails("answer", f"what it remembers cannot be pickled: {error}", error)
        given: Answer | None = self._trial.policy.answer(desk, books)
        return given

    def settled(self, desk: Desk) -> bool:
        settled = self._trial.asks("settled", desk, lines=False)
        if not isinstance(settled, bool | np.bool_):
            self._trial.fails("settled", f"it gives {settled!r}; expected True or False")
        return bool(settled)

    def warnings(self, desk: Desk) -> Iterable[str]:
        told: Iterable[str] = self._trial.policy.warnings(desk)
        return told

    def check(self, setup: GameSetup, position: int) -> None:
        self._trial.policy.check(setup, position)


def watched(family: str, trial: Trial) -> Any:
    """A policy of a family that checks each call of the trial's."""
    kinds: dict[str, type[Kind]] = {"selection": WatchedSelection, "defence": WatchedDefence, "response": WatchedResponse}
    other = kinds[family](**({"cost": trial.policy.cost} if family == "defence" else {}))
    other._trial = trial  # type: ignore[attr-defined]
    return other


def aside(desk: Desk) -> Desk:
    """A copy of a desk at which looking is free, as when creators only weigh their moves."""
    other = copy.copy(desk)
    other.paying, other.memory = False, copy.deepcopy(desk.memory)
    other.holdings, other.row, other.scores = desk.holdings.copy(), desk.row.copy(), desk.scores.copy()
    other.served = list(desk.served)
    return other


def later(desk: Desk) -> Desk:
    """The same desk some rounds later, with more to its name: nothing to a policy that is timeless."""
    other = aside(desk)
    other.round, other.wealth, other.users = desk.round + 7, desk.wealth + 3.5, 0.5 * desk.users
    return other


def noted(desk: Desk) -> dict[str, Any]:
    """What a policy may not change at a desk."""
    arrays = {name: getattr(desk, name).tobytes() for name in ("holdings", "row", "scores")}
    counted = {"round": desk.round, "wealth": desk.wealth, "users": desk.users, "looked": desk.looked, "paying": desk.paying}
    return {**arrays, **counted, "served": len(desk.served), "board": len(desk.board), "memory": pickle.dumps(desk.memory)}


def line(given: Any, i: int) -> Any:
    """One line of an array, of books, or of an answer made of them."""
    if isinstance(given, Books | Bill):
        cut = {f.name: line(getattr(given, f.name), i) for f in fields(given)}
        return type(given)(**cut)
    if isinstance(given, tuple):
        return tuple(line(each, i) for each in given)
    return given[i : i + 1] if isinstance(given, np.ndarray) else given


def plain(given: Any) -> list[Any]:
    """The arrays, and whatever else can be compared, that something holds."""
    if isinstance(given, Books | Bill | Answer | Agreement):
        return [each for f in fields(given) for each in plain(getattr(given, f.name))]
    if isinstance(given, tuple | list):
        return [each for part in given for each in plain(part)]
    if isinstance(given, dict):
        return [each for name in sorted(given, key=str) for each in (name, *plain(given[name]))]
    return [given]


def alike(one: list[Any], other: list[Any]) -> bool:
    """Whether two lists of arrays and plain things are the same, numbers within 1e-9."""
    if len(one) != len(other):
        return False
    for mine, theirs in zip(one, other, strict=True):
        if isinstance(mine, np.ndarray) or isinstance(theirs, np.ndarray) or isinstance(mine, float):
            if np.shape(mine) != np.shape(theirs) or not np.allclose(mine, theirs, rtol=WITHIN, atol=WITHIN, equal_nan=True):
                return False
        elif mine != theirs:
            return False
    return True
