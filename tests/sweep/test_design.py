"""The sweep file's own parts: how one value varies."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from dataleverage.errors import DataleverageError
from dataleverage.scenario.document import parse
from dataleverage.scenario.problems import validated
from dataleverage.scenario.schema import schema
from dataleverage.sweep.design import Spread, Sweep


def test_steps_are_even_and_hold_both_ends() -> None:
    made = Spread(range=(0.05, 0.6), steps=12).listed()
    assert made is not None and made[0] == 0.05 and made[-1] == 0.6
    np.testing.assert_allclose(made, np.linspace(0.05, 0.6, 12), rtol=1e-11)
    assert made[2] == 0.15, "without the dust of floating point"


@pytest.mark.parametrize(("ends", "steps", "expected"), [((1, 5), 5, [1, 2, 3, 4, 5]), ((2, 10), 3, [2, 6, 10])])
def test_whole_steps_between_whole_numbers_stay_whole(ends: Any, steps: int, expected: list[int]) -> None:
    made = Spread(range=ends, steps=steps).listed()
    assert made == expected and all(isinstance(value, int) for value in made or ())


def test_steps_that_are_not_whole_are_all_numbers() -> None:
    made = Spread(range=(1, 2), steps=3).listed()
    assert made == [1.0, 1.5, 2.0] and all(isinstance(value, float) for value in made or ())


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{values: [1], uniform: [0, 1]}", 3, "`values` and `uniform` are both given"),
        ("{}", 3, "nothing says how this varies"),
        ("{steps: 3, values: [1]}", 3, "`steps` goes with `range` alone"),
        ("{range: [2, 1], steps: 3}", 3, "2 is not below 1"),
        ("{loguniform: [0, 1]}", 3, "0 has no logarithm"),
        ("{integer: [1, 2.5]}", 3, "allowed: a whole number"),
        ("{uniform: [1]}", 3, "a list of 1"),
        ("{normal: {mean: 0, sd: 0}}", 3, "allowed: a number above 0"),
        ("{normal: {mean: 0, sd: 1, low: 2, high: 1}}", 3, "`low` is not below `high`"),
        ("{unifrom: [0, 1]}", 3, "there is no key 'unifrom' here"),
        ("[]", 3, "at least 1 items"),
    ],
)
def test_a_spread_that_makes_no_sense_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    document = parse(f"scenario: x.yaml\nvary:\n  rounds: {text}\n", "sweep.yaml")
    with pytest.raises(DataleverageError) as caught:
        validated(document, Sweep)
    assert said in str(caught.value) and f"sweep.yaml:{line}" in str(caught.value)


def test_the_published_schema_says_the_same() -> None:
    known = Draft202012Validator(json.loads(json.dumps(schema(Sweep))))
    good = {"scenario": "a.yaml", "vary": {"rounds": [1, 2], "seed": {"range": [0, 1], "steps": 2}}, "worlds": 3}
    assert known.is_valid(good) and Sweep.model_validate(good)
    assert not known.is_valid({**good, "wrlds": 3})
    assert not known.is_valid({**good, "vary": {"rounds": {"uniform": [1]}}})
