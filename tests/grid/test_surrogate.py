from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from dataleverage.errors import GridError
from dataleverage.grid import surrogate
from dataleverage.grid.rows import all_rows, onehot
from dataleverage.grid.surrogate import Additive, NeighbourMean, Pairwise, held_out


@st.composite
def known_rows(draw):
    """Distinct rows of n objects in up to three ways, their scores, rows to predict and the number of ways."""
    n, n_present = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = np.unique(rng.integers(0, n_present + 1, (draw(st.integers(1, 20)), n)).astype(np.uint8), axis=0)
    return rows, rng.normal(size=(len(rows), 2)), rng.integers(0, n_present + 1, (9, n)).astype(np.uint8), n_present


@given(known_rows())
def test_the_nearest_known_rows_are_averaged(drawn):
    rows, scores, asked, _ = drawn
    predicted = NeighbourMean(rows, scores).predict(asked)
    for row, mine in zip(asked, predicted, strict=True):
        away = [int(sum(a != b for a, b in zip(row, other, strict=True))) for other in rows]
        nearest = [scores[i] for i, d in enumerate(away) if d == min(away)]
        assert mine == pytest.approx(np.mean(nearest, axis=0))
    assert np.array_equal(NeighbourMean(rows, scores).predict(rows), scores)


@given(known_rows())
def test_the_additive_datamodel_is_a_ridge_regression(drawn):
    rows, scores, asked, n_present = drawn
    model = Ridge(alpha=0.1, solver="svd").fit(onehot(rows, n_present), scores)
    expected = model.predict(onehot(asked, n_present)).reshape(len(asked), -1)
    mine = Additive(rows, scores, n_present)
    assert mine.predict(asked) == pytest.approx(expected, abs=1e-9)
    assert mine.effect == pytest.approx(model.coef_.T, abs=1e-9)


def test_an_additive_game_is_found_exactly():
    rows = all_rows(7)
    worth = np.random.default_rng(1).normal(size=(7, 3))
    predicted = Additive(rows[::2], rows[::2] @ worth, penalty=1e-9).predict(rows[:, :])
    known = rows[:, 0] == 0  # the first object is in no row that was fitted
    assert predicted[known] == pytest.approx(rows[known] @ worth, abs=1e-6)
    assert predicted[~known] == pytest.approx(rows[~known][:, 1:] @ worth[1:], abs=1e-6)


def test_one_known_row_is_enough():
    row, score = np.array([[1, 0]], dtype=np.uint8), np.array([[0.7]])
    for fitted in (NeighbourMean(row, score), Additive(row, score), Pairwise(row, score)):
        assert fitted.predict(all_rows(2)) == pytest.approx(np.full((4, 1), 0.7))


def with_pairs(rows, n_present):
    """Features of single objects and of pairs, one at a time."""
    single = onehot(rows, n_present)
    both = [single[:, i] * single[:, j] for i, j in combinations(range(single.shape[1]), 2) if i // n_present != j // n_present]
    return np.column_stack([single, *both])


def pair_game(n, seed=0):
    """All rows of n objects and scores made of single objects and pairs."""
    rows = all_rows(n)
    rng = np.random.default_rng(seed)
    interaction = np.triu(rng.normal(size=(n, n)))
    return rows, np.einsum("ri,ij,rj->r", rows.astype(float), interaction, rows.astype(float))[:, None]


@given(known_rows())
def test_the_pairwise_datamodel_is_a_ridge_regression_on_pairs(drawn):
    rows, scores, asked, n_present = drawn
    model = Ridge(alpha=0.1, solver="svd").fit(with_pairs(rows, n_present), scores)
    mine = Pairwise(rows, scores, n_present)
    expected = model.predict(with_pairs(asked, n_present)).reshape(len(asked), -1)
    assert mine.predict(asked) == pytest.approx(expected, abs=1e-9)
    assert mine.effect == pytest.approx(model.coef_.T, abs=1e-9)
    assert len(mine.effect) == mine.size(rows.shape[1])


def test_a_game_of_pairs_is_found_exactly_from_some_of_its_rows():
    rows, scores = pair_game(7)
    known = np.random.default_rng(1).permutation(len(rows))[:60]  # 28 features and the level
    pairwise = Pairwise(rows[known], scores[known], penalty=1e-9)
    assert pairwise.predict(rows) == pytest.approx(scores, abs=1e-5)
    assert np.abs(Additive(rows[known], scores[known]).predict(rows) - scores).max() > 0.5


@given(known_rows(), st.sampled_from([Additive, Pairwise]))
def test_either_form_of_the_equations_gives_the_same_answers(drawn, kind):
    rows, scores, asked, n_present = drawn
    usual = kind(rows, scores, n_present)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surrogate, "DUAL", 0)
        patch.setattr(surrogate, "CHUNK", 1)
        other = kind(rows, scores, n_present)
        assert other.predict(asked) == pytest.approx(usual.predict(asked), abs=1e-9)
        assert other.errors(asked) == pytest.approx(usual.errors(asked), rel=1e-6)


