from __future__ import annotations

import json
import math

import numpy as np
import pytest

import dataleverage as dl
from dataleverage.errors import GridError
from dataleverage.grid.metrics import Column
from dataleverage.grid.watched import Watched
from dataleverage.view.measured import as_json, check_values, measure, work


def test_everything_asked_for_is_told_and_agrees_with_the_measures(grid):
    table = grid.unveil()
    found = measure(grid, table, check_values("shapley, leave_one_out,beta_shapley:4:1"), curves=True, power=True)
    assert list(found.values) == ["shapley", "leave_one_out", "beta_shapley:4:1"] and not found.errors
    told = json.loads(json.dumps(as_json(found), allow_nan=False))
    for name, frame in (("shapley", dl.values.shapley(table)), ("beta_shapley:4:1", dl.values.beta_shapley(table, 4, 1))):
        assert told["values"][name]["3"] == pytest.approx(frame.loc["3"].to_dict())
    assert told["scaling"]["fit"]["all"]["a"] == dl.scaling.fit(table).loc["all", "a"]
    assert len(told["scaling"]["by_size"]) == 6 * 2
    alone = dl.leverage.of_strike(grid, ["2"]).loc["fixed holdout"]
    assert told["leverage"]["alone"]["2"]["fixed holdout"]["deletion"] == alone["deletion"]
    assert told["leverage"]["alone"]["2"]["company"]["deletion"] is None  # nobody owns evaluation examples here
    gap, first = told["leverage"]["gap"], grid.column("all")
    scores = grid.scores(grid.rows(["", "0+1+2+3+4+5"]))[:, first]
    assert (gap["floor"], gap["full"]) == tuple(scores) and gap["gap"] == scores[1] - scores[0] > 2 * gap["standard_error"] > 0
    share = told["leverage"]["by_share"][0]
    assert share["deletion"] == pytest.approx(1 - (share_large(grid, share["share"]) - scores[0]) / gap["gap"])


def test_too_many_objects_are_sampled_and_say_so(many_objects):
    grid = many_objects()
    table = grid.unveil(budget=50)
    names = ["shapley", "banzhaf", "leave_one_out", "beta_shapley:4:1"]
    found = measure(grid, table, names, curves=True, strikes=True, budget=400)
    beta = dl.values.estimate(grid, "semivalue", weights=dl.values.beta_weights(24, 4, 1), budget=400)
    assert found.values["beta_shapley:4:1"].equals(beta.values)
    low, high = beta.interval()
    np.testing.assert_allclose(2 * found.reach["beta_shapley:4:1"], high - low)
    assert set(found.errors) == {"shapley", "banzhaf", "beta_shapley:4:1"}
    assert np.isfinite(found.errors["shapley"].to_numpy()).all()
    assert set(as_json(found)["standard_errors"]) == set(found.errors)
    assert found.cells["shapley"] >= 400 and as_json(found)["estimated_from_rows"] == found.cells
    drawn = dl.scaling.sample(grid, budget=400)
    assert found.scaling.equals(dl.scaling.fit(drawn)) and found.sizes.equals(dl.scaling.by_size(drawn))
    assert found.cells["scaling"] == len(drawn) <= 400 and found.sizes.error.max() > 0
    assert set(found.strikes) == {"random", "greedy"} and found.strikes["random"].index[-1] == 23
    assert found.strikes["random"].equals(dl.curves.strike(grid, points=20, samples=10))
    assert found.strikes["greedy"].equals(dl.curves.strike(grid, "greedy", most=10))
    told = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert [line["struck"] for line in told["strikes"]["random"]] == found.strikes["random"].index.tolist()
    assert told["trained_to_measure"] == found.trained == grid.trained - 50
    ends = told["intervals"]["beta_shapley:4:1"]
    for name, end in (("low", low), ("high", high)):
        np.testing.assert_allclose([ends[name][each]["all"] for each in grid.objects], end["all"])
    assert told["draws"]["beta_shapley:4:1"] == beta.draws > 1 and told["stopped"]["beta_shapley:4:1"] == beta.stopped
    assert set(told["draws"]) == set(told["stopped"]) == set(told["intervals"]) == set(found.errors)
    with pytest.raises(GridError, match=r"least_core needs every row, and 50 of 16,777,216 are there"):
        measure(grid, table, ["least_core"])


def share_large(grid, share):
    """The mean score of what is left when so many of six objects leave, over all groups of that size."""
    table = grid.unveil()
    return float(table.scores[table.rows.sum(axis=1) == 6 - round(6 * share), grid.column("all")].mean())


