"""The published JSON Schema accepts what loading accepts, by an independent validator."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field

from dataleverage.errors import DataleverageError
from dataleverage.kinds import Kind, Many, Model, OneOf
from dataleverage.scenario.document import parse
from dataleverage.scenario.problems import validated
from dataleverage.scenario.schema import Allowed, nearest, schema


class Plan(Kind, family="plan_of_test_schema"):
    pass


class Threshold(Plan):
    kind: Literal["threshold"] = "threshold"
    mean: float = Field(0.25, ge=0, le=1, description="the mean threshold")


class Always(Plan):
    kind: Literal["always"] = "always"


class Scripted(Plan):
    kind: Literal["scripted"] = "scripted"
    moves: dict[Annotated[int, Field(ge=1)], Literal["delete", "poison"]]


class Split(Kind, family="split_of_test_schema", tag="by"):
    pass


class Random(Split):
    by: Literal["random"] = "random"
    count: int = 12


AnyPlan = Annotated[Plan, OneOf("plan_of_test_schema")]


class Game(Model):
    """A game of creators."""

    title: str = Field(description="what it is called")
    plan: AnyPlan = Threshold()
    fallback: AnyPlan | None = None
    plans: AnyPlan | Many[AnyPlan] = ()
    objects: Annotated[Split, OneOf("split_of_test_schema")] = Random()
    rounds: int = Field(10, ge=1)
    shifts: dict[int, float] = Field(default_factory=dict)
    phases: dict[Annotated[int, Field(ge=0)], float] = Field(default_factory=dict)
    cost: dict[Literal["delete", "poison"], float] = Field(default_factory=dict)


VALIDATOR = Draft202012Validator(schema(Game))

GOOD = [
    "title: x",
    "{title: x, plan: threshold}",
    "{title: x, plan: always, fallback: null}",
    "{title: x, plan: {kind: always}}",
    "{title: x, plan: {kind: threshold, mean: 1}, fallback: {kind: threshold}}",
    "{title: x, plan: {kind: scripted, moves: {3: delete, 12: poison}}}",
    "{title: x, plans: [always, {kind: threshold}]}",
    "{title: x, plans: {kind: scripted, moves: {}}}",
    "{title: x, objects: random}",
    "{title: x, objects: {by: random, count: 3}}",
    "{title: x, shifts: {-3: 1.5, 0: 1}, phases: {0: 1}}",
    "{title: x, cost: {delete: 1}}",
]
BAD = [
    "{}",
    "{title: 3}",
    "{title: x, tittle: y}",
    "{title: x, plan: unknown}",
    "{title: x, plan: scripted}",
    "{title: x, plan: {mean: 0.2}}",
    "{title: x, plan: {}}",
    "{title: x, plan: {kind: unknown}}",
    "{title: x, plan: {kind: always, mean: 0.2}}",
    "{title: x, plan: {kind: threshold, mean: 2}}",
    "{title: x, plan: null}",
    "{title: x, plan: {kind: scripted, moves: {0: delete}}}",
    "{title: x, plan: {kind: scripted, moves: {x: delete}}}",
    "{title: x, plan: {kind: scripted, moves: {1: keep}}}",
    "{title: x, plans: [3]}",
    "{title: x, objects: {kind: random}}",
    "{title: x, rounds: true}",
    "{title: x, rounds: 0}",
    "{title: x, shifts: {a: 1}}",
    "{title: x, phases: {-1: 1}}",
    "{title: x, cost: {keep: 1}}",
]


def as_json(text: str) -> Any:
    return json.loads(json.dumps(parse(text).data))


def test_it_is_a_draft_2020_12_schema_with_a_title_and_descriptions() -> None:
    made = schema(Game)
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (made["title"], made["description"]) == ("Game", "A game of creators.")
    assert made["properties"]["title"]["description"] == "what it is called"


@pytest.mark.parametrize("text", GOOD)
def test_what_loads_is_valid(text: str) -> None:
    validated(parse(text), Game)
    VALIDATOR.validate(as_json(text))


@pytest.mark.parametrize("text", BAD)
def test_what_does_not_load_is_not_valid(text: str) -> None:
    with pytest.raises(DataleverageError):
        validated(parse(text), Game)
    assert not VALIDATOR.is_valid(as_json(text))


def test_each_call_gives_a_schema_of_its_own() -> None:
    schema(Game)["properties"].clear()
    assert schema(Game)["properties"]


def test_what_is_allowed_at_a_place() -> None:
    top = Allowed.by(Game)
    plan = top.at("plan")
    assert plan is not None
    assert set(plan.tags()) == {"threshold", "always", "scripted"}
    assert plan.fitting("threshold").names() == ["kind", "mean"]
    mean = plan.fitting({"kind": "threshold"}).at("mean")
    assert mean is not None
    assert (mean.words(), mean.note("description")) == ("a number from 0 to 1", "the mean threshold")
    assert top.at("nothing") is None


def test_nearest() -> None:
    assert nearest("Rouns", ["seed", "rounds"]) == "rounds"
    assert nearest("zzz", ["seed", "rounds"]) is None
    assert nearest(3, []) is None
