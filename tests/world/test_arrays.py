from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dataleverage.errors import DataError
from dataleverage.world.arrays import world_of_arrays

X = np.arange(24.0).reshape(12, 2)
Y = np.tile(["no", "yes", "maybe"], 4)
GROUPS = np.repeat([3, 1, 2], 4)


def world(X_train=X, y_train=Y, groups=GROUPS, X_eval=X[:5], y_eval=Y[:5], slices=None, task="classification"):
    return world_of_arrays(X_train, y_train, groups, X_eval, y_eval, slices=slices or {}, task=task)


def test_objects_are_the_sorted_groups_and_classes_the_sorted_labels():
    made = world()
    assert made.objects == ("1", "2", "3") and made.classes == ("maybe", "no", "yes")
    assert made.object_of.tolist() == [2] * 4 + [0] * 4 + [1] * 4
    assert [made.classes[k] for k in made.y] == Y.tolist() and [made.classes[k] for k in made.y_eval] == Y[:5].tolist()
    assert np.array_equal(made.X, X) and made.audit.all() and (made.eval_owner == -1).all()


def test_slices_are_masks_or_indices_and_all_comes_first():
    mask = np.array([True, False, True, False, False])
    made = world(slices={"mask": mask, "index": [0, -1, 2, 2], "series": pd.Series(mask)})
    assert [part.name for part in made.slices] == ["all", "mask", "index", "series"]
    assert made.slices[0].mask.all() and np.array_equal(made.slices[1].mask, mask)
    assert made.slices[2].mask.tolist() == [True, False, True, False, True]
    assert np.array_equal(made.slices[3].mask, mask)


def test_what_pandas_holds_is_taken():
    frame = pd.DataFrame(X)
    made = world(frame, pd.Series(Y, dtype=object), pd.Series(GROUPS), frame[:5], pd.Series(Y[:5], dtype="category"))
    assert made.fingerprint == world().fingerprint


def test_targets_stay_numbers():
    made = world(y_train=np.arange(12), y_eval=np.arange(5), task="regression")
    assert made.y.dtype == np.float64 and made.classes == ()


NAN = np.where(X == 5, np.nan, X)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X_train": X[:, :1]}, "X_train has 1 features and X_eval has 2"),
        ({"X_train": X[:, 0]}, r"X_train has shape \(12,\)"),
        ({"X_train": X[:0]}, r"X_train has shape \(0, 2\)"),
        ({"X_eval": X[:0]}, r"X_eval has shape \(0, 2\)"),
        ({"X_train": NAN}, r"X_train\[2, 1\] is nan"),
        ({"X_eval": np.full((5, 2), -np.inf)}, r"X_eval\[0, 0\] is -inf"),
        ({"X_train": X * 1e300}, r"X_train\[0, 1\] is 1e\+300"),
        ({"X_train": [["a", "b"]] * 12}, "X_train is not made of numbers"),
        ({"X_train": [[1.0], [1.0, 2.0]]}, "X_train is not made of numbers"),
        ({"y_train": Y[:3]}, r"y_train has shape \(3,\); expected \(12,\)"),
        ({"y_train": [1, "a", None] * 4}, "y_train cannot be used"),
        ({"y_train": np.where(np.arange(12) == 3, np.nan, 1.0)}, "y_train cannot be used: some values are missing"),
        ({"y_eval": Y[:2]}, r"y_eval has shape \(2,\); expected \(5,\)"),
        ({"y_eval": ["no", "yes", "oh", "no", "ah"]}, "labels that y_train lacks: ah, oh"),
        ({"y_train": ["no"] * 12, "y_eval": ["no"] * 5}, "single class, no"),
        ({"groups": GROUPS[:3]}, r"groups has shape \(3,\)"),
        ({"groups": [None, 1, 2] * 4}, "groups cannot be used"),
        ({"groups": np.array([None, 1, 2] * 4, dtype=object)}, "groups cannot be used"),
        ({"groups": np.repeat(["a", "b", "a+b"], 4)}, r"the group 'a\+b' has"),
        ({"slices": {"all": [0]}}, "there is a slice 'all' already"),
        ({"slices": {"far": [5]}}, "neither a bool mask of 5 examples nor indices"),
        ({"slices": {"half": [0.5]}}, "neither a bool mask"),
        ({"slices": {"short": np.ones(4, dtype=bool)}}, "neither a bool mask"),
        ({"task": "regression"}, "y_train is not made of numbers"),
        ({"task": "regression", "y_train": np.full(12, np.inf), "y_eval": np.zeros(5)}, "y_train holds NaN or infinity"),
    ],
)
def test_arrays_that_do_not_fit_are_an_error(change, words):
    with pytest.raises(DataError, match=words):
        world(**change)


def test_pairs_are_counted_for_ratings():
    made = world(X_train=[[0, 3], [2, 1]], y_train=[4, 2.5], groups=[0, 1], X_eval=[[5, 0]], y_eval=[3], task="rating")
    assert (made.users, made.items, made.classes) == (6, 4, ()) and made.y.dtype == np.float64
    assert (world().users, world().items) == (0, 0)


@pytest.mark.parametrize("pairs", [[[0.5, 1], [1, 1]], [[-1, 1], [1, 1]], [[0, 1e7], [1, 1]], [[0, 1, 2], [1, 1, 2]]])
def test_ratings_are_of_pairs_of_indices(pairs):
    with pytest.raises(DataError, match="X_train is not made of pairs of indices") as caught:
        world(X_train=pairs, y_train=[4, 2], groups=[0, 1], X_eval=np.ones((1, len(pairs[0]))), y_eval=[3], task="rating")
    assert caught.value.remedy
