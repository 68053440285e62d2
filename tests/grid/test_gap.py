from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeClassifier as Reference
from sklearn.metrics import roc_auc_score

from dataleverage.errors import GridError
from dataleverage.grid.gap import Gap, clear
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.items import ItemMean
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier


def test_the_error_of_an_accuracy_is_that_of_paired_differences(world_named):
    world = world_named("breast cancer")
    grid = Grid.of_world(world, RidgeClassifier())
    right = Reference().fit(world.X, world.y).predict(world.X_eval) == world.y_eval
    guessed = np.bincount(world.y).argmax() == world.y_eval
    for name, mask in (("all", world.slices[0].mask & world.audit), ("monitor:left", world.slices[1].mask & ~world.audit)):
        gap, m = grid.gap(name), mask.sum()
        gain, loss = (right & ~guessed)[mask].mean(), (guessed & ~right)[mask].mean()  # McNemar's two discordant shares
        assert gap.floor == pytest.approx(guessed[mask].mean()) and gap.full == pytest.approx(right[mask].mean())
        assert gap.error == pytest.approx(np.sqrt((gain + loss - (gain - loss) ** 2) / (m - 1)))


def test_gaps_are_the_scores_of_the_empty_and_the_full_row(world_named):
    for name, learner, metrics in (
        ("wine", GaussianNB(), ["accuracy", "balanced_accuracy", "log_loss", "auc"]),
        ("diabetes", Ridge(), ["rmse", "r2"]),
    ):
        grid = Grid.of_world(world_named(name), learner, [("all", metric) for metric in metrics])
        ends = grid.scores(np.stack([np.zeros(6), np.ones(6)]).astype(int))
        for c, column in enumerate(grid.column_names):
            gap = grid.gap(column)
            assert (gap.floor, gap.full) == pytest.approx(tuple(ends[:, c]), abs=1e-9)
            assert 0 < gap.error < np.inf


def bootstrap(score, count: int, draws: int = 400) -> float:
    rng = np.random.default_rng(0)
    return float(np.std([score(rng.integers(0, count, count)) for _ in range(draws)]))


def test_the_jackknife_of_an_auc_is_near_its_bootstrap():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(900, 2))
    y = (X[:, 0] + 1.5 * rng.normal(size=900) > 0).astype(int)
    train, held = slice(0, 300), slice(300, 900)
    grid = Grid.from_arrays(X[train], y[train], np.arange(300) % 3, X[held], y[held], learner=RidgeClassifier(), metric="auc")
    gap = grid.gap("all")
    decision = Reference().fit(X[train], y[train]).decision_function(X[held])
    assert gap.floor == 0.5 and gap.full == pytest.approx(roc_auc_score(y[held], decision))
    expected = bootstrap(lambda i: roc_auc_score(y[held][i], decision[i]), 600)
    assert 0.6 * expected < gap.error < 1.6 * expected


def test_the_jackknife_of_an_rmse_is_near_its_bootstrap():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(900, 1))
    y = 2 * X[:, 0] + rng.normal(size=900)
    grid = Grid.from_arrays(X[:300], y[:300], np.arange(300) % 3, X[300:], y[300:], learner=Ridge())
    gap = grid.gap("all")
    slope, level = np.polyfit(X[:300, 0], y[:300], 1)
    residual, spread = y[300:] - level - slope * X[300:, 0], y[300:] - y[:300].mean()
    difference = lambda i: np.sqrt(np.mean(residual[i] ** 2)) - np.sqrt(np.mean(spread[i] ** 2))  # noqa: E731
    assert gap.full - gap.floor == pytest.approx(difference(np.arange(600)), abs=0.01)
    expected = bootstrap(difference, 600)
    assert 0.6 * expected < gap.error < 1.6 * expected


def test_noise_has_no_gap_and_signal_has_one():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(1000, 4))
    for y, learnt in ((rng.integers(0, 2, 1000), False), ((X[:, 0] > 0).astype(int), True)):
        for metric in ("accuracy", "auc"):
            groups = np.arange(400) % 4
            grid = Grid.from_arrays(X[:400], y[:400], groups, X[400:], y[400:], learner=RidgeClassifier(), metric=metric)
            gap = grid.gap("all")
            assert (gap.full - gap.floor > 2 * gap.error) == learnt


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_too_few_examples_to_tell(metric):
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 0, 1])
    few = slice(0, 1) if metric == "accuracy" else slice(0, 2)
    grid = Grid.from_arrays(X, y, [0, 0, 1, 1], X[few], y[few], learner=RidgeClassifier(), metric=metric)
    assert grid.gap("all").error == np.inf


def test_a_table_knows_its_gaps_or_is_told():
    frame = pd.DataFrame({"x": [0.2, 0.9], "y": [0.3, 0.8]}, index=["", "AB"])
    grid = Grid.from_table(frame)
    assert grid.gap("x") == Gap(0.2, 0.9, 0.0) and grid.gap("y") == Gap(0.3, 0.8, 0.0)
    told = Grid.from_table(frame, floor={"x": 0.0}, full=1)
    assert told.gap("x") == Gap(0.0, 1.0, 0.0) and told.gap("y") == Gap(0.3, 1.0, 0.0)
    part = Grid.from_table(frame[1:], floor={"x": 0.1})
    assert part.gap("x") == Gap(0.1, 0.9, 0.0)
    with pytest.raises(GridError, match="no floor and full for the column 'y'") as caught:
        part.gap("y")
    assert "floor" in caught.value.remedy


def test_a_column_that_is_not_there(world_named):
    with pytest.raises(GridError, match="no column 'rihgt'"):
        Grid.of_world(world_named("wine"), GaussianNB()).gap("rihgt")


