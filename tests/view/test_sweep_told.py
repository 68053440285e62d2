"""A sweep for the terminal and for a program."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from dataleverage.sweep.design import Spread, Sweep
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import sensitivity
from dataleverage.sweep.summary import difference, summary
from dataleverage.view.sweep_told import as_json, lines

Played = Callable[[Sweep, Callable[..., float | None]], Results]


def test_every_number_is_there_for_a_program_and_bounds_that_are_not_are_null(played: Played) -> None:
    sweep = Sweep(scenario="x.yaml", vary={"a.x": (1, 2)}, worlds=3, outcomes=("users",))
    results = played(sweep, lambda v, w, r: v["a.x"] / 4 + w * v["a.x"] / 100)
    told = json.loads(json.dumps(as_json(results, ["users"]), allow_nan=False))
    line, apart = summary(results).loc[1, "users"], difference(results, "users", 0, 1)
    found = told["outcomes"]["users"]["points"][1]
    assert (found["mean"], found["low"], found["worlds"]) == pytest.approx((line["mean"], line["low"], 3))
    assert (found["difference_mean"], found["difference_high"]) == pytest.approx((apart.mean, apart.high))
    assert told["points"] == [{"point": 0, "a.x": 1}, {"point": 1, "a.x": 2}]
    alone = played(sweep.model_copy(update={"worlds": None}), lambda v, w, r: 0.5)
    assert as_json(alone, ["users"])["outcomes"]["users"]["points"][0]["low"] is None
    text = dict(lines(results, ["users"]))
    assert text["Runs"] == "6 done" and text["Users"].startswith("greatest 52 % (") and text["Users"].endswith("at a x 2")


def test_indices_are_told_where_there_are_any(played: Played) -> None:
    sweep = Sweep(
        scenario="x", vary=dict.fromkeys("ab", Spread(uniform=(0, 1))), design="morris", samples=6, outcomes=("users",)
    )
    results = played(sweep, lambda v, w, r: v["a"] + v["b"] ** 2)
    indices = sensitivity(results, "users").indices
    told = as_json(results, ["users"])["outcomes"]["users"]["sensitivity"]
    assert told["indices"]["b"]["sigma"] == pytest.approx(indices.loc["b", "sigma"])
    assert any("hangs on" in text for _, text in lines(results, ["users"]))
