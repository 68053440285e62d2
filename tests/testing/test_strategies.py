"""check_strategy: every registered strategy passes, and one that breaks a rule is told which."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ConfigDict, ValidationError

from dataleverage.game.levers import MoveSpec
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.baseline import Random as AtRandom
from dataleverage.game.strategies.threshold import Threshold
from dataleverage.game.strategies.weighing import BestResponse, Logit
from dataleverage.game.strategy import Decision, Strategy
from dataleverage.kinds import FAMILIES, family
from dataleverage.testing import check_strategy

# what a kind needs to be made, and others of a kind worth trying
NEEDED: dict[str, dict[str, Any]] = {"scripted": {"moves": {2: "delete", 3: "contribute"}}}
MORE = [
    Threshold(steepness=3.0, mean=0.3, see="neighbours"),
    AtRandom(p=1.0),
    BestResponse(revise=0.5, knows="belief"),
    Logit(consider=[MoveSpec(lever="contribute"), MoveSpec(lever="withhold")], knows="board"),
]


def made(tag: str) -> Strategy:
    """A strategy of a kind. A kind that cannot be made without parameters needs a line in NEEDED."""
    try:
        return family("strategy").members[tag].model_validate({"kind": tag, **NEEDED.get(tag, {})})  # type: ignore[return-value]
    except ValidationError as error:
        raise AssertionError(f"say in NEEDED what {tag!r} needs to be tried") from error


@pytest.mark.parametrize("tag", sorted(family("strategy").members))
def test_every_strategy_that_is_registered(tag: str) -> None:
    assert len(check_strategy(made(tag))) >= 2


@pytest.mark.parametrize("strategy", MORE, ids=repr)
def test_other_parameters(strategy: Strategy) -> None:
    assert len(check_strategy(strategy)) >= 2


def test_a_strategy_for_a_certain_number_is_checked_with_it() -> None:
    listed = Threshold(thresholds=(0.1, 0.5, 0.9))
    with pytest.raises(AssertionError, match=r"(?s)it refuses every game: .*3 thresholds for 6 creators"):
        check_strategy(listed)
    assert all(name.endswith("3 creators") for name in check_strategy(listed, counts=[3]))


def test_moves_that_no_game_has_are_a_refusal() -> None:
    with pytest.raises(AssertionError, match=r"(?s)it refuses every game: .*no tactic 'smoke'"):
        check_strategy(Always(move=MoveSpec(lever="poison", tactic="smoke")))


# ---------------------------------------------------------------------- broken


class Base(Strategy):
    """What the broken ones below have in common: all contribute."""

    def decide(self, seen, memory):
        return Decision(np.full(len(seen.who), seen.menu.stay), memory)


class Thawed(Base):
    model_config = ConfigDict(frozen=False)
    kind: Literal["broken"] = "broken"


class Closed(Base):
    kind: Literal["broken"] = "broken"

    def __reduce__(self):
        raise TypeError("no pickles")


class Nameless(Base):
    """A file cannot name it."""

    kind: str = "nameless"


class Listed(Base):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return [seen.menu.stay] * len(seen.who)


class Beyond(Base):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return Decision(np.full(len(seen.who), len(seen.menu)), memory)


class Whole(Base):
    """Answers for everyone, not for those who decide."""

    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return Decision(np.zeros(len(seen.move), dtype=np.int64), memory)


TICKS = itertools.count()


class Lucky(Base):
    """Another answer each time, from something that no stream knows of."""

    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return Decision(np.full(len(seen.who), next(TICKS) % len(seen.menu)), memory)


class Crowded(Base):
    """Draws depend on who else decides."""

    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        rng = seen.streams.at("mine", seen.round)
        return Decision(rng.integers(0, len(seen.menu), len(seen.who)), memory)

    def settled(self, round, memory):
        return False


class First(Base):
    """The first who is asked acts."""

    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        choice = np.full(len(seen.who), seen.menu.stay)
        choice[0] = seen.menu.strike
        return Decision(choice, memory)


class Meddling(Base):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        seen.move[:] = 0
        return Decision(seen.move[seen.who], memory)


class Counting(Base):
    kind: Literal["broken"] = "broken"

    def begin(self, count, menu, streams):
        return {"times": np.zeros(count)}


class InPlace(Counting):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        memory["times"] += 1
        return super().decide(seen, memory)


class Forgetful(Counting):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return Decision(super().decide(seen, memory).choice, {})


class Summary(Counting):
    kind: Literal["broken"] = "broken"

    def begin(self, count, menu, streams):
        return {"times": np.zeros(3)}


KEPT: list[int] = []


class Keeping(Counting):
    """Keeps what it should remember elsewhere."""

    kind: Literal["broken"] = "broken"

    def begin(self, count, menu, streams):
        KEPT.append(count)
        return {"times": np.full(count, float(len(KEPT)))}


class Restless(Base):
    """Says that it is settled, and acts in even rounds."""

    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        choice = seen.menu.strike if seen.round % 2 else seen.menu.stay
        return Decision(np.full(len(seen.who), choice), memory)


class Swaying(Base):
    """Says that it is steady, and acts in even rounds; never settled, so that this is not what is found."""

    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        choice = seen.menu.strike if seen.round % 2 else seen.menu.stay
        return Decision(np.full(len(seen.who), choice), memory)

    def settled(self, round, memory):
        return False

    def steady(self, round):
        return True


class Unsure(Base):
    kind: Literal["broken"] = "broken"

    def settled(self, round, memory):
        return None


class Misnaming(Base):
    kind: Literal["broken"] = "broken"

    def named_moves(self):
        yield "mvoe", MoveSpec(lever="delete")


class Halfway(Base):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return Decision(np.full(len(seen.who), seen.menu.stay), memory, weighed=np.arange(2))


class Failing(Base):
    kind: Literal["broken"] = "broken"

    def decide(self, seen, memory):
        return Decision(np.full(len(seen.who), 1 // (seen.round - 1)), memory)


class Endless(Base):
    kind: Literal["broken"] = "broken"

    def weighs(self, menu):
        return float("inf")


BROKEN = {
    Thawed: "frozen: its parameter `kind` can be set",
    Closed: "pickling: TypeError: no pickles",
    Nameless: "a file cannot name it",
    Listed: "gives list and not a Decision",
    Beyond: "decide: .*positions in a menu",
    Whole: "decide: .*positions in a menu",
    Lucky: "asked again, it gives",
    Crowded: "asked for creator . of . alone, it gives|in another order, it gives",
    First: "asked for creator 2 of 6 alone, it gives",
    Meddling: "changes `seen.move`",
    InPlace: "changes `times` in place",
    Forgetful: r"it holds \[\], and began with \['times'\]",
    Summary: "`times` has the shape",
    Keeping: "beginning again gives another `times`",
    Restless: "settled: .*the round or chance still decides",
    Unsure: "settled: .*it gives None",
    Swaying: "steady: .*moves otherwise in the next",
    Misnaming: "the key 'mvoe' is of no parameter",
    Halfway: "worth of shape None",
    Failing: "ZeroDivisionError",
    Endless: "weighs: .*it gives inf",
}
FAMILIES["strategy"].members.pop("broken", None)  # defining them has registered the last
FAMILIES["strategy"].members.pop("nameless", None)


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_strategy_is_told_what_is_broken(kind: type[Strategy], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES["strategy"].members, "broken", kind)
    with pytest.raises(AssertionError, match=rf"^{kind.__name__}.*{BROKEN[kind]}" if "|" not in BROKEN[kind] else BROKEN[kind]):
        check_strategy(kind())


def test_what_is_no_strategy_is_told() -> None:
    with pytest.raises(AssertionError, match="it is no Strategy: derive from"):
        check_strategy(MoveSpec())  # type: ignore[arg-type]