@given(known_rows(), st.sampled_from([Additive, Pairwise]))
def test_errors_are_those_of_a_gaussian_process_with_leave_one_out_noise(drawn, kind):
    rows, scores, asked, n_present = drawn
    mine = kind(rows, scores, n_present).errors(asked)
    if len(rows) == 1:
        assert np.isinf(mine).all()
        return
    expand = onehot if kind is Additive else with_pairs
    known, new = expand(rows, n_present), expand(asked, n_present)
    # the posterior by brute force: coefficients and a flat intercept
    design, there = (np.column_stack([f - known.mean(axis=0), np.ones(len(f))]) for f in (known, new))
    precision = design.T @ design + 0.1 * np.diag([1.0] * known.shape[1] + [0.0])
    covariance = np.linalg.inv(precision)
    left_out = scores - cross_val_predict(Ridge(alpha=0.1, solver="svd"), known, scores, cv=LeaveOneOut()).reshape(scores.shape)
    rest = 1 - np.einsum("ri,ij,rj->r", design, covariance, design)
    noise = (left_out**2 * rest[:, None]).mean(axis=0)
    expected = np.sqrt((1 + np.einsum("ri,ij,rj->r", there, covariance, there))[:, None] * noise)
    assert mine == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_two_thirds_of_unseen_scores_are_within_one_error():
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(30):
        rows = rng.integers(0, 2, (300, 15)).astype(np.uint8)
        scores = rows @ rng.normal(size=(15, 1)) + rng.normal(size=(300, 1)) * 0.3
        model = Additive(rows[:40], scores[:40])
        inside.append(np.abs(model.predict(rows[40:]) - scores[40:]) < model.errors(rows[40:]))
    assert np.mean(inside) == pytest.approx(0.683, abs=0.05)


def test_rows_unlike_any_known_are_less_sure():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, (30, 8)).astype(np.uint8)
    rows[:, 7] = 0
    model = Additive(rows, rng.normal(size=(30, 1)))
    strange = rows[:1].copy()
    strange[0, 7] = 1
    assert model.errors(strange)[0, 0] > 2 * model.errors(rows[:1])[0, 0]


def test_many_objects_or_rows_are_refused_before_memory_runs_out():
    with pytest.raises(GridError, match="2,000 objects have 2,001,000 features each") as caught:
        Pairwise(np.ones((100, 2000), dtype=np.uint8), np.ones((100, 1)))
    assert "fewer rows" in caught.value.remedy
    many = np.random.default_rng(0).integers(0, 2, (50, 10_000)).astype(np.uint8)
    assert Additive(many, many[:, :1] * 1.0).predict(many).shape == (50, 1)


@pytest.mark.parametrize("kind", [NeighbourMean, Additive, Pairwise])
def test_held_out_predictions_do_not_see_their_row(kind):
    rng = np.random.default_rng(0)
    rows, scores = all_rows(5), rng.normal(size=(32, 3))
    found = held_out(kind, rows, scores, folds=32)
    for i in range(32):
        others = np.arange(32) != i
        assert found.predicted[i] == pytest.approx(kind(rows[others], scores[others]).predict(rows[i : i + 1])[0])
    assert found.error == pytest.approx(np.abs(found.predicted - scores).mean(axis=0))
    assert found.rank == pytest.approx([spearmanr(found.predicted[:, c], scores[:, c]).statistic for c in range(3)])


def test_copies_of_a_row_are_held_out_together():
    rows, scores = all_rows(4), np.random.default_rng(0).normal(size=(16, 1))
    twice = held_out(NeighbourMean, np.tile(rows, (2, 1)), np.tile(scores, (2, 1)), folds=16)
    once = held_out(NeighbourMean, rows, scores, folds=16)
    assert twice.predicted == pytest.approx(np.tile(once.predicted, (2, 1)))


def test_pairs_rank_a_game_of_pairs_better():
    rows, scores = pair_game(8)
    rank = {kind: held_out(kind, rows, scores).rank[0] for kind in (Additive, Pairwise)}
    assert rank[Pairwise] > 0.9999 and 0.5 < rank[Additive] < 0.99


def test_poisoned_rows_are_held_out_by_a_partial_class():
    rows = np.random.default_rng(0).integers(0, 3, (60, 4)).astype(np.uint8)
    scores = onehot(rows, 2) @ np.arange(8.0)[:, None]
    assert held_out(partial(Additive, n_present=2, penalty=1e-6), rows, scores).error[0] < 1e-3


def test_a_constant_column_has_no_rank_correlation():
    found = held_out(NeighbourMean, all_rows(3), np.ones((8, 1)), folds=4)
    assert np.isnan(found.rank[0]) and found.error[0] == 0


@pytest.mark.parametrize("folds", [0, 1, 9])
def test_folds_that_cannot_be_made(folds):
    with pytest.raises(GridError, match=f"{folds} folds cannot be made of 8 different rows"):
        held_out(Additive, all_rows(3), np.ones((8, 1)), folds=folds)


@given(known_rows())
def test_errors_of_neighbours_are_those_of_leaving_each_known_row_out(drawn):
    rows, scores, asked, _ = drawn
    mine = NeighbourMean(rows, scores).errors(asked)
    if len(rows) == 1:
        assert np.isinf(mine).all()
        return
    left_out = []
    for i in range(len(rows)):
        others = np.arange(len(rows)) != i
        away = (rows[others] != rows[i]).sum(axis=1)
        left_out.append(scores[others][away == away.min()].mean(axis=0) - scores[i])
    assert mine == pytest.approx(np.tile(np.sqrt(np.mean(np.square(left_out), axis=0)), (len(asked), 1)))
