"""What every strategy must do, whoever wrote it: checks to run on a new one."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from dataleverage.errors import DataleverageError, GameError
from dataleverage.game.asking import Question
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.setup import GameSetup
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy
from dataleverage.streams import Streams
from dataleverage.testing.identity import check_file, check_kind
from dataleverage.testing.stages import stages, with_strategy
from dataleverage.world.world import Ints, Mask

LATER = 7  # rounds
ARRAYS = ("move", "quality", "payoff", "received", "called", "granted", "kept", "who")
WITHIN = 1e-9


def check_strategy(strategy: Strategy, *, counts: Sequence[int] = (1, 6), seed: int = 0) -> tuple[str, ...]:
    """Check a strategy in small games: one operator and two, with and without deletion, with tactics, unions and a network.

    As an object it must be frozen, hashable and picklable, and mean the same when a file names it. In every round of every game
    whose menu has the moves that it names, it must give each creator a position in the menu, and the same one if it is
    asked again, in a pickled copy, creator by creator, and with creators in another order; leave what it is shown as
    it is; and return a memory of the same names and shapes as it began with. Where it says that it is settled, neither the
    round nor chance may decide; where it says that it is steady, the next round may not. A game played twice must go the same
    way, and beginning again must give what it gave at first.

    Parameters
    ----------
    strategy : what to check.
    counts : how many creators use it; a strategy that is made for a certain number is checked with that.
    seed : of the games.

    Returns the games that it was checked in. Raises AssertionError, whose message says which check failed, and where.
    """
    check_kind(strategy, Strategy)
    check_file(strategy, Strategy)
    names, refusal = [], ""
    for count in counts:
        for name, setup in stages(count + 2):
            trial = Trial(strategy, f"{name}, {count} creators")
            moves = trial.named_moves()
            tried = with_strategy(setup, Watched(trial), count)
            try:
                for _, move in moves:
                    tried.menu.at(tried.groups[-1].home).position(move)
                trial.begins(tried, count, seed)
                game = LeverageGame(tried, seed, ask=person)
            except GameError as error:
                refusal = str(error)
                continue
            first = trial.plays(game)
            if not first.equals(trial.plays(LeverageGame(with_strategy(setup, Watched(trial), count), seed, ask=person))):
                trial.fails("reproducible", "a game played twice with the same seed does not go the same way")
            trial.begins(tried, count, seed)
            names.append(trial.where)
    if not names:
        raise AssertionError(f"{type(strategy).__name__}: it refuses every game: {refusal}")
    return tuple(names)


class Watched:
    """A strategy that is checked in every call."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._trial.strategy, name)

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        return self._trial.decides(seen, memory)


