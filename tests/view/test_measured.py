from __future__ import annotations

import json
import math

import numpy as np
import pytest

import dataleverage as dl
from dataleverage.errors import GridError
from dataleverage.view.measured import as_json, check_values, measure


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


def test_too_many_objects_are_sampled_and_say_so():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] > 0).astype(int)
    grid = dl.Grid.from_arrays(X[:240], y[:240], np.arange(240) % 24, X[240:], y[240:], learner=dl.learners.RidgeClassifier())
    table = grid.unveil(budget=50)
    found = measure(grid, table, ["shapley", "banzhaf", "leave_one_out", "beta_shapley:4:1"], budget=400)
    beta = dl.values.estimate(grid, "semivalue", weights=dl.values.beta_weights(24, 4, 1), budget=400)
    assert found.values["beta_shapley:4:1"].equals(beta.values)
    low, high = beta.interval()
    np.testing.assert_allclose(2 * found.reach["beta_shapley:4:1"], high - low)
    assert set(found.errors) == {"shapley", "banzhaf", "beta_shapley:4:1"}
    assert np.isfinite(found.errors["shapley"].to_numpy()).all()
    assert set(as_json(found)["standard_errors"]) == set(found.errors)
    assert found.cells["shapley"] >= 400 and as_json(found)["estimated_from_rows"] == found.cells
    with pytest.raises(GridError, match=r"least_core needs every row, and 50 of 16,777,216 are there"):
        measure(grid, table, ["least_core"])


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