def test_about_as_many_rows_are_asked_for_as_was_said(many_objects):
    grid, asked = many_objects(), []
    table, names = grid.unveil(budget=50), ["shapley", "leave_one_out", "beta_shapley:4:1"]
    every = {"curves": True, "power": True, "strikes": True, "budget": 400}
    measure(Watched(grid, asked.append), table, names, **every)
    said = work(grid, table, names, **every)
    assert said == 4 * 400 + 2 * 24 + 9 * 100
    assert 0.8 * said < sum(asked) < 1.2 * said and len(asked) > 30, "and is told of as it goes"
    assert work(grid, table, ["leave_one_out"]) == 0


class Law:
    """Scores .9 − 2 m^−.6 of 24 objects of 20 examples; the first three add to any row, and the others take as much away."""

    path = "worked out by a formula"
    columns = (Column("all", "all", "accuracy", "audit", 1),)
    effects = np.where(np.arange(24) < 3, 0.07, -0.01)

    def scores(self, rows, weights=None):
        held = rows.sum(axis=1, dtype=float)
        curve = np.where(held > 0, 0.9 - 2 * (np.maximum(held, 1) * 20) ** -0.6, 0.1)
        return (curve + rows @ self.effects)[:, None]


def test_the_curve_of_too_many_objects_is_that_of_random_rows():
    """Over all rows of a size the effects are 0. The rows that a budget unveils first are not such: of 21, they lack them."""
    grid = dl.Grid(tuple(f"o{j}" for j in range(24)), Law(), sizes=[20] * 24)
    table = grid.unveil(budget=2000)
    truth = {"a": 0.9, "b": 2.0, "c": 0.6}
    for budget in (2000, 50):  # the fifty unveiled rows have too few sizes to fit anything
        line = measure(grid, grid.unveil(budget=budget), curves=True, budget=budget).scaling.loc["all"]
        for name, value in truth.items():
            assert line[f"{name} low"] <= value <= line[f"{name} high"]
        if budget == 2000:
            assert line["a high"] - line["a low"] < 0.1
    chosen = dl.scaling.by_size(table).set_index("objects").loc[21]
    assert chosen["rows"] < 2024 and abs(chosen["score"] - (0.9 - 2 * 420**-0.6)) > 10 * chosen["error"]


def test_a_budget_that_holds_every_row_samples_none(grid):
    table = grid.unveil(budget=64)
    found = measure(grid, table, ["shapley"], curves=True, strikes=True, budget=64)
    assert found.cells == {} and found.trained == 0 and list(found.strikes) == ["random", "greedy", "worst"]
    assert found.scaling.equals(dl.scaling.fit(table)) and "estimated_from_rows" not in as_json(found)


def test_one_object_has_no_leverage_and_says_so():
    X, y = np.arange(20.0)[:, None], np.arange(20) // 10
    grid = dl.Grid.from_arrays(X, y, np.zeros(20, dtype=int), X, y, learner=dl.learners.RidgeClassifier())
    assert measure(grid, grid.unveil(), strikes=True).strikes == {}
    with pytest.raises(GridError, match="one object cannot act apart from others"):
        measure(grid, grid.unveil(), power=True)


@pytest.mark.parametrize("wrong", ["shaply", "beta_shapley", "beta_shapley:1", "beta_shapley:a:b", "shapley;banzhaf"])
def test_a_value_there_is_not_is_named(wrong):
    with pytest.raises(GridError, match="there is no value") as caught:
        check_values(wrong)
    assert "leave_one_out, shapley, banzhaf" in caught.value.remedy


def test_a_value_asked_for_twice_is_given_once_and_nonsense_is_refused_before_anything_is_trained():
    assert check_values("shapley, banzhaf,shapley,") == ["shapley", "banzhaf"] and check_values(" , ") == []
    with pytest.raises(GridError, match=r"Beta\(0.0, 1.0\) is not defined"):
        check_values("beta_shapley:0:1")


def test_many_objects_are_not_each_measured_alone(monkeypatch, grid):
    monkeypatch.setattr("dataleverage.view.measured.ALONE", 5)
    found = measure(grid, grid.unveil(), power=True)
    assert found.alone == {} and found.leverage is not None and found.gap == grid.gap("all")


def test_json_has_no_word_for_infinity(grid):
    found = measure(grid, grid.unveil(), curves=True)
    assert found.scaling is not None
    found.scaling.loc["all", "a high"] = math.inf
    assert as_json(found)["scaling"]["fit"]["all"]["a high"] is None