class Trial:
    """A strategy in one game. where : which."""

    def __init__(self, strategy: Strategy, where: str) -> None:
        self.strategy, self.where = strategy, where

    def fails(self, check: str, what: str, cause: BaseException | None = None) -> NoReturn:
        """Raise the AssertionError."""
        raise AssertionError(f"{type(self.strategy).__name__}, {check}: in the game {self.where!r}, {what}") from cause

    def named_moves(self) -> list[tuple[str, MoveSpec]]:
        """What the strategy names."""
        named = list(self.strategy.named_moves())
        for each in named:
            if not (isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str) and isinstance(each[1], MoveSpec)):
                self.fails("named_moves", f"it gives {each!r}; expected a key in the scenario and a MoveSpec")
            part = each[0].split(".")[0]
            if part not in type(self.strategy).model_fields:
                self.fails("named_moves", f"the key {each[0]!r} is of no parameter")
        return named

    def begins(self, setup: GameSetup, count: int, seed: int) -> None:
        """The memory before the first round, the same each time."""
        menu = setup.menu.at(setup.groups[-1].home)
        first, again = (self.strategy.begin(count, menu, Streams(seed)) for _ in range(2))
        self.remembers(first, count, first)
        if difference(first, again):
            self.fails(
                "begin", f"beginning again gives another `{difference(first, again)}`: nothing may be kept in the strategy"
            )
        weighs = self.strategy.weighs(menu)
        if not isinstance(weighs, int | float) or not 0 <= weighs < np.inf:
            self.fails("weighs", f"it gives {weighs!r}; expected how many moves a creator weighs in a round, in the mean")

    def plays(self, game: LeverageGame) -> Any:
        """The moves of a play."""
        try:
            moves = game.play().moves
        except (AssertionError, DataleverageError):
            raise
        except Exception as error:  # whatever a strategy raises
            self.fails("play", f"{type(error).__name__}: {error}", error)
        if not np.isfinite(moves.payoff).all():
            self.fails("play", "a payoff is no finite number")
        return moves.drop(columns=[name for name in moves if name.startswith("worth:")])

    # ------------------------------------------------------------------ a round

    def decides(self, seen: Seen, memory: Memory) -> Decision:
        """Decide as the strategy does, after all checks of one call."""
        decision = self.asked(seen, memory)
        self.well_made(decision, seen, memory)
        self.same("asked again", decision, self.asked(seen, memory))
        copy: Strategy = pickle.loads(pickle.dumps(self.strategy))
        self.same("in a pickled copy", decision, self.asked(seen, memory, copy))
        m = len(seen.who)
        for i in range(m):
            at = np.array([i])
            self.same(f"asked for creator {i + 1} of {m} alone", picked(decision, at), self.asked(*part(seen, memory, at)))
        order = np.arange(m)[::-1]
        self.same("creators in another order", picked(decision, order), self.asked(*part(seen, memory, order)))
        self.settles(decision, seen, memory)
        self.stays(decision, seen, memory)
        return decision

    def asked(self, seen: Seen, memory: Memory, strategy: Strategy | None = None) -> Decision:
        """One call with copies, which must stay as they were."""
        shown = replace(seen, **{name: getattr(seen, name).copy() for name in ARRAYS})
        given = {name: values.copy() for name, values in memory.items()}
        try:
            decision = (strategy or self.strategy).decide(shown, given)
        except (AssertionError, DataleverageError):
            raise
        except Exception as error:  # whatever a strategy raises
            self.fails("decide", f"round {seen.round}: {type(error).__name__}: {error}", error)
        for name in ARRAYS:
            if not np.array_equal(
                getattr(shown, name), getattr(seen, name), equal_nan=name in ("quality", "payoff", "received")
            ):
                self.fails("what is shown", f"it changes `seen.{name}`, which it may only read")
        if changed := difference(memory, given):
            self.fails("memory", f"it changes `{changed}` in place; return a new array")
        return decision

    def well_made(self, decision: Decision, seen: Seen, memory: Memory) -> None:
        """A decision of the right types and shapes."""
        m = len(seen.who)
        if not isinstance(decision, Decision):
            self.fails("decide", f"it gives {type(decision).__name__} and not a Decision")
        try:
            decision.check(seen, memory, self.strategy.tag)
        except GameError as error:
            self.fails("decide", error.message, error)
        self.remembers(decision.memory, m, memory)
        if (decision.weighed is None) != (decision.worth is None):
            self.fails("worth", "`weighed` and `worth` are given together, or neither is")

    def remembers(self, memory: Any, count: int, before: Memory) -> None:
        """A memory with an entry for each creator, as there was before."""
        if not isinstance(memory, Mapping):
            self.fails("memory", f"it is {type(memory).__name__} and not a dict of arrays")
        if set(memory) != set(before):
            self.fails("memory", f"it holds {sorted(memory)}, and began with {sorted(before)}")
        for name, values in memory.items():
            if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
                self.fails("memory", f"`{name}` is no array of numbers")
            if values.shape != (count, *before[name].shape[1:]):
                self.fails(
                    "memory", f"`{name}` has the shape {values.shape}; its first axis is the {count} creators that decide"
                )

    def same(self, how: str, one: Decision, other: Decision) -> None:
        """Two decisions must be the same."""
        if not np.array_equal(one.choice, other.choice):
            self.fails("the same answer", f"{how}, it gives {np.asarray(other.choice)} and not {np.asarray(one.choice)}")
        if name := difference(one.memory, other.memory):
            self.fails("the same answer", f"{how}, it remembers another `{name}`")

    def settles(self, decision: Decision, seen: Seen, memory: Memory) -> None:
        """Where it says that it is settled, who is free to move moves the same in a later round, whatever is drawn."""
        settled = self.strategy.settled(seen.round, decision.memory)
        if not isinstance(settled, bool | np.bool_):
            self.fails("settled", f"it gives {settled!r}; expected True or False")
        if not settled:
            return
        after = replace(seen, round=seen.round + LATER, streams=Streams(seen.streams.seed + 1))
        later = self.asked(after, memory)
        free = moving(decision, seen) & moving(later, seen)
        if not np.array_equal(np.asarray(decision.choice)[free], np.asarray(later.choice)[free]):
            self.fails("settled", f"it says so after round {seen.round}, and then the round or chance still decides")

    def stays(self, decision: Decision, seen: Seen, memory: Memory) -> None:
        """Where it says that it is steady, seeing the same in the next round it decides the same, and remembers nothing new."""
        if not self.strategy.steady(seen.round):
            return
        again = self.asked(replace(seen, round=seen.round + 1), memory)
        moved = not np.array_equal(again.choice, decision.choice)
        if moved or difference(memory, again.memory):
            self.fails(
                "steady", f"it says so in round {seen.round}, and {'moves' if moved else 'remembers'} otherwise in the next"
            )


def person(question: Question) -> str:
    """Somebody who is there to be asked, and who answers a question the same each time."""
    return question.moves[(question.round + len(question.creator)) % len(question.moves)]


def moving(decision: Decision, seen: Seen) -> Mask:
    """(m,) who was free to move: who weighed, where moves are weighed."""
    if decision.worth is None:
        return np.ones(len(seen.who), dtype=bool)
    return np.asarray(np.isfinite(decision.worth).any(axis=1))


def part(seen: Seen, memory: Memory, at: Ints) -> tuple[Seen, Memory]:
    """What some of the deciders are shown, and remember."""
    return replace(seen, who=seen.who[at]), {name: values[at] for name, values in memory.items()}


def picked(decision: Decision, at: Ints) -> Decision:
    """What was decided for some of the deciders."""
    return Decision(np.asarray(decision.choice)[at], {name: values[at] for name, values in decision.memory.items()})


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first array that is not the same; nothing where all are."""
    for name in {**one, **other}:
        if name not in one or name not in other or np.shape(one[name]) != np.shape(other[name]):
            return name
        if not np.allclose(one[name], other[name], rtol=WITHIN, atol=WITHIN, equal_nan=True):
            return name
    return ""