def test_a_gap_of_two_errors_but_for_the_last_bit_is_not_clear():
    error = np.array([1.0] * 3 + [0.0] * 6).std(ddof=1) / 3  # 3 of 9 gained: a gap of 1/3 and an error of 1/6
    tie = np.nextafter(2 * error, 1)
    assert tie > 2 * error
    assert not clear(tie, error)
    assert not clear(2 * error, error)
    assert clear(2 * error + 1e-6, error)


def rated(users: int = 60, each: int = 20):
    """A grid's arrays: some users like all that is good very much, and others do not care."""
    rng = np.random.default_rng(5)
    pairs = np.array([(u, i) for u in range(users) for i in range(each)], dtype=float)
    u, i = pairs.astype(int).T
    cares, good = rng.choice([0.2, 2], users), rng.normal(size=each)
    y = 3 + cares[u] * good[i] + 0.5 * rng.normal(size=len(u))
    held = (u + i) % 2 == 0
    return pairs, y, held


def test_the_jackknife_of_ratings_leaves_out_users():
    pairs, y, held = rated()
    X, X_held, u = pairs[~held], pairs[held], pairs[held, 0].astype(int)
    grid = Grid.from_arrays(X, y[~held], X[:, 0] % 3, X_held, y[held], learner=ItemMean())
    gap = grid.gap("all")
    frame = pd.Series(y[~held]).groupby(X[:, 1]).mean()
    off, spread = y[held] - frame.loc[X_held[:, 1]].to_numpy(), y[held] - y[~held].mean()
    mine = [np.flatnonzero(u == k) for k in range(60)]

    def difference(users):
        chosen = np.concatenate([mine[k] for k in users])
        return np.sqrt(np.mean(off[chosen] ** 2)) - np.sqrt(np.mean(spread[chosen] ** 2))

    assert gap.full - gap.floor == pytest.approx(difference(range(60)))
    by_user = bootstrap(difference, 60)
    by_rating = bootstrap(lambda e: np.sqrt(np.mean(off[e] ** 2)) - np.sqrt(np.mean(spread[e] ** 2)), len(u))
    assert by_user > 1.3 * by_rating  # or the test could not tell
    assert 0.7 * by_user < gap.error < 1.4 * by_user


@pytest.mark.parametrize("metric", ["hits", "ndcg"])
def test_the_error_of_a_mean_over_users_is_paired_over_users(metric):
    pairs, y, held = rated()
    X, X_held = pairs[~held], pairs[held]
    learner = ItemMean()
    grid = Grid.from_arrays(X, y[~held], X[:, 0] % 3, X_held, y[held], learner=learner, metric=metric)
    gap = grid.gap("all")
    each = []
    for k in range(60):  # a grid of one user's held-out ratings at a time
        own = X_held[:, 0] == k
        alone = Grid.from_arrays(X, y[~held], X[:, 0] % 3, X_held[own], y[held][own], learner=learner, metric=metric)
        scores = alone.scores([[0, 0, 0], [1, 1, 1]])[:, 0]
        each.append(scores[1] - scores[0])
    assert gap.full - gap.floor == pytest.approx(np.mean(each))
    assert gap.error == pytest.approx(np.std(each, ddof=1) / np.sqrt(60))


def test_a_single_user_has_an_error_over_their_ratings():
    pairs, y, held = rated()
    X, own = pairs[~held], held & (pairs[:, 0] == np.argmax(np.bincount(pairs[:, 0].astype(int), y)))
    grid = Grid.from_arrays(X, y[~held], X[:, 0] % 3, pairs[own], y[own], learner=ItemMean())
    gap = grid.gap("all")
    mean = pd.Series(y[~held]).groupby(X[:, 1]).mean().loc[pairs[own, 1]].to_numpy()
    differences = []
    for e in range(own.sum()):
        left = np.arange(own.sum()) != e
        rmse = [np.sqrt(np.mean((y[own] - guess)[left] ** 2)) for guess in (mean, y[~held].mean())]
        differences.append(rmse[0] - rmse[1])
    n = len(differences)
    assert gap.error == pytest.approx(np.sqrt((n - 1) / n * np.sum((differences - np.mean(differences)) ** 2)))


def test_gaps_train_two_rows_once_and_keep_them(world_named):
    grid = Grid.of_world(world_named("wine"), GaussianNB())
    gaps = {name: grid.gap(name) for name in grid.column_names}
    assert (grid.trained, grid.trained_for_gaps, grid.oracle.empty, grid.oracle.single_class) == (2, 2, 1, 0)
    ends = grid.scores(np.stack([np.zeros(6), np.ones(6)]).astype(int))
    assert (grid.trained, grid.served) == (2, 2)
    assert [(gap.floor, gap.full) for gap in gaps.values()] == [tuple(column) for column in ends.T]


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_gaps_come_from_the_store_of_an_earlier_grid(world_named, tmp_path, metric):
    world, path = world_named("breast cancer"), tmp_path / "cells.db"
    first = Grid.of_world(world, RidgeClassifier(), metric).keep_in(path)
    gaps = [first.gap(name) for name in first.column_names]
    later = Grid.of_world(world, RidgeClassifier(), metric).keep_in(path)
    assert [later.gap(name) for name in later.column_names] == gaps
    later.scores(np.stack([np.zeros(6), np.ones(6)]).astype(int))
    assert (later.trained, later.from_disk) == (0, 2)
    other = Grid.of_world(world, RidgeClassifier(alpha=3.0), metric).keep_in(path)
    other.gap("all")
    assert other.trained == 2
