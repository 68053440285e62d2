"""What is wrong with a document is said in plain words, once, with the line and the key as the user wrote it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from dataleverage.errors import DataleverageError, Errors, ScenarioError
from dataleverage.kinds import Kind, Many, Model, OneOf
from dataleverage.scenario import problems as module
from dataleverage.scenario.document import MOST_ERRORS, parse
from dataleverage.scenario.problems import problems, validated


class Plan(Kind, family="plan_of_test_problems"):
    pass


class Threshold(Plan):
    kind: Literal["threshold"] = "threshold"
    mean: float = Field(0.25, ge=0, le=1, description="the mean threshold")


class Scripted(Plan):
    kind: Literal["scripted"] = "scripted"
    moves: dict[Annotated[int, Field(ge=1)], Literal["delete", "poison"]] = Field(description="a move per round")


AnyPlan = Annotated[Plan, OneOf("plan_of_test_problems")]


class Steps(Model):
    range: Many[float]
    steps: int = 2


class Values(Model):
    values: Many[float]


class Creator(Model):
    name: str
    count: int = Field(1, ge=1, description="how many creators")
    strategy: AnyPlan = Threshold()
    fallback: AnyPlan | None = None
    several: AnyPlan | Many[AnyPlan] | None = None


class Slices(Model):
    __pydantic_extra__: dict[str, Values]
    model_config = ConfigDict(extra="allow")
    by: str = "owner"


class Game(Model):
    creators: Many[Creator] = ()
    rounds: int = Field(10, ge=1, le=1000)
    vary: Steps | Values | Many[float] | None = None
    size: int | Literal["all"] = "all"
    fee: float = 0.0
    cost: dict[Literal["delete", "poison"], float] = Field(default_factory=dict)
    rights: bool = True
    pool: Many[Steps] = Field((), min_length=1)
    ratio: float = Field(1, gt=0, le=5)
    slices: Slices | None = None
    drop: Many[str] = ()

    @model_validator(mode="after")
    def _counts(self) -> Game:
        if self.rounds == 13:
            raise ValueError("thirteen brings bad luck")
        if self.rounds == 14:
            context: dict[str, Any] = {"key": "creators.0.count", "remedy": "Have fewer."}
            raise PydanticCustomError("count", "too many creators", context)
        return self


def errors(text: str) -> list[DataleverageError]:
    """All that is wrong with a text."""
    with pytest.raises((ScenarioError, Errors)) as caught:
        validated(parse(text, "f.yaml"), Game)
    return list(caught.value.errors) if isinstance(caught.value, Errors) else [caught.value]


def only(text: str) -> DataleverageError:
    (error,) = errors(text)
    return error


def test_what_is_right_is_returned() -> None:
    game = validated(parse("creators: [{name: a, strategy: threshold, several: [threshold]}]\nfee: 1"), Game)
    assert game.creators[0].strategy == Threshold()
    assert game.creators[0].several == (Threshold(),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rounds: true", "found true; allowed: a whole number from 1 to 1000"),
        ("rounds: 3.0", "found 3.0; allowed: a whole number from 1 to 1000"),
        ("rounds: 0", "found 0; allowed: a whole number from 1 to 1000"),
        ("rounds: [1, 2]", "found a list of 2; allowed: a whole number from 1 to 1000"),
        ("rounds:", "found null; allowed: a whole number from 1 to 1000"),
        ("fee: x", "found 'x'; allowed: a number"),
        ("rights: yes", "found 'yes'; allowed: true or false"),
        ("creators: 3", "found 3; allowed: a list"),
        ("creators: [3]", "found 3; allowed: a mapping with `name`"),
        ("creators: [{name: 3}]", "found 3; allowed: text"),
        ("pool: []", "found a list of 0; allowed: a list of at least 1 items"),
        ("ratio: 0", "found 0; allowed: a number above 0 and at most 5"),
        ("size: some", "found 'some'; allowed: a whole number or 'all'"),
        ("cost: [1]", "found a list of 1; allowed: a mapping"),
        ("vary: 3", "found 3; allowed: a mapping with `range`, a mapping with `values`, a list, or null"),
    ],
)
def test_found_this_allowed_is_that(text: str, message: str) -> None:
    assert only(text).message == message


def test_a_list_is_not_called_short_for_its_wrong_items() -> None:
    assert only("pool: [{range: x}]").place.key == "pool.0.range"
    assert only("pool: [{range: [.nan]}]").place.key == "pool.0.range.0"


def test_a_misspelt_key_where_any_is_allowed() -> None:
    error = only("slices: {byy: label, rare: {values: [1]}}")
    assert error.place.key == "slices.byy"
    assert "Did you mean the key `by`?" in error.remedy


def test_quotes_around_a_number_are_noticed() -> None:
    assert "Remove the quotes" in only("rounds: '30'").remedy


def test_an_unknown_key_names_the_nearest_or_lists_all() -> None:
    error = only("title: x\nround: 3\n".replace("title: x\n", "fee: 1\n"))
    assert str(error) == "f.yaml:2:1: round: there is no key 'round' here\n  Did you mean `rounds`?"
    assert "Allowed: creators, rounds" in only("zzz: 1").remedy


def test_a_kinds_own_keys_are_suggested() -> None:
    error = only("creators: [{name: a, strategy: {kind: threshold, meen: 0.2}}]")
    assert (error.place.key, error.remedy) == ("creators.0.strategy.meen", "Did you mean `mean`?")


@pytest.mark.parametrize(
    ("plan", "key"), [("thresold", "creators.0.strategy"), ("{kind: thresold}", "creators.0.strategy.kind")]
)
def test_an_unknown_kind_names_the_nearest_and_lists_all(plan: str, key: str) -> None:
    error = only(f"creators: [{{name: a, strategy: {plan}}}]")
    assert error.message == "there is no kind 'thresold' here"
    assert error.remedy == "Did you mean `threshold`? Allowed: scripted, threshold."
    assert error.place.key == key


@pytest.mark.parametrize("plan", ["3", "[threshold]", "null", "true"])
def test_what_cannot_be_a_kind(plan: str) -> None:
    assert "one of the kinds scripted, threshold" in only(f"creators: [{{name: a, strategy: {plan}}}]").message


def test_a_mapping_without_its_kind() -> None:
    error = only("creators: [{name: a, strategy: {mean: 0.2}}]")
    assert (error.message, error.place.key) == ("the key `kind` is missing", "creators.0.strategy.kind")


def test_a_missing_key_says_what_it_is() -> None:
    assert only("creators:\n  - count: 2\n").place.line == 2
    error = only("creators: [{name: a, strategy: {kind: scripted}}]")
    assert (error.message, error.place.key) == ("the key `moves` is missing", "creators.0.strategy.moves")
    assert "a move per round" in error.remedy


def test_a_short_form_that_lacks_a_parameter_says_how_to_write_it_out() -> None:
    error = only("creators: [{name: a, strategy: scripted}]")
    assert error.place.key == "creators.0.strategy.moves"
    assert "{kind: scripted, moves: …}" in error.remedy


@pytest.mark.parametrize("field", ["strategy", "fallback", "several"])
def test_tags_and_branches_stay_out_of_key_paths(field: str) -> None:
    text = f"creators:\n  - name: a\n    {field}:\n      kind: scripted\n      moves: {{1: delete, 2: x}}\n"
    error = only(text)
    assert (error.place.key, error.place.line) == (f"creators.0.{field}.moves.2", 5)
    assert error.message == "found 'x'; allowed: one of 'delete', 'poison'"


def test_a_list_of_kinds() -> None:
    error = only("creators: [{name: a, several: [threshold, {kind: threshold, mean: 3}]}]")
    assert (error.place.key, error.message) == ("creators.0.several.1.mean", "found 3; allowed: a number from 0 to 1")


def test_wrong_keys_of_a_mapping() -> None:
    error = only("creators: [{name: a, strategy: {kind: scripted, moves: {a: delete}}}]")
    assert (error.place.key, error.remedy) == ("creators.0.strategy.moves.a", "Keys here are whole numbers from 1.")
    error = only("cost: {delet: cheap}")
    assert (error.place.key, error.remedy) == ("cost.delet", "Did you mean `delete`?")


def test_of_a_union_only_the_nearest_branch_is_discussed() -> None:
    assert only("vary: {range: [0, x]}").place.key == "vary.range.1"
    assert only("vary: [0, x]").place.key == "vary.1"
    assert only("vary: {rnge: [0, 1]}").remedy == "Did you mean `range`?"


def test_validators_speak_for_themselves() -> None:
    assert only("rounds: 13").message == "thirteen brings bad luck"
    error = only("creators: [{name: a,\n  count: 99}]\nrounds: 14")
    assert str(error) == "f.yaml:2:3: creators.0.count: too many creators\n  Have fewer."


def test_all_errors_at_once_each_with_its_line() -> None:
    text = (
        "rounds: true\n"
        "rouns: 3\n"
        "fee: .nan\n"
        "creators:\n"
        "  - name: a\n"
        "    count: 0\n"
        "    strategy: thresold\n"
        "  - count: 2\n"
        "rights: maybe\n"
        "rights: true\n"
    )
    found = [(error.place.line, error.place.key) for error in errors(text)]
    assert found == [
        (1, "rounds"),
        (2, "rouns"),
        (3, "fee"),
        (6, "creators.0.count"),
        (7, "creators.0.strategy"),
        (8, "creators.1.name"),
        (9, "rights"),
        (10, "rights"),
    ]


def test_reports_are_bounded() -> None:
    assert len(str(only("rounds: " + "x" * 100_000))) < 1000
    assert len(str(only("x" * 1000 + ": 1"))) < 1000
    assert len(errors("".join(f"key{number}: 1\n" for number in range(1000)))) == MOST_ERRORS + 1


def test_problems_of_a_validation_done_elsewhere() -> None:
    document = parse("rounds: x", "f.yaml")
    with pytest.raises(ValidationError) as caught:
        Game.model_validate(document.data)
    (error,) = problems(caught.value, document, Game)
    assert str(error.place) == "f.yaml:1:1: rounds"


def test_a_text_where_a_list_is_needed_can_be_put_in_brackets() -> None:
    assert "Write `[id]`." in only("drop: id").remedy
    assert "Write" not in only("creators: id").remedy, "a list of texts would be no better"


def test_of_very_many_problems_only_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    real = module._located
    monkeypatch.setattr(module, "_located", lambda *args: (looked.append(args), real(*args))[1])
    found = errors("".join(f"key{number}: 1\n" for number in range(5000)) + "rounds: x\n")
    assert [error.place.line for error in found[:-1]] == list(range(1, MOST_ERRORS + 1))
    assert found[-1].message == f"further errors follow: up to {5001 - MOST_ERRORS}"
    assert len(looked) == module.MOST_LOCATED
