from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_diabetes

import dataleverage as dl
from dataleverage.errors import GridError


def grid_of(X, y, learner, metric=None, groups=15) -> dl.Grid:
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    half = len(X) // 2
    return dl.Grid.from_arrays(X[:half], y[:half], np.arange(half) % groups, X[half:], y[half:], learner=learner, metric=metric)


def test_a_newton_step_is_leave_one_out_for_ridge():
    grid = grid_of(*load_diabetes(return_X_y=True), dl.learners.Ridge(alpha=2.0))
    exact = dl.values.leave_one_out(grid.unveil(budget=40))
    found = dl.values.influence(grid, step="newton")
    assert found.index.tolist() == exact.index.tolist()
    assert found.to_numpy() == pytest.approx(exact.to_numpy(), abs=1e-8)
    first = dl.values.influence(grid)
    assert spearmanr(first["all"], exact["all"]).statistic > 0.95 and not np.allclose(first, exact, atol=1e-8)


@pytest.mark.parametrize("step", ["first_order", "newton"])
def test_logistic_regression_is_ranked_as_by_refits(step):
    grid = grid_of(*load_breast_cancer(return_X_y=True), dl.learners.LogisticRegression(C=0.1), metric="log_loss")
    exact = dl.values.leave_one_out(grid.unveil(budget=40))["all"]
    found = dl.values.influence(grid, step=step)["all"]
    assert spearmanr(found, exact).statistic > 0.9
    assert np.abs(found - exact).max() < 0.5 * np.abs(exact).max()


def test_another_base_row_and_what_has_no_influence():
    grid = grid_of(*load_diabetes(return_X_y=True), dl.learners.Ridge(), groups=6)
    base = "0+1+2+4"
    found = dl.values.influence(grid, step="newton", base=base)
    exact = dl.values.leave_one_out(grid.unveil(), base=base)
    assert found.index.tolist() == ["0", "1", "2", "4"]
    assert found.to_numpy() == pytest.approx(exact.to_numpy(), abs=1e-8)
    table = dl.Grid.from_masks([[1, 0], [1, 1]], [0.0, 1.0])
    for wrong in (table, table.unveil()):
        with pytest.raises(GridError, match="trained"):
            dl.values.influence(wrong)
    with pytest.raises(GridError, match="influence"):
        dl.values.influence(grid_of(*load_breast_cancer(return_X_y=True), dl.learners.GaussianNB()))
