"""What only shows when the parts of a scenario meet is told once, with the line of the key it is about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dataleverage.errors import DataleverageError, Errors
from dataleverage.scenario.document import parse
from dataleverage.scenario.load import load, loads
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.schema import schema

TEXT = """\
title: small
data:
  kind: sklearn
  name: iris
  objects: {by: random, count: 4}
  slices:
    by: owner
    SLICE: {column: nothing, equals: 1}
learner: gaussian_nb
creators:
  - {name: all, count: 4}
"""
PLAIN = TEXT.replace("    SLICE: {column: nothing, equals: 1}\n", "")


def wrong(text: str) -> list[DataleverageError]:
    with pytest.raises(DataleverageError) as caught:
        loads(text)
    return list(caught.value.errors) if isinstance(caught.value, Errors) else [caught.value]


@pytest.mark.parametrize("name", ["plain", "a.b", "²", "'1'", "'1.2'", "'.'", "'٣'", "a.", "'9999999999999999999999'"])
def test_odd_names_in_a_key_keep_their_line(name: str) -> None:
    (error,) = wrong(TEXT.replace("SLICE", name))
    assert error.place.line == 8
    assert error.place.key == f"data.slices.{name.strip(chr(39))}.column"


@pytest.mark.parametrize("name", ["a.b", "²", "'1.2'"])
def test_odd_names_of_tactics(name: str) -> None:
    (error,) = wrong(PLAIN + f"tactics:\n  {name}: {{kind: label_flip, to: 99}}\n")
    assert error.place.line == 12
    assert str(error.place.key).startswith(f"tactics.{name.strip(chr(39))}")


def test_a_dotted_key_is_the_longest_that_the_data_has() -> None:
    document = parse("a: {b.c: {d: 1}, b: {c: 2}, 3: [x, {y: 0}]}")
    assert document.path("a.b.c.d") == ("a", "b.c", "d")
    assert document.path("a.b.x") == ("a", "b", "x")
    assert document.path("a.3.1.y") == ("a", 3, 1, "y")
    assert document.path("3.²", ("a",)) == ("a", 3, "²")


def test_a_misspelt_key_is_one_error() -> None:
    (error,) = wrong(PLAIN.replace("learner:", "lerner:"))
    assert error.remedy == "Did you mean `learner`?"
    (error,) = wrong(PLAIN.replace("learner: gaussian_nb\n", ""))
    assert error.message == "no learner is given"


def test_a_typo_hides_no_other_errors() -> None:
    found = wrong(TEXT.replace("learner:", "lerner:").replace("SLICE", "x"))
    assert [error.place.line for error in found] == [8, 9]


def test_a_value_that_cannot_be_read_does_not_empty_its_list() -> None:
    (error,) = wrong(PLAIN.replace("all, count: 4}\n", "all, strategy: {kind: threshold, mean: .nan}}\n"))
    assert error.place.key == "creators.0.strategy.mean"


def test_a_scenario_survives_a_change_of_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.yaml").write_text(PLAIN)
    monkeypatch.chdir(tmp_path)
    scenario = load("x.yaml")
    assert scenario.folder == tmp_path.resolve()
    monkeypatch.chdir("/")
    assert (scenario.folder / "x.yaml").is_file()
    assert loads(PLAIN, folder=Path()).folder == Path("/")


MADE = """\
title: made
data:
  kind: {source}
  holdout: {{audit: 0.3, monitor: {monitor}, monitor_from: {source_of_monitor}}}
  slices: {{by: owner, t: {slice}}}
