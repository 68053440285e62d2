"""check_policy: every registered policy passes, and one that breaks a rule is told which."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from pydantic import ConfigDict, ValidationError

from dataleverage.game.policies.response.dividend import Dividend
from dataleverage.game.policy import Agreement, Answer, Bill, Defence, Response, Selection
from dataleverage.kinds import FAMILIES, Kind, family
from dataleverage.testing import check_policy

FAMILY = {"selection": Selection, "defence": Defence, "response": Response}
# what a kind needs to be made
NEEDED: dict[str, dict[str, Any]] = {"budget": {"share": 0.5}, "noise": {"rate": 0.2}}
EVERY = [(name, tag) for name in FAMILY for tag in sorted(family(name).members)]


@pytest.mark.parametrize(("name", "tag"), EVERY, ids=lambda each: str(each))
def test_every_policy_that_is_registered(name: str, tag: str) -> None:
    try:
        policy = family(name).members[tag].model_validate({"kind": tag, **NEEDED.get(tag, {})})
    except ValidationError as error:
        raise AssertionError(f"say in NEEDED what {tag!r} needs to be tried") from error
    assert check_policy(policy)  # type: ignore[arg-type]


def test_other_parameters() -> None:
    assert check_policy(Dividend(rate=1.0, split="size"))


# ---------------------------------------------------------------------- broken


class All(Selection):
    """What the broken selections have in common: everything."""

    def select(self, desk, holdings):
        return holdings


class Open(Defence):
    """What the broken defences have in common: they let everything in."""

    def filter(self, desk, rows):
        return rows


class Mean(Response):
    """What the broken responses have in common: they pay nobody."""

    def pay(self, desk, books):
        return ()


class Thawed(All):
    model_config = ConfigDict(frozen=False)
    kind: Literal["broken"] = "broken"


class Nameless(Open):
    """A file cannot name it."""


class Inventing(All):
    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        return np.ones_like(holdings)


class Wide(All):
    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        return holdings.astype(np.float64)


class Lucky(All):
    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        return np.where(np.random.default_rng().random(holdings.shape) < 0.5, holdings, 0).astype(np.uint8)


class Crowded(All):
    """Keeps the objects that most lines hold."""

    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        return np.where((holdings > 0).mean(axis=0) > 0.5, holdings, 0).astype(np.uint8)


class Emptying(All):
    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        holdings[:] = 0
        return holdings


class Noting(All):
    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        desk.memory["seen"] = len(holdings)
        return holdings


class Greedy(All):
    kind: Literal["broken"] = "broken"

    def buy(self, desk, offered):
        return np.ones_like(offered)


class Yes(All):
    kind: Literal["broken"] = "broken"

    def buy(self, desk, offered):
        return True


class Adding(Open):
    kind: Literal["broken"] = "broken"

    def filter(self, desk, rows):
        return np.maximum(rows, 1)


class Heavy(Open):
    kind: Literal["broken"] = "broken"

    def weigh(self, desk, rows):
        return np.full(rows.shape, 2.0)


class Undefined(Open):
    kind: Literal["broken"] = "broken"

    def publish(self, desk, scores):
        return scores * np.nan


class Noisy(Open):
    """Noise that depends on the line."""

    kind: Literal["broken"] = "broken"

    def publish(self, desk, scores):
        return scores + 0.1 * desk.draw("noise").random(scores.shape)


class Hasty(All):
    """Says that it is timeless, and takes less each round."""

    timeless: ClassVar[bool] = True
    kind: Literal["broken"] = "broken"

    def select(self, desk, holdings):
        return holdings if desk.round < 3 else np.zeros_like(holdings)


class Taking(Mean):
    kind: Literal["broken"] = "broken"

    def pay(self, desk, books):
        yield Bill("dividend", np.full(books.held.shape, -1.0))


class Short(Mean):
    kind: Literal["broken"] = "broken"

    def pay(self, desk, books):
        yield Bill("dividend", books.revenue)


class Sharing(Mean):
    """Divides what all lines earned."""

    kind: Literal["broken"] = "broken"

    def pay(self, desk, books):
        yield Bill("dividend", books.held * books.revenue.sum())


class Spending(Mean):
    kind: Literal["broken"] = "broken"

    def pay(self, desk, books):
        desk.wealth -= 1
        return ()


class Scoreless(Mean):
    kind: Literal["broken"] = "broken"

    def release(self, desk, held, rows, scores):
        return rows, scores[:, 0]


class Generous(Mean):
    kind: Literal["broken"] = "broken"

    @property
    def agrees(self):
        return True

    def answer(self, desk, books):
        return Answer(grants=(Agreement(desk.position, 7, rate=0.1),))


class Lavish(Mean):
    kind: Literal["broken"] = "broken"

    @property
    def agrees(self):
        return True

    def answer(self, desk, books):
        return Answer(grants=(Agreement(desk.position, 0, rate=1.5),))


class Banning(Mean):
    kind: Literal["broken"] = "broken"

    def answer(self, desk, books):
        return Answer(bans=np.ones(2))


HOW = lambda: 1  # noqa: E731 - what cannot be pickled


class Secretive(Mean):
    kind: Literal["broken"] = "broken"

    def answer(self, desk, books):
        return Answer(memory={"how": HOW})


class Unsure(Mean):
    kind: Literal["broken"] = "broken"

    def settled(self, desk):
        return None


class Failing(Mean):
    kind: Literal["broken"] = "broken"

    def pay(self, desk, books):
        raise KeyError("purse")


BROKEN: dict[type[Kind], str] = {
    Thawed: "frozen: its parameter `kind` can be set",
    Nameless: "a file cannot name it",
    Inventing: "select: .*a row within its holdings",
    Wide: "select: .*float64; expected .* of uint8",
    Lucky: "select: .*(asked again, it|a pickled copy) gives another answer",  # whichever it is unlucky in first
    Crowded: "select: .*line . of .* gets another answer alone",
    Emptying: "select: .*it changes what it is given",
    Noting: "select: .*it changes `desk.memory`",
    Hasty: "select: .*it says that it is timeless",
    Greedy: "buy: .*what is not offered",
    Yes: "buy: .*it gives True",
    Adding: "filter: .*a row within its holdings",
    Heavy: "weigh: .*numbers from 0 to 1",
    Undefined: "publish: .*finite numbers",
    Noisy: "publish: .*line . of .* gets another answer alone",
    Taking: "pay: .*amount of -1.0 for 'dividend'",
    Short: "pay: .*amounts of shape",
    Sharing: "pay: .*line . of .* gets another answer alone",
    Spending: "pay: .*it changes `desk.wealth`",
    Scoreless: "release: .*scores of shape",
    Generous: "answer: .*with collective 7",
    Lavish: "answer: .*a rate of at most 1",
    Banning: "answer: .*bans of shape",
    Secretive: "answer: .*cannot be pickled",
    Unsure: "settled: .*it gives None",
    Failing: "pay: .*KeyError: 'purse'",
}
for _name in FAMILY:
    FAMILIES[_name].members.pop("broken", None)  # defining them has registered the last


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_policy_is_told_what_is_broken(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES[kind._family].members, "broken", kind)
    with pytest.raises(AssertionError, match=rf"(?s)^{kind.__name__}.*{BROKEN[kind]}"):
        check_policy(kind())


def test_what_is_no_policy_is_told() -> None:
    with pytest.raises(AssertionError, match="it is no Selection, Defence or Response"):
        check_policy("everything")  # type: ignore[arg-type]
