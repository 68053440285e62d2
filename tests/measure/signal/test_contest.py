from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.grid.learners.sklearn import Sklearn
from dataleverage.measure.signal.contest import Contest, Planted
from dataleverage.streams import Streams


def examples(size=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(size, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=size) > 0).astype(np.int64)
    X_signal = X.copy()
    X_signal[:, 2] = 4.0
    return Planted(X, y, X_signal, ("no", "yes"), 1)


def contest(tactic="feature_label", edges=range(0, 151, 10), firm=None, number=0):
    return Contest.of(firm or RidgeClassifier(), examples(), tactic, 50, np.array(edges), Streams(5), number)


@pytest.mark.parametrize("tactic", ["feature_label", "feature_only"])
def test_success_is_that_of_a_model_fitted_by_hand(tactic):
    given, streams = examples(), Streams(5)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    ours = contest(tactic, firm=Sklearn(tree))
    shuffled = streams.at("signal split", 0).permutation(200)
    test, train = shuffled[:50], np.sort(shuffled[50:])
    order = streams.at("signal collective", 0).permutation(150)
    for members in (0, 10, 70, 150):
        X, y = given.X[train].copy(), given.y[train].copy()
        for i in order[:members]:
            if tactic == "feature_label" or y[i] == 1:
                X[i], y[i] = given.X_signal[train][i], 1
        says = tree.fit(X, y).predict(given.X_signal[test]) if len(set(y)) > 1 else np.ones(50)
        assert ours.success([members])[0] == pytest.approx((says == 1).mean())


def test_erasing_is_that_of_models_fitted_by_hand():
    given, streams = examples(), Streams(5)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    ours = contest("erase", firm=Sklearn(tree))
    shuffled = streams.at("signal split", 0).permutation(200)
    test, train = shuffled[:50], np.sort(shuffled[50:])
    order = streams.at("signal collective", 0).permutation(150)
    scale = given.X[train].std(axis=0)
    vote = KNeighborsClassifier(n_neighbors=15).fit(given.X[train] / scale, given.y[train])
    labels = vote.predict(given.X_signal[train] / scale)
    assert 0 < (labels != given.y[train]).sum() < 150
    for members in (0, 10, 70, 150):
        y = given.y[train].copy()
        y[order[:members]] = labels[order[:members]]
        firm = tree.fit(given.X[train], y)
        same = firm.predict(given.X[test]) == firm.predict(given.X_signal[test])
        assert ours.success([members])[0] == pytest.approx(same.mean())


def test_a_search_by_halving_and_all_shares_agree_where_success_rises():
    halving, everything = contest(), contest()
    for wanted in (0.6, 0.8, 1.0):
        everything.success(everything.edges)
        rising = np.all(np.diff([everything.known[m] for m in sorted(everything.known)]) >= 0)
        assert rising and everything.largest_drop == 0
        assert halving.halved_in_on(wanted) == everything.least_of_all(wanted)
    assert len(halving.known) < len(everything.known)
    assert halving.grid.trained == len(halving.known)


def test_erasing_in_parts_is_erasing_at_once():
    whole, parts = contest("erase"), contest("erase")
    assert (
        parts.success(parts.edges[:3]).tolist() + parts.success(parts.edges[3:]).tolist() == whole.success(whole.edges).tolist()
    )
    whole.grid.oracle.chunk = lambda rows: 2
    assert whole.success(whole.edges).tolist() == [parts.known[m] for m in whole.edges.tolist()]


def test_nothing_is_enough_where_a_signal_cannot_win():
    unlabelled = examples()
    none = Planted(unlabelled.X, np.zeros(200, dtype=np.int64), unlabelled.X_signal, unlabelled.classes, 1)
    lost = Contest.of(RidgeClassifier(), none, "feature_only", 50, np.arange(0, 151, 50), Streams(0), 0)
    assert lost.halved_in_on(0.5) == math.inf and lost.least_of_all(0.5) == math.inf


def test_what_is_there_already_takes_nobody():
    given = examples()
    easy = Planted(given.X, given.y, np.full_like(given.X, 5.0), given.classes, 1)
    assert Contest.of(RidgeClassifier(), easy, "feature_label", 50, np.arange(0, 151, 50), Streams(0), 0).halved_in_on(0.9) == 0


def test_the_largest_drop_is_between_any_two_shares():
    found = contest()
    found.known.update({0: 0.2, 10: 0.7, 20: 0.6, 30: 0.5, 40: 0.9, 50: 0.8})
    assert found.largest_drop == pytest.approx(0.2)


def test_other_worlds_are_other_splits():
    assert contest(number=0).grid.world.fingerprint != contest(number=1).grid.world.fingerprint
    assert contest(number=1).grid.world.fingerprint == contest(number=1).grid.world.fingerprint
