from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

import dataleverage as dl
from dataleverage.view.measured import measure
from dataleverage.view.told import levels_off, lines, signed


def told(grid, *asked, **settings):
    """Texts by label; a label is kept until the next one."""
    found: dict[str, list[str]] = {}
    label = ""
    for given, text in lines(grid, measure(grid, grid.unveil(budget=settings.get("budget")), *asked, **settings)):
        label = given or label
        found.setdefault(label, []).append(text)
    return found


def test_values_are_told_in_falling_order_with_their_unit(grid):
    found = told(grid, ["shapley", "leave_one_out"])
    values, alone = dl.values.shapley(grid.unveil())["all"], dl.values.leave_one_out(grid.unveil())["all"]
    assert found["Measured on"] == ["accuracy, all, given this world (--json has every column)"]
    best = values.sort_values(ascending=False, kind="stable")
    expected = [f"{name}: shapley {signed(value, 4)}, leave_one_out {signed(alone[name], 4)}" for name, value in best.items()]
    assert found["Values"] == expected


def test_leverage_is_told_in_the_views_there_are(grid):
    found = told(grid, power=True)
    gap = grid.gap("all")
    assert found["Leverage"][0].endswith(
        f"guessing, {gap.floor:.3f}, to all data, {gap.full:.3f} (standard error {gap.error:.3f})"
    )
    assert "Company" not in found  # nobody owns evaluation examples here
    lines_of = {text.split()[0]: text.split()[1:] for text in found["Fixed holdout"][2:8]}
    assert set(lines_of) == set(grid.objects)
    for name, numbers in lines_of.items():
        power = dl.leverage.of_strike(grid, [name]).loc["fixed holdout", ["deletion", "duplication", "transfer"]]
        assert [float(number) for number in numbers] == pytest.approx(power.tolist(), abs=5e-4)
    assert [float(numbers[0]) for numbers in lines_of.values()] == sorted(
        (float(n[0]) for n in lines_of.values()), reverse=True
    )
    assert sum("%" in text.split()[0] for text in found["Fixed holdout"][8:-1]) == 5  # one to five of six


def test_of_many_objects_few_are_named_and_samples_have_an_interval(many_objects):
    grid = many_objects()
    found = told(grid, ["shapley"], budget=300, power=True)
    assert found["Values"][0].startswith("sampled: shapley from 3") and len(found["Values"]) == 14
    estimate = dl.values.estimate(grid, budget=300)
    best = estimate.values["all"].idxmax()
    reach = (estimate.interval()[1] - estimate.values).loc[best, "all"]
    assert found["Values"][1] == f"{best}: shapley {estimate.values['all'].max():+.4f} ± {reach:.4f}"
    assert found["Values"][-1] == "and 12 more objects (--json has them all)"
    assert any(text.startswith("and 12 more objects, whose deletion") for text in found["Fixed holdout"])
    assert found["To measure"] == [f"{grid.trained - 300:,} rows were trained beyond those unveiled"]


def test_what_was_sampled_is_told_with_how_many_rows(many_objects):
    grid = many_objects()
    found = told(grid, curves=True, strikes=True, budget=400)
    sizes = dl.scaling.by_size(dl.scaling.sample(grid, budget=400))
    assert f"(means over a sample: {sizes.rows.sum():,} random rows of {len(sizes)} sizes)" in found["Scaling"][0]
    assert found["Strikes"] == [
        "sampled: random strikes of 20 sizes, up to 10 rows of each, with 95 % intervals",
        "greedy: the first 10 to leave, of 196 rows looked at",  # the full row, and 24 + 23 + … + 15 of half the budget
    ]
    few = told(many_objects(), strikes=True, budget=20)
    assert few["Strikes"][1] == "greedy: not followed, since a single step looks at more rows than the budget has (--budget)"


def test_what_was_all_there_is_told_without_a_word_of_samples(grid):
    found = told(grid, curves=True, strikes=True)
    assert "(means over rows of a size)" in found["Scaling"][0] and "Strikes" not in found and "To measure" not in found


def test_a_loss_is_told_with_what_helps_most_first():
    X, y = load_diabetes(return_X_y=True)
    grid = dl.Grid.from_arrays(
        X[:240], y[:240], np.arange(240) % 4, X[240:], y[240:], learner=dl.learners.Ridge(), metric="rmse"
    )
    found = told(grid, ["shapley"])
    assert found["Measured on"][0].startswith("RMSE, all (less is better)")
    assert found["Values"][0].startswith(f"{dl.values.shapley(grid.unveil())['all'].idxmin()}: ")


def test_a_curve_that_does_not_level_off_says_so():
    m = pd.Series([100.0, 200, 300, 400, 500, 600])
    for score, off in ((0.9 - 3 / m, True), (np.log(m) / 10, False)):
        frame = pd.DataFrame({"x": [float(s) for s in score]}, index=["A", "AB", "ABC", "ABCD", "ABCDE", "ABCDEF"])
        table = dl.Grid.from_table(frame).unveil()
        line, means = dl.scaling.fit(table).loc["x"], dl.scaling.by_size(table)
        assert levels_off(line, means) == off
    holes = dl.Grid.from_table(frame)
    scaling = told(holes, curves=True)["Scaling"]
    assert scaling[-1].startswith("where it levels off cannot be told")
    assert "0.461 with 1 training examples, 0.640 with 6" in scaling[0]


def test_numbers_have_a_sign_and_no_minus_before_zero():
    assert signed(-0.0001, 3) == "+0.000" and signed(0.25, 2, 0.1) == "+0.25 ± 0.10"
    assert signed(math.nan, 3) == "unknown" and signed(-1.5, 1, 0.0) == "-1.5"
