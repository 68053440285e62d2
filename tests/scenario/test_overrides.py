"""Settings from the command line go where the schema has a place for them, and are blamed by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from dataleverage.errors import DataleverageError, Errors, ScenarioError
from dataleverage.kinds import Kind, Many, Model, OneOf
from dataleverage.scenario.document import parse
from dataleverage.scenario.overrides import apply, overlay
from dataleverage.scenario.problems import validated


class Plan(Kind, family="plan_of_test_overrides"):
    pass


class Threshold(Plan):
    kind: Literal["threshold"] = "threshold"
    mean: float = Field(0.25, ge=0, le=1)


class Scripted(Plan):
    kind: Literal["scripted"] = "scripted"
    moves: dict[int, str]


class Stop(Model):
    fixed_point: int = 5


class Creator(Model):
    name: str
    strategy: Annotated[Plan, OneOf("plan_of_test_overrides")] = Threshold()


class Game(Model):
    creators: Many[Creator] = ()
    rounds: int = 10
    stop: Stop = Stop()
    cost: dict[str, float] = Field(default_factory=dict)
    weights: Many[float] = ()


TEXT = """\
creators:
  - {name: a, strategy: threshold}
  - {name: b, strategy: {kind: scripted, moves: {3: delete}}}
rounds: 5
"""


def changed(*settings: str) -> Any:
    return apply(parse(TEXT).data, settings, Game)


def refused(*settings: str) -> DataleverageError:
    with pytest.raises(ScenarioError) as caught:
        changed(*settings)
    return caught.value


def test_values_are_put_in_a_copy() -> None:
    data = parse(TEXT).data
    assert apply(data, ["rounds=7"], Game) == {**data, "rounds": 7}
    assert data["rounds"] == 5


def test_values_are_yaml() -> None:
    assert changed("rounds=1e-3")["rounds"] == 0.001
    assert changed("weights=[1, 2]")["weights"] == [1, 2]
    assert changed("creators.0.name=a=b")["creators"][0]["name"] == "a=b"
    assert changed("creators.0.name=no")["creators"][0]["name"] == "no"
    assert changed("rounds=")["rounds"] is None


def test_a_kind_written_short_is_written_out() -> None:
    assert changed("creators.0.strategy.mean=0.2")["creators"][0]["strategy"] == {"kind": "threshold", "mean": 0.2}
    assert changed("creators.1.strategy=threshold")["creators"][1]["strategy"] == "threshold"


def test_keys_that_are_whole_numbers_stay_so() -> None:
    assert changed("creators.1.strategy.moves.4=poison")["creators"][1]["strategy"]["moves"] == {
        3: "delete",
        4: "poison",
    }


def test_what_the_file_leaves_out_can_be_set() -> None:
    assert changed("stop.fixed_point=2")["stop"] == {"fixed_point": 2}
    assert changed("cost.delete=2")["cost"] == {"delete": 2}


def test_the_last_setting_wins() -> None:
    assert changed("rounds=1", "rounds=2")["rounds"] == 2


@pytest.mark.parametrize(
    ("setting", "key", "said"),
    [
        ("rouns=1", "rouns", "Did you mean `rounds`?"),
        ("creators.0.strategy.meen=1", "creators.0.strategy.meen", "Did you mean `mean`?"),
        ("creators.0.strategy.moves=1", "creators.0.strategy.moves", "no key 'moves'"),
        ("creators.1.strategy.moves.x=1", "creators.1.strategy.moves.x", "whole numbers"),
        ("creators.2.name=c", "creators.2.name", "It has 2"),
        ("creators.-1.name=c", "creators.-1.name", "It has 2"),
        ("creators.x.name=c", "creators.x.name", "It has 2"),
        ("weights.0=1", "weights.0", "Set `weights` as a whole"),
        ("rounds.x=1", "rounds.x", "no 'x' in it"),
        ("rounds", "rounds", "KEY=VALUE"),
        ("=3", None, "KEY=VALUE"),
        ("rounds=[1", "rounds", "not YAML"),
        ("rounds=.nan", "rounds", "finite"),
        ("rounds=*x", "rounds", "alias"),
    ],
)
def test_settings_without_a_place_are_refused(setting: str, key: str | None, said: str) -> None:
    error = refused(setting)
    assert said in str(error)
    assert (error.place.file, error.place.line, error.place.key) == (f"--set {setting}", None, key)


def test_all_bad_settings_are_reported() -> None:
    with pytest.raises(Errors) as caught:
        changed("rouns=1", "rounds=2", "nothing", "weights=[.nan, .inf]")
    assert len(caught.value.errors) == 4


def test_what_the_model_refuses_is_blamed_on_the_setting() -> None:
    document = overlay(parse(TEXT.replace("rounds: 5", "rounds: x"), "f.yaml"), ["creators.0.strategy.mean=7"], Game)
    with pytest.raises(Errors) as caught:
        validated(document, Game)
    setting, line = caught.value.errors
    assert str(setting).startswith("--set creators.0.strategy.mean=7: creators.0.strategy.mean: found 7; allowed")
    assert str(line).startswith("f.yaml:4:1: rounds: found 'x'")


def test_a_setting_mends_a_file() -> None:
    document = overlay(parse(TEXT.replace("rounds: 5", "rounds: x")), ["rounds=3"], Game)
    assert validated(document, Game).rounds == 3


def test_another_kind_drops_the_parameters_it_does_not_have() -> None:
    assert changed("creators.1.strategy.kind=threshold")["creators"][1]["strategy"] == {"kind": "threshold"}
    same = changed("creators.1.strategy.kind=scripted")["creators"][1]["strategy"]
    assert same == {"kind": "scripted", "moves": {3: "delete"}}
    unknown = changed("creators.1.strategy.kind=skripted")["creators"][1]["strategy"]
    assert unknown == {"kind": "skripted", "moves": {3: "delete"}}, "a misspelt kind loses nothing"


@pytest.mark.parametrize("turned", [False, True])
def test_a_kind_is_set_before_its_parameters(turned: bool) -> None:
    settings = ["creators.1.strategy.kind=threshold", "creators.1.strategy.mean=0.4"]
    made = changed(*(settings[::-1] if turned else settings))
    assert made["creators"][1]["strategy"] == {"kind": "threshold", "mean": 0.4}


def test_a_kind_does_not_overtake_what_it_stands_in() -> None:
    settings = ["creators.0.strategy.mean=0.3", "creators.0.strategy=threshold", "creators.0.strategy.kind=scripted"]
    assert changed(*settings)["creators"][0]["strategy"] == {"kind": "scripted"}


def test_an_item_goes_by_its_name() -> None:
    assert changed("creators.b.name=c") == changed("creators.1.name=c")
    document = overlay(parse(TEXT, "f.yaml"), ["creators.a.strategy.mean=7"], Game)
    with pytest.raises(ScenarioError) as caught:
        validated(document, Game)
    assert caught.value.place.key == "creators.0.strategy.mean"
    assert "It has 2" in str(apply_error("creators: [{name: a}, {name: a}]", "creators.a.name=c")), "which of the two?"


def apply_error(text: str, setting: str) -> DataleverageError:
    with pytest.raises(ScenarioError) as caught:
        apply(parse(text).data, [setting], Game)
    return caught.value
