from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest as Forest
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

from dataleverage.errors import DataleverageError
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.defence.detectors import IsolationForest, KnnSanitise, LossFilter, examples_in
from dataleverage.scenario.load import loads
from dataleverage.streams import Streams

WELL = """
title: Well
data:
  kind: sklearn
  name: digits
  objects: {by: random, count: 12}
  holdout: {audit: 0.3, monitor: 0.1}
learner: {kind: ridge_classifier, alpha: 1.0}
columns: {metric: accuracy}
tactics:
  flip: {kind: label_flip, rate: 0.8}
  blur: {kind: feature_noise, sigma: 3.0}
creators:
  - {name: poisoners, count: 3, strategy: {kind: scripted, moves: {2: {lever: poison, tactic: flip}}}}
  - {name: archives, count: 9}
operators:
  - {name: vendor, defence: DEFENCE}
payoffs: {service: 1.0, revenue: 10.0}
rounds: 2
"""


def game(defence, text=WELL):
    return LeverageGame(loads(text.replace("DEFENCE", defence)).setup(), 0)


@pytest.mark.parametrize("defence", ["knn_sanitise", "loss_filter", "isolation_forest"])
def test_poison_in_real_digits_is_caught_and_honest_data_is_not(defence):
    played = game(defence)
    record = played.play()
    rounds = record.rounds
    undefended = game("none").play().rounds
    assert rounds.flagged.tolist() == [0, 0, 3]
    assert rounds.false_positives.tolist() == [0, 0, 0]
    assert rounds.poisoned.tolist() == [0, 0, 0] and undefended.poisoned.tolist()[-1] > 0
    assert rounds.row.tolist() == ["ABCDEFGHIJKL"] * 2 + ["DEFGHIJKL"]
    assert rounds.holdings.tolist()[-1] == "A*B*C*DEFGHIJKL"
    world = played.setup.grid.world
    kept = np.isin(world.object_of, np.arange(3, 12))
    from sklearn.linear_model import RidgeClassifier

    model = RidgeClassifier(alpha=1.0).fit(world.X[kept], world.y[kept])
    accuracy = model.score(world.X_eval[world.audit], world.y_eval[world.audit])
    assert rounds["score:all"].iloc[-1] == pytest.approx(accuracy), "what is served is trained on what was kept"


def test_mistakes_are_counted_against_the_truth():
    """A forest told to flag three in ten finds them in honest data too; what it flags is counted by hand."""
    played = game("{kind: isolation_forest, contamination: 0.3, tolerance: 0.35, trees: 50}")
    rounds, world = played.play().rounds, played.setup.grid.world
    for line, poisoned in [(0, 0), (2, 3)]:
        row = np.array([2] * poisoned + [1] * (12 - poisoned), np.uint8)
        X, y, of = examples_in(world, row)
        flagged = np.zeros(len(y), bool)
        for label in range(10):
            forest = Forest(n_estimators=50, contamination=0.3, random_state=Streams(0).integer("isolation_forest"))
            flagged[y == label] = forest.fit_predict(X[y == label]) < 0
        out = np.array([flagged[of == j].mean() > 0.35 for j in range(12)])
        assert rounds.flagged[line] == out.sum() and rounds.false_positives[line] == (out & (row == 1)).sum()
    assert rounds.false_positives[0] > 0 and rounds.flagged[2] >= 3


def test_what_a_defence_costs_is_booked():
    rounds = game("{kind: knn_sanitise, cost: 2.5}").play().rounds
    assert rounds.costs[1:].tolist() == [2.5, 2.5]
    assert rounds.payoff[1:].to_numpy() == pytest.approx(rounds.revenue[1:].to_numpy() - 2.5)