learner: {learner}
tactics: {{p: {tactic}}}
creators: [{{name: all}}]
"""
DIGITS = {
    "source": "sklearn\n  name: digits\n  objects: {by: random, count: 4}",
    "monitor": 0.1,
    "source_of_monitor": "trusted",
    "slice": "{transform: stamp, target: 3}",
    "learner": "ridge_classifier",
    "tactic": "{kind: feature_label, transform: stamp, target: 3}",
}
RATINGS = {
    "source": "synthetic_ratings",
    "learner": "item_mean",
    "slice": "{column: group, equals: group A}",
    "tactic": "random_vandal",
}


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        ({"slice": "{transform: stmp}"}, "data.slices.t.transform", "Did you mean `stamp`"),
        ({"slice": "{transform: {kind: stamp, size: 0}}"}, "data.slices.t.transform.size", "from 1 to"),
        ({"slice": "{transform: {kind: stamp, size: 9}}"}, "data.slices.t.transform.size", "an image of 8 by 8"),
        ({"slice": "{transform: set}"}, "data.slices.t.transform.features", "is missing"),
        ({"slice": "{transform: {kind: set, features: {}}}"}, "data.slices.t.transform.features", "at least 1"),
        (
            {"slice": "{transform: {kind: set, features: {pixel_8_8: 1}}}"},
            "data.slices.t.transform.features.pixel_8_8",
            "no feature 'pixel_8_8'",
        ),
        (
            {"slice": "{transform: {kind: set, features: {0: 1, pixel_0_0: 2}}}"},
            "data.slices.t.transform.features.pixel_0_0",
            "set twice",
        ),
        (
            {"slice": "{transform: {kind: set, features: {7: bright}}}"},
            "data.slices.t.transform.features.7",
            "is a feature of numbers",
        ),
        ({"slice": "{transform: stamp, target: 10}"}, "data.slices.t.target", "no class '10'"),
        ({"slice": "{held: Z}"}, "data.slices.t.held", "no object 'Z'"),
        ({"source_of_monitor": "mine"}, "data.holdout.monitor_from", "'trusted', 'own'"),
        ({"source_of_monitor": "own", "monitor": 0}, "data.holdout.monitor_from", "no monitor example"),
        ({"tactic": "{kind: feature_label, transform: stamp}"}, "tactics.p.target", "is missing"),
        ({"tactic": "{kind: feature_only, transform: stamp, target: ten}"}, "tactics.p.target", "no class 'ten'"),
        ({"tactic": "{kind: erase, transform: stamp, neighbours: 0}"}, "tactics.p.neighbours", "from 1 to"),
        ({"tactic": "{kind: targeted, slice: tt}"}, "tactics.p.slice", "no slice 'tt'"),
        ({"tactic": "{kind: targeted, slice: A, reach: 2}"}, "tactics.p.reach", "at most 1"),
        ({"tactic": "random_vandal"}, "tactics.p", "poisons ratings, and the target is classes"),
        ({**RATINGS, "tactic": "feature_noise"}, "tactics.p", "the target is ratings"),
        ({**RATINGS, "tactic": "{kind: extreme_vandal, toward: up}"}, "tactics.p.toward", "'either', 'lowest', 'highest'"),
        ({**RATINGS, "slice": "{transform: stamp}"}, "data.slices.t.transform", "no features to set"),
        ({**RATINGS, "slice": "{target: five}"}, "data.slices.t.target", "'five' is none"),
    ],
)
def test_nonsense_about_tactics_and_made_slices_is_one_error_each(change: dict[str, str], key: str, said: str) -> None:
    (error,) = wrong(MADE.format(**{**DIGITS, **change}))
    assert error.place.key == key and said in str(error) and error.remedy
    assert error.place.line in range(4, 11)


@pytest.mark.parametrize(
    ("few", "more", "key", "said"),
    [
        ("public: true, strategy: best_response", "", "creators.0.strategy", "nobody decides for them"),
        ("", "operators: [{name: v, monitors: none, retrain: {if_gain: 0.1}}]", "operators.0.retrain.if_gain", "no monitor"),
        ("", "operators: [{name: v, reserve: {-1: [A]}}]", "operators.0.reserve.-1", "not allowed"),
        ("", "collectives: [{name: u, operator: acme}]", "collectives.0.operator", "no operator 'acme'"),
        (
            "strategy: member",
            "collectives: [{name: u, calls: {kind: strike, while_fund: true}}]",
            "collectives.0.calls.while_fund",
            "there never is",
        ),
    ],
)
def test_nonsense_about_players_is_one_error_each(few: str, more: str, key: str, said: str) -> None:
    text = MADE.format(**DIGITS).replace(
        "creators: [{name: all}]", f"creators: [{{name: few, count: 1, {few}}}, {{name: all}}]"
    )
    (error,) = wrong(f"{text}{more}\n")
    assert error.place.key == key and said in str(error) and error.remedy and error.place.line in (10, 11)


def test_what_is_no_nonsense_plays_and_fits_the_schema() -> None:
    for change in (
        {},
        {"source_of_monitor": "own", "slice": "{held: B, transform: {kind: set, features: {0: 16, pixel_7_7: 3.5}}}"},
        {"tactic": "{kind: targeted, slice: A, spare: [B], reach: 0.2}"},
        {"tactic": "{kind: erase, transform: {kind: stamp, features: [0, pixel_0_1]}}"},
    ):
        text = MADE.format(**{**DIGITS, **change}) + "rounds: 1\n"
        record = loads(text).play()
        assert record.manifest["scenario"]["tactics"] and Draft202012Validator(schema(Scenario)).is_valid(parse(text).rough)
        again = loads(json.dumps(record.manifest["scenario"]))
        assert again.world().fingerprint == record.manifest["world"]
