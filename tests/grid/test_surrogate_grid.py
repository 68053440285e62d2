"""A grid that answers most rows by a surrogate: what it trains, what it says of its answers, and that none is ever kept."""

from __future__ import annotations

import numpy as np
import pytest

from dataleverage.errors import GridError
from dataleverage.grid.disk import DiskStore
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.grid.rows import all_rows
from dataleverage.grid.surrogates import AdditiveDatamodel, InfluenceFunctions, NeighbourMeans, PairwiseDatamodel
from dataleverage.streams import Streams
from dataleverage.world.arrays import world_of_arrays

KINDS = [
    NeighbourMeans(rows=30),
    AdditiveDatamodel(rows=60),
    PairwiseDatamodel(rows=60, share=0.6),
    InfluenceFunctions(rows=20),
    InfluenceFunctions(rows=20, step="newton"),
]


def blobs(n_objects, per_object=4, features=4, seed=0):
    """A world of two classes with so many objects."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_objects * per_object)
    X = rng.normal(size=(len(y), features)) + y[:, None] * 0.8
    y_eval = rng.integers(0, 2, 300)
    X_eval = rng.normal(size=(300, features)) + y_eval[:, None] * 0.8
    groups = np.repeat(np.arange(n_objects), per_object)
    return world_of_arrays(X, y, groups, X_eval, y_eval, slices={}, task="classification")


def fresh(n=12, metric="log_loss"):
    return Grid.of_world(blobs(n), LogisticRegression(), metric)


@pytest.fixture(scope="module")
def truth():
    rows = all_rows(12)
    return rows, fresh().scores(rows)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k.tag} {k.rows}")
def test_trained_rows_are_true_and_others_are_said_not_to_be(kind, truth):
    rows, scores = truth
    grid = fresh()
    lookup = grid.with_surrogate(kind, seed=3)
    assert grid.trained == 0  # nothing before it is asked
    answers, exact, errors = lookup.scores(rows), lookup.exact(rows), lookup.errors(rows)
    sample = {row.tobytes() for row in lookup.fit.rows}
    assert exact.tolist() == [row.tobytes() in sample for row in rows]
    assert grid.trained == exact.sum() == kind.rows
    assert answers[exact] == pytest.approx(scores[exact], abs=1e-9)
    assert (errors[exact] == 0).all()
    assert (errors[~exact] > 0).all()


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k.tag} {k.rows}")
@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
def test_two_thirds_of_rows_like_the_sample_are_within_one_error(kind, metric):
    """Rows drawn as the sample was, but not in it, in six worlds."""
    inside = []
    for seed in range(6):
        grid = Grid.of_world(blobs(12, seed=seed), LogisticRegression(), metric)
        lookup = grid.with_surrogate(kind, seed)
        rows = kind.model_copy(update={"rows": 400}).sample(12, 1, Streams(100 + seed))
        errors = lookup.errors(rows)
        told = ~lookup.exact(rows) & np.isfinite(errors[:, 0])
        off = np.abs(lookup.scores(rows) - grid.scores(rows))
        inside.append([np.mean(off[told] <= k * errors[told]) for k in (1, 2)])
    assert 0.6 < np.mean(inside, axis=0)[0] < 0.9
    assert np.mean(inside, axis=0)[1] > 0.85


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k.tag} {k.rows}")
def test_no_store_ever_holds_a_prediction(kind, truth, tmp_path):
    rows, scores = truth
    grid = fresh().keep_in(tmp_path / "cells.db")
    lookup = grid.with_surrogate(kind)
    lookup.scores(rows)
    lookup.errors(rows)
    lookup.train(rows[5:8])
    lookup.scores(rows, near=rows[5])
    assert len(lookup.fit.judged.rank) == 1
    for store in (grid.store, DiskStore(tmp_path / "cells.db", grid.disk.key)):
        known, kept = store.find(rows)
        assert known.sum() <= kind.rows + 3
        assert kept[known] == pytest.approx(scores[known], abs=1e-9)
    again = fresh().keep_in(tmp_path / "cells.db")
    assert again.scores(rows) == pytest.approx(scores, abs=1e-9)
    assert again.from_disk == known.sum()


def test_what_a_grid_knows_from_elsewhere_changes_no_answer(truth):
    rows, _ = truth
    one, other = fresh(), fresh()
    other.scores(rows[::7])
    kind = AdditiveDatamodel(rows=50)
    a, b = one.with_surrogate(kind, 2), other.with_surrogate(kind, 2)
    assert a.scores(rows) == pytest.approx(b.scores(rows), abs=1e-8)
    assert np.array_equal(a.exact(rows), b.exact(rows))
    third = other.with_surrogate(kind, 2)
    third.train(rows[100:200])
    assert np.array_equal(b.exact(rows), a.exact(rows))  # what one grid is told to train is its own
    assert third.exact(rows[100:200]).all()
    assert third.fit is b.fit
    assert other.with_surrogate(kind, 1).fit is not b.fit


def test_predictions_near_a_row_keep_differences_and_mend_the_level(truth):
    rows, scores = truth
    lookup = fresh().with_surrogate(AdditiveDatamodel(rows=40))
    near = rows[4000]
    with pytest.raises(GridError, match="near a row that was trained"):
        lookup.scores(rows, near=near)
    lookup.train(near)
    plain, beside, exact = lookup.scores(rows), lookup.scores(rows, near=near), lookup.exact(rows)
    shift = (beside - plain)[~exact]
    assert shift == pytest.approx(np.broadcast_to(shift[0], shift.shape))
    assert np.abs(shift[0]) > 0
    assert lookup.fit.model.predict(near[None]) + shift[0] == pytest.approx(scores[4000:4001])
    assert beside[exact] == pytest.approx(scores[exact], abs=1e-9)


def test_nothing_says_how_good_a_prediction_is_beyond_the_sample(truth):
    rows, _ = truth
    lookup = fresh().with_surrogate(AdditiveDatamodel(rows=40, share=0.8))
    least = min(row.sum() for row in lookup.fit.rows if row.any())
    unknown = np.isinf(lookup.errors(rows)[:, 0])
    assert unknown.tolist() == [(0 < size < least) for size in rows.sum(axis=1).tolist()]


def test_gaps_stay_exact():
    plain, looked_up = fresh(), fresh()
    lookup = looked_up.with_surrogate(InfluenceFunctions(rows=10))
    lookup.scores(looked_up.full_row)
    one, other = lookup.grid.gap("all"), plain.gap("all")
    assert (one.floor, one.full, one.error) == pytest.approx((other.floor, other.full, other.error), abs=1e-9)


def test_a_grid_of_one_object_has_nothing_to_predict():
    grid = fresh(1, "accuracy")
    lookup = grid.with_surrogate(AdditiveDatamodel())
    assert lookup.exact(all_rows(1)).all()
    assert lookup.fit.account([0])["columns"] == {"all": {"rank": None, "error": None}}
    assert "no rank correlation" in lookup.fit.judged_in_words(0)


@pytest.mark.parametrize("kind", [AdditiveDatamodel(rows=100), InfluenceFunctions(rows=20, share=0.99)], ids=lambda k: k.tag)
def test_ten_thousand_objects_can_each_be_left_out(kind):
    n = 10_000
    grid = Grid.of_world(blobs(n, 1), LogisticRegression(), "log_loss")
    lookup = grid.with_surrogate(kind)
    singles = np.ones((n, n), dtype=np.uint8)
    np.fill_diagonal(singles, 0)
    answers, errors = lookup.scores(singles), lookup.errors(singles)
    assert grid.trained == kind.rows
    assert not lookup.exact(singles).any()
    assert np.isfinite(answers).all()
    assert (errors > 0).all()
    true = grid.scores(singles[:40])
    assert np.abs(answers[:40] - true).mean() <= 2 * errors[:40].mean()
    if kind.tag == "influence":
        full = grid.scores(grid.full_row)
        assert np.corrcoef((answers[:40] - full)[:, 0], (true - full)[:, 0])[0, 1] > 0.999


def test_ridge_is_predicted_too():
    grid = Grid.of_world(blobs(30), RidgeClassifier())
    lookup = grid.with_surrogate(InfluenceFunctions(rows=10))
    assert repr(lookup).startswith("SurrogateGrid(influence of Grid(30 objects")
    singles = 1 - np.eye(30, dtype=np.uint8)
    assert np.abs(lookup.scores(singles) - grid.scores(singles)).max() < 0.02