def clouds(seed, classes=3, n=40, d=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return rng.normal(size=(n, d)) * rng.uniform(0.1, 50, d) + y[:, None], y


def knn_by_hand(X, y, k, agreement):
    """One example at a time, with sorted distances and counted votes."""
    Z, found = StandardScaler().fit_transform(X), []
    for i in range(len(y)):
        away = ((Z - Z[i]) ** 2).sum(axis=1)
        away[i] = np.inf
        votes = Counter(y[np.argsort(away)[:k]].tolist())
        most = max(votes.values())
        found.append(most > votes[y[i]] and most >= agreement * k)
    return found


@given(st.integers(0, 1000), st.integers(1, 12), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
@settings(max_examples=30, deadline=None)
def test_neighbours_vote_as_if_counted_by_hand(seed, k, agreement):
    X, y = clouds(seed)
    found = KnnSanitise(neighbours=k, agreement=agreement).suspects(X, y, "classification")
    assert found.tolist() == knn_by_hand(X, y, k, agreement)


@given(st.integers(0, 1000), st.sampled_from([0.1, 1.0, 30.0]), st.sampled_from([0.5, 1.0, 1.7]), st.sampled_from([3, 60]))
@settings(max_examples=20, deadline=None)
def test_losses_are_those_of_ridge_fitted_without_the_example(seed, alpha, above, d):
    X, y = clouds(seed, d=d)
    Z = StandardScaler().fit_transform(X)
    onehot = np.eye(3)[y][:, np.unique(y)]
    for task, target, labels in [("classification", onehot, y), ("regression", X @ np.arange(d) + y, None)]:
        wide = target.reshape(len(y), -1)
        left_out = cross_val_predict(Ridge(alpha=alpha), Z, wide, cv=LeaveOneOut()).reshape(wide.shape)
        loss = ((wide - left_out) ** 2).sum(axis=1)
        guesses = np.array([np.delete(wide, i, axis=0).mean(axis=0) for i in range(len(y))])
        guess = ((wide - guesses) ** 2).sum(axis=1).mean()
        near = np.abs(loss - above * guess) < 1e-9 * guess
        found = LossFilter(alpha=alpha, above=above).suspects(X, target if labels is None else labels, task)
        assert ((found == (loss > above * guess)) | near).all()


def test_forests_are_scikit_learns_one_a_class():
    X, y = clouds(3, n=120)
    found = IsolationForest(trees=20, seed=4).suspects(X, y, "classification")
    for label in range(3):
        forest = Forest(n_estimators=20, random_state=Streams(4).integer("isolation_forest"))
        assert (found[y == label] == (forest.fit_predict(X[y == label]) < 0)).all()
    whole = Forest(n_estimators=20, random_state=Streams(4).integer("isolation_forest")).fit_predict(X) < 0
    assert (IsolationForest(trees=20, seed=4).suspects(X, X[:, 0], "regression") == whole).all()


@pytest.mark.parametrize("detector", [KnnSanitise(), LossFilter(), IsolationForest(trees=5)])
def test_rows_of_hardly_any_examples_are_judged_without_complaint(detector):
    for X, y in [(np.array([[0.0], [1.0]]), np.array([0, 1])), (np.array([[0.0], [1.0]]), np.array([1, 1]))]:
        assert detector.suspects(X, y, "classification").shape == (2,)


def test_the_examples_of_a_row_are_as_each_object_is_present():
    played = game("none")
    world = played.setup.grid.world
    row = np.array([0, 1, 2, 3] + [0] * 8, np.uint8)
    X, y, of = examples_in(world, row)
    assert set(of.tolist()) == {1, 2, 3} and len(y) == world.sizes[[1, 2, 3]].sum()
    for j, (source_X, source_y) in {
        1: (world.X, world.y),
        2: (world.variants[0].X, world.variants[0].y),
        3: (world.variants[1].X, world.variants[1].y),
    }.items():
        assert (X[of == j] == source_X[world.object_of == j]).all() and (y[of == j] == source_y[world.object_of == j]).all()


def test_an_object_is_judged_by_the_share_of_its_own_examples_and_the_row_it_is_in():
    """Each row of a batch is answered as if alone, the empty one too; the second time from memory."""
    played = game("{kind: knn_sanitise, tolerance: 0.3}")
    desk, world = played.desks[0], played.setup.grid.world
    detector = desk.operator.defence
    rows = np.random.default_rng(0).integers(0, 4, (5, 12)).astype(np.uint8)
    rows[1] = 0
    shares = detector.shares(desk, rows)
    for row, share in zip(rows, shares, strict=True):
        X, y, of = examples_in(world, row)
        flagged = np.array(knn_by_hand(X, y, 10, 0.5)) if len(y) else np.zeros(0, bool)
        for j in range(12):
            expected = flagged[of == j].mean() if row[j] else 0.0
            assert share[j] == pytest.approx(expected)
    assert (detector.filter(desk, rows) == np.where(shares > 0.3, 0, rows)).all()
    model = type(detector)
    before, model.suspects = model.suspects, None
    try:
        assert (detector.shares(desk, rows[::-1]) == shares[::-1]).all(), "verdicts are remembered"
    finally:
        model.suspects = before


CELLS = """
title: Cells
data: {kind: table, columns: [all], cells: {'': [0.1], A: [0.5], B: [0.6], AB: [0.9]}, floor: {all: 0.1}, full: {all: 0.9}}
creators: [{name: two, count: 2}]
operators: [{name: vendor, defence: DEFENCE}]
"""


@pytest.mark.parametrize("defence", ["knn_sanitise", "loss_filter", "isolation_forest", "reweight"])
def test_a_table_of_cells_has_no_examples_to_look_at(defence):
    with pytest.raises(DataleverageError, match="looks at examples, and a table of cells has none") as caught:
        loads(CELLS.replace("DEFENCE", defence))
    assert "operators.0.defence" in str(caught.value)


RATINGS = """
title: Ratings
data: {kind: synthetic_ratings, users: 60, items: 40}
learner: matrix_factorization
creators: [{name: users}]
operators: [{name: vendor, defence: DEFENCE}]
"""


@pytest.mark.parametrize("defence", ["knn_sanitise", "loss_filter", "isolation_forest"])
def test_ratings_are_refused(defence):
    with pytest.raises(DataleverageError, match="this data is of rating") as caught:
        loads(RATINGS.replace("DEFENCE", defence)).game()
    assert "operators.0.defence" in str(caught.value)


def test_neighbours_cannot_vote_on_numbers():
    text = """
title: Numbers
data: {kind: sklearn, name: diabetes, objects: {by: random, count: 4}, holdout: {audit: 0.3}}
learner: {kind: ridge}
creators: [{name: four, count: 4}]
operators: [{name: vendor, defence: DEFENCE}]
rounds: 1
"""
    with pytest.raises(DataleverageError, match="judges examples of classification"):
        loads(text.replace("DEFENCE", "knn_sanitise"))
    for defence in ("loss_filter", "isolation_forest"):
        assert game(defence, text).play().rounds.flagged.tolist() == [0, 0]
