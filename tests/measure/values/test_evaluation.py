from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import RidgeClassifier

import dataleverage as dl
from dataleverage.errors import GridError
from dataleverage.measure.values.evaluation import evaluation_side

X, Y = load_wine(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(Y))
X, Y = X[ORDER], Y[ORDER]
GROUPS = np.arange(60) % 4
SLICES = {"few": np.arange(7), "some": np.arange(7, 40), "rest": np.arange(40, 118), "odd": np.arange(1, 118, 2)}


@pytest.fixture(scope="module")
def grid():
    learner = dl.learners.RidgeClassifier(alpha=10.0)
    return dl.Grid.from_arrays(X[:60], Y[:60], GROUPS, X[60:], Y[60:], slices=SLICES, learner=learner)


def right(row):
    """(118,) whether scikit-learn's model of a row is right."""
    inside = np.isin(GROUPS, [int(j) for j in row])
    return RidgeClassifier(alpha=10.0).fit(X[:60][inside], Y[:60][inside]).predict(X[60:]) == Y[60:]


def worth(correct, part, empty):
    together = np.concatenate([SLICES[name] for name in part]) if part else []
    return correct[together].mean() if part else empty


PARTS = ["few", "some", "rest"]


@pytest.mark.parametrize("row", ["0", "0+3", "0+1+2+3"])
def test_the_value_of_judges_by_brute_force(grid, row):
    correct = right(row.split("+"))
    alone = evaluation_side(grid, PARTS, rows=[row])
    assert alone.index.tolist() == PARTS and alone.index.name == "slice" and list(alone.columns) == [row]
    whole = worth(correct, PARTS, 0.3)
    fair = dict.fromkeys(PARTS, 0.0)
    for order in permutations(PARTS):
        for i, name in enumerate(order):
            fair[name] += (worth(correct, order[: i + 1], 0.3) - worth(correct, order[:i], 0.3)) / 6
    shapley = evaluation_side(grid, PARTS, rows=[row], value="shapley", empty=0.3)
    for name in PARTS:
        left = [other for other in PARTS if other != name]
        assert alone.loc[name, row] == pytest.approx(whole - worth(correct, left, 0.3), abs=1e-9)
        assert shapley.loc[name, row] == pytest.approx(fair[name], abs=1e-9)
    even = evaluation_side(grid, PARTS, rows=[row], value="banzhaf", empty=0.3)
    others = [[], ["some"], ["rest"], ["some", "rest"]]
    swings = [worth(correct, ["few", *part], 0.3) - worth(correct, part, 0.3) for part in others]
    assert even.loc["few", row] == pytest.approx(np.mean(swings), abs=1e-9)


def test_the_full_row_unless_told(grid):
    full = evaluation_side(grid, PARTS)
    assert list(full.columns) == ["0+1+2+3"] and full.equals(evaluation_side(grid, PARTS, rows=["0+1+2+3"]))
    both = evaluation_side(grid, PARTS, rows=["0", "0+3"])
    assert list(both.columns) == ["0", "0+3"] and both["0+3"].equals(evaluation_side(grid, PARTS, rows=["0+3"])["0+3"])


def test_the_only_judge(grid):
    found = evaluation_side(grid, ["few"], empty=0.25)
    assert found.loc["few"].item() == pytest.approx(right("0123")[SLICES["few"]].mean() - 0.25, abs=1e-12)


def test_what_cannot_be_judged(grid):
    with pytest.raises(GridError, match="overlap: 20 examples"):
        evaluation_side(grid, ["few", "some", "odd"])
    with pytest.raises(GridError, match="named twice, or none is"):
        evaluation_side(grid, ["few", "few"])
    with pytest.raises(GridError, match="named twice, or none is"):
        evaluation_side(grid, [])
    with pytest.raises(GridError, match="no column 'many'"):
        evaluation_side(grid, ["many"])
    with pytest.raises(GridError, match="no evaluation-side 'owen'"):
        evaluation_side(grid, PARTS, value="owen")
    shaped = dl.Grid.of_world(grid.world, dl.learners.RidgeClassifier(), "balanced_accuracy")
    with pytest.raises(GridError, match="a mean over examples") as caught:
        evaluation_side(shaped, PARTS)
    assert "accuracy or log_loss" in caught.value.remedy
