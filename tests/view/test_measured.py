from __future__ import annotations

import json
import math

import numpy as np
import pytest

import dataleverage as dl
from dataleverage.errors import GridError, MissingCell
from dataleverage.view.figures import check_folder, draw
from dataleverage.view.measured import as_json, check_values, lines, measure


@pytest.fixture(scope="module")
def grid() -> dl.Grid:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(180, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=180) > 0).astype(int)
    return dl.Grid.from_arrays(
        X[:120],
        y[:120],
        np.arange(120) % 6,
        X[120:],
        y[120:],
        learner=dl.learners.RidgeClassifier(),
        slices={"half": range(30)},
    )


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
    texts = [text for _, text in lines(grid, found)]
    best = dl.values.shapley(table)["all"].idxmax()
    assert texts[1].startswith(f"{best}: shapley {dl.values.shapley(table)['all'].max():+.4f}, leave_one_out")


def test_too_many_objects_are_sampled_and_say_so():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] > 0).astype(int)
    grid = dl.Grid.from_arrays(X[:240], y[:240], np.arange(240) % 24, X[240:], y[240:], learner=dl.learners.RidgeClassifier())
    table = grid.unveil(budget=50)
    found = measure(grid, table, ["shapley", "banzhaf", "leave_one_out"], budget=400)
    assert set(found.errors) == {"shapley", "banzhaf"} and np.isfinite(found.errors["shapley"].to_numpy()).all()
    assert set(as_json(found)["standard_errors"]) == {"shapley", "banzhaf"}
    assert lines(grid, found)[-1][1] == "shapley, banzhaf: estimated from a sample of rows, ± standard error"
    with pytest.raises((MissingCell, GridError)):
        measure(grid, table, ["least_core"])


@pytest.mark.parametrize("wrong", ["shaply", "beta_shapley", "beta_shapley:1", "beta_shapley:a:b", "shapley;banzhaf"])
def test_a_value_there_is_not_is_named(wrong):
    with pytest.raises(GridError, match="there is no value") as caught:
        check_values(wrong)
    assert "leave_one_out, shapley, banzhaf" in caught.value.remedy


def test_figures_are_drawn_for_what_was_asked(grid, tmp_path):
    table = grid.unveil()
    found = measure(grid, table, ["banzhaf"], curves=True, power=True)
    files = draw(grid, table, found, tmp_path / "deep" / "figures")
    assert [path.name for path in files] == ["banzhaf.png", "scaling.png", "leverage.png", "strikes.png"]
    from matplotlib.image import imread

    for path in files:
        picture = imread(path)
        assert min(picture.shape[:2]) > 200 and picture.std() > 0.01, path.name  # neither empty nor one colour
    (tmp_path / "file").write_text("")
    with pytest.raises(GridError, match="is a file"):
        check_folder(tmp_path / "file")


def test_json_has_no_word_for_infinity(grid):
    found = measure(grid, grid.unveil(), curves=True)
    assert found.scaling is not None
    found.scaling.loc["all", "a high"] = math.inf
    assert as_json(found)["scaling"]["fit"]["all"]["a high"] is None
