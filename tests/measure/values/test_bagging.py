from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from dataleverage.errors import DataError, FitError, GridError
from dataleverage.measure.values.bagging import data_oob
from dataleverage.streams import Streams

PEERS = json.loads((Path(__file__).parents[1] / "fixtures" / "peers.json").read_text())
X, Y, NUMBERS = (np.array(PEERS["iris"][name]) for name in ("X", "y", "numbers"))


def naive(X, y, model, score, models, seed):
    """Kwon & Zou (2023), equation 2, an example and a model at a time, on the same bootstrap samples."""
    drawn = Streams(seed)["bagging"].integers(0, len(X), size=(models, len(X)))
    judged = [[] for _ in X]
    for sample in drawn:
        fitted = model.fit(X[sample], y[sample])
        for i in range(len(X)):
            if i not in sample:
                judged[i].append(score(y[i], fitted.predict(X[[i]])[0]))
    return judged


@pytest.mark.parametrize(
    ("model", "y", "score"),
    [
        (KNeighborsClassifier(3), Y, lambda y, f: float(y == f)),
        (LinearRegression(), NUMBERS, lambda y, f: -((y - f) ** 2)),
    ],
)
def test_values_are_what_the_formula_says(model, y, score):
    rows = slice(0, 25)
    judged = naive(X[rows], y[rows], model, score, 30, seed=7)
    found = data_oob(X[rows], y[rows], estimator=model, models=30, seed=7)
    assert found["models"].tolist() == [len(each) for each in judged]
    np.testing.assert_allclose(found["value"], [np.mean(each) for each in judged], atol=1e-9)
    errors = [np.std(each, ddof=1) / np.sqrt(len(each)) for each in judged]
    np.testing.assert_allclose(found["standard error"], errors, atol=1e-9)
    assert found["value"].std() > 0


@pytest.mark.parametrize(("peer", "y", "model"), [("Data-OOB", Y, None), ("Data-OOB, numbers", NUMBERS, LinearRegression())])
def test_pydvl_agrees(peer, y, model):
    """Another bag of models: the difference is the noise of both."""
    found = data_oob(X, y, estimator=model, models=500, seed=1)
    theirs, counts = np.array(PEERS[peer]["values"]), np.array(PEERS[peer]["counts"])
    error = found["standard error"].to_numpy()
    certain = error == 0  # every model is right, or every one is wrong
    np.testing.assert_allclose(found["value"][certain], theirs[certain], atol=0.02)
    both = error[~certain] * np.sqrt(1 + found["models"][~certain] / counts[~certain])
    off = (found["value"] - theirs)[~certain] / both
    assert (~certain).sum() >= 15 and np.abs(off).max() < 4.5 and 0.7 < np.sqrt((off**2).mean()) < 1.4


def test_wrong_labels_are_worth_least():
    found = data_oob(X, Y, models=200)["value"]
    assert (found.iloc[:6] < 0.1).sum() == 5 and found.iloc[6:].mean() > 0.7  # one of them lies where its new class does


def test_groups_are_means():
    names = np.array(["a", "b", "c"])[np.arange(60) % 3]
    alone, grouped = data_oob(X, Y, models=40, seed=2), data_oob(X, Y, models=40, seed=2, groups=names)
    by = alone.groupby(names)
    assert grouped.index.tolist() == ["a", "b", "c"] and grouped.index.name == "group"
    np.testing.assert_allclose(grouped["value"], by["value"].mean())
    assert grouped["models"].tolist() == by["models"].sum().tolist()


def test_a_group_s_error_is_not_too_small():
    """Means over 40 seeds of what the error says, against how values differ between seeds."""
    names = np.arange(20) % 2
    model = KNeighborsClassifier(1)
    runs = [data_oob(X[:20], Y[:20], estimator=model, models=10, seed=seed, groups=names) for seed in range(40)]
    values = np.array([run["value"] for run in runs])
    said = np.mean([run["standard error"] for run in runs], axis=0)
    assert (values.std(axis=0, ddof=1) < said * 1.25).all()


def test_a_seed_is_a_bag():
    one, again, other = (data_oob(X, Y, models=20, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_what_every_model_saw_has_no_value():
    found = data_oob([[0.0], [1.0], [2.0]], [0, 1, 1], models=2, seed=1)
    unseen = found["models"] == 0
    assert unseen.any() and found["value"].isna().tolist() == unseen.tolist()
    assert np.isinf(found["standard error"][unseen]).all()


def test_what_makes_no_bag():
    with pytest.raises(GridError, match="1 models are no bag"):
        data_oob(X, Y, models=1)
    with pytest.raises(GridError, match=r"y has shape \(3,\)"):
        data_oob(X, Y[:3])
    with pytest.raises(GridError, match=r"groups has shape \(3,\)"):
        data_oob(X, Y, models=2, groups=[0, 1, 2])
    with pytest.raises(DataError, match="X"):
        data_oob(np.full((3, 1), np.nan), [0, 1, 1])
    with pytest.raises(FitError, match="LogisticRegression could not be fitted"):
        data_oob([[0.0], [1.0]], [0, 1], estimator=LogisticRegression(), models=20)


class Restless(BaseEstimator):
    """An estimator that changes what it is given, which cannot be copied."""

    def __init__(self, depth=1.0):
        self.depth = [depth]


@pytest.mark.parametrize(
    ("estimator", "says"),
    [
        ("tree", "'tree' is no estimator"),
        (3, "3 is no estimator"),
        (LogisticRegression, "the class LogisticRegression is no estimator"),
        (Restless(), "Restless.* is no estimator"),
        (StandardScaler(), "StandardScaler does not predict"),
    ],
)
def test_what_is_no_estimator(estimator, says):
    with pytest.raises(GridError, match=says) as caught:
        data_oob(X, Y, estimator=estimator, models=2)
    assert caught.value.place.key == "estimator" and "scikit-learn" in caught.value.remedy


def test_what_cannot_be_judged():
    with pytest.raises(FitError, match=r"LinearRegression could not be fitted .* could not convert"):
        data_oob(X, np.array(["a", "b"])[np.arange(len(X)) % 2], estimator=LinearRegression(), models=2)

    class Twofold(DummyClassifier):
        def predict(self, X):
            return np.zeros((len(X), 2))

    with pytest.raises(FitError, match=r"Twofold .* predicts an array of shape \(\d+, 2\) for \d+ examples"):
        data_oob(X, Y, estimator=Twofold(), models=2)
