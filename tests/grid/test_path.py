from __future__ import annotations

import re
from contextlib import contextmanager
from threading import get_ident

import numpy as np
import pytest
from sklearn import discriminant_analysis, linear_model, naive_bayes, neighbors, tree
from sklearn.base import clone

from dataleverage.errors import FitError, GridError
from dataleverage.grid import cost, path, workers
from dataleverage.grid.cost import Rates, Shape, Work
from dataleverage.grid.learner import Learner
from dataleverage.grid.learners.centroid import NearestCentroid
from dataleverage.grid.learners.discrete_bayes import BernoulliNB, MultinomialNB
from dataleverage.grid.learners.discriminant import LinearDiscriminantAnalysis
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.neighbours import KNeighborsClassifier, KNeighborsRegressor
from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier
from dataleverage.grid.learners.sklearn import Sklearn
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.path import Path
from dataleverage.grid.rows import all_rows

FAST, SLOW = Rates(1e15, 1e15, 1e15), Rates(1.0, 1.0, 1.0)


@pytest.fixture
def short_fits(monkeypatch):
    """Fits are expected to take what any fit takes, whatever batches are."""
    monkeypatch.setattr(Learner, "fit_work", lambda self, shape: Work())


PAIRS = [
    ("breast cancer, poisoned", RidgeClassifier(alpha=2.0), linear_model.RidgeClassifier(alpha=2.0)),
    ("few examples, many features", RidgeClassifier(), linear_model.RidgeClassifier()),
    ("diabetes", Ridge(alpha=0.1), linear_model.Ridge(alpha=0.1)),
    ("wine, poisoned", GaussianNB(), naive_bayes.GaussianNB()),
    ("rare", NearestCentroid(), neighbors.NearestCentroid()),
    ("breast cancer, poisoned", BernoulliNB(binarize=0.1), naive_bayes.BernoulliNB(binarize=0.1)),
    ("digits", MultinomialNB(), naive_bayes.MultinomialNB()),
    (
        "wine",
        LinearDiscriminantAnalysis(shrinkage=0.1),
        discriminant_analysis.LinearDiscriminantAnalysis("lsqr", shrinkage=0.1),
    ),
    (
        "few examples, many features",
        LinearDiscriminantAnalysis(shrinkage=0.2),
        discriminant_analysis.LinearDiscriminantAnalysis("lsqr", shrinkage=0.2),
    ),
    ("breast cancer, poisoned", KNeighborsClassifier(n_neighbors=1), neighbors.KNeighborsClassifier(1)),
    ("wine", KNeighborsClassifier(n_neighbors=3), neighbors.KNeighborsClassifier(3)),
    ("diabetes", KNeighborsRegressor(n_neighbors=2), neighbors.KNeighborsRegressor(2)),
    ("breast cancer, poisoned", LogisticRegression(), linear_model.LogisticRegression(tol=1e-10, solver="newton-cholesky")),
    ("few examples, many features", LogisticRegression(), linear_model.LogisticRegression(tol=1e-10, max_iter=10_000)),
]


def oracle_of(world, learner, way=None, workers=1, metrics=None):
    metrics = metrics or (["rmse"] if world.task == "regression" else ["accuracy"])
    return TrainedOracle(world, learner, columns_of(world, [("all", m) for m in metrics]), workers=workers, path=way)


@pytest.mark.parametrize(("name", "learner", "model"), PAIRS)
@pytest.mark.parametrize("way", ["batches", "loop"])
def test_both_paths_predict_as_scikit_learn_fitted_on_the_row(rows_of, world_named, name, learner, model, way):
    world = world_named(name)
    rows = [row for row in rows_of(world) if len(row.y) > max(2, getattr(learner, "n_neighbors", 0), row.present.sum())][:12]
    oracle = oracle_of(world, learner, way)
    decision = oracle.decide(np.concatenate([row.row for row in rows]))
    for row, mine in zip(rows, decision, strict=True):
        theirs = clone(model).fit(row.X, row.y).predict(world.X_eval)
        if world.task == "regression":
            assert mine[:, 0] == pytest.approx(theirs, rel=1e-8, abs=1e-8)
        else:
            assert np.array_equal(mine.argmax(axis=1), theirs)
    oracle.scores(rows[0].row)
    assert oracle.path.startswith("one by one" if way == "loop" else "in batches") and "as was asked for" in oracle.path


@pytest.mark.parametrize(
    ("name", "learner"),
    [(name, learner) for name, learner, _ in PAIRS]
    + [("rare", LinearDiscriminantAnalysis()), ("rare", LogisticRegression()), ("wine, poisoned", LogisticRegression(C=0.1))],
)
def test_both_paths_agree_on_every_kind_of_row_and_metric(world_named, name, learner):
    world = world_named(name)
    metrics = ["rmse", "r2"] if world.task == "regression" else ["accuracy", "balanced_accuracy"]
    if "probability" in learner.gives and world.task == "classification":
        metrics += ["log_loss"] if name == "rare" else ["log_loss", "auc"]
    rng = np.random.default_rng(0)
    rows = rng.integers(0, world.n_present + 1, (20, world.n_objects)).astype(np.uint8)
    rows = np.unique(np.concatenate([rows, np.zeros_like(rows[:1]), np.eye(world.n_objects, dtype=np.uint8)]), axis=0)
    batches, loop = (oracle_of(world, learner, way, metrics=metrics) for way in ("batches", "loop"))
    one, other = batches.scores(rows), loop.scores(rows)
    assert np.array_equal(one[:, 0], other[:, 0]) or world.task == "regression"
    assert np.abs(one - other).max() < 1e-6 * max(1.0, np.abs(one).max())
    assert (batches.empty, batches.single_class) == (loop.empty, loop.single_class)
    assert batches.empty == 1


def test_the_shorter_path_is_taken_and_named(rows_of, world_named, short_fits, monkeypatch):
    world = world_named("breast cancer, poisoned")
    rows = np.concatenate([row.row for row in rows_of(world, most=30)])
    expected = np.array(
        [
            np.mean((linear_model.RidgeClassifier().fit(r.X, r.y).predict(world.X_eval) == world.y_eval)[world.audit])
            for r in rows_of(world, most=30)
        ]
    )
    told = r"(\S+) (s|ms)"
    for rate, way, other in ((FAST, "in batches", "one by one"), (SLOW, "one by one", "batches")):
        monkeypatch.setattr(path, "rates", lambda rate=rate: rate)
        oracle = oracle_of(world, RidgeClassifier())
        assert oracle.path == "no row has been trained"
        assert oracle.scores(rows)[:, 0] == pytest.approx(expected, abs=1e-12)
        said = re.fullmatch(rf"{way}: about {told} for (\d+) rows?, {other} {told}", oracle.path)
        assert said, oracle.path
        taken, unit, left, instead, of = said.groups()
        seconds, more = (float(n.replace(",", "")) * {"s": 1.0, "ms": 1e-3}[u] for n, u in ((taken, unit), (instead, of)))
        assert seconds < more
        assert left == "30" if rate is FAST else 0 < int(left) < 30  # a loop weighs those left again, and says that
        assert ("predictor" in vars(oracle)) == (rate is FAST)


def test_a_loop_that_turns_out_long_gives_way_to_batches(rows_of, world_named, short_fits, monkeypatch):
    """Preparing is estimated to be worth some fits; fits of earlier calls count."""
    world = world_named("wine")
    rows = np.concatenate([row.row for row in rows_of(world, most=40)])
    monkeypatch.setattr(path, "rates", lambda: Rates(1e15, 1e15, 80 / 4e-3))
    oracle = oracle_of(world, NearestCentroid())
    first = [oracle.scores(row[None]) for row in rows]
    assert oracle.path.startswith("in batches") and 0 < oracle.way.fits < 40
    assert np.array_equal(np.concatenate(first), oracle_of(world, NearestCentroid(), "batches").scores(rows))


def test_statistics_that_are_too_large_are_not_prepared(world_named, monkeypatch):
    monkeypatch.setattr(path, "BYTES", 1000)
    oracle = oracle_of(world_named("wine"), RidgeClassifier())
    oracle.scores(np.ones((1, 6), dtype=np.uint8))
    assert oracle.path == "one by one: batches would keep 0.0 GB" and "predictor" not in vars(oracle)


class Unable(RidgeClassifier):
    """Its loop never fits."""

    def loop(self, pool, need):
        def fail(rows, weights=None):
            raise FitError("no fit of a row by itself")

        return fail


def test_where_a_loop_fails_batches_take_over_unless_the_loop_was_asked_for(world_named, short_fits, monkeypatch):
    monkeypatch.setattr(path, "rates", lambda: SLOW)
    world, rows = world_named("wine"), np.ones((1, 6), dtype=np.uint8)
    oracle = oracle_of(world, Unable())
    assert np.array_equal(oracle.scores(rows), oracle_of(world, RidgeClassifier(), "batches").scores(rows))
    assert oracle.path == "in batches: one by one, no fit of a row by itself"
    with pytest.raises(FitError, match="by itself"):
        oracle_of(world, Unable(), "loop").scores(rows)


def test_an_estimator_has_one_path(world_named):
    world = world_named("wine")
    oracle = oracle_of(world, Sklearn(tree.DecisionTreeClassifier(random_state=0)))
    oracle.scores(np.ones((1, 6), dtype=np.uint8))
    assert oracle.path == "one by one: this learner has no other way"
    with pytest.raises(GridError, match="has no batches"):
        oracle_of(world, Sklearn(tree.DecisionTreeClassifier()), "batches")


def test_no_row_is_fitted_by_itself_where_batches_are_expected_to_take_less(rows_of, world_named):
    world = world_named("breast cancer, poisoned")
    oracle = oracle_of(world, RidgeClassifier())
    oracle.scores(np.concatenate([row.row for row in rows_of(world, most=30)]))
    assert oracle.path.startswith("in batches: about") and oracle.way.fits == 0


def test_long_fits_of_ours_go_side_by_side_in_threads_and_score_the_same(rows_of, world_named, monkeypatch):
    monkeypatch.setattr(path, "LONG", 0.0)
    monkeypatch.setattr(path.workers, "running", lambda workers: False)
    world = world_named("breast cancer, poisoned")
    rows = np.concatenate([row.row for row in rows_of(world, most=20)])
    for learner in (LogisticRegression(), KNeighborsClassifier(n_neighbors=1)):
        together, alone = oracle_of(world, learner, "loop", workers=2), oracle_of(world, learner, "batches")
        seen, loop = set(), together.loop
        monkeypatch.setitem(vars(together), "loop", lambda some, loop=loop, seen=seen: seen.add(get_ident()) or loop(some))
        assert np.array_equal(together.scores(rows), alone.scores(rows))
        assert len(seen) > 1 and get_ident() not in seen


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 257])
def test_the_order_of_a_loop_is_a_fair_sample_at_every_moment(rows):
    order = path.spread(rows)
    assert sorted(order) == list(range(rows))
    for seen in range(max(4, rows // 8), rows):
        assert abs(order[:seen].mean() - (rows - 1) / 2) < 0.15 * rows


def test_rates_are_of_a_processor():
    found = cost.rates()
    assert cost.rates() is found
    assert 1e7 < found.products < 1e13 and 1e6 < found.numbers < 1e12 and 1e3 < found.calls < 1e9


def test_a_path_there_is_not_is_refused(world_named):
    with pytest.raises(GridError, match="no path 'fast'"):
        oracle_of(world_named("wine"), RidgeClassifier(), "fast")


@pytest.fixture
def awake(monkeypatch):
    """Worker processes are there, as far as a path knows."""
    monkeypatch.setattr(workers, "running", lambda processes: True)


def path_of(learner, fit: float, processes: int = 2) -> Path:
    path = Path(learner, None)
    path.processes = processes
    path.learn(1, fit)
    path.learn(1, fit)
    return path


def test_the_longer_a_fit_is_the_more_threads_make_of_it():
    short, long, longer = (path_of(RidgeClassifier(), seconds).gain(seconds) for seconds in (1e-3, 1e-2, 0.1))
    assert 1 == short < long < longer < 2
    assert path_of(RidgeClassifier(), 0.1, processes=1).gain(0.1) == 1


def test_rows_are_sent_where_that_takes_clearly_less(awake):
    small = Shape(100, 4, 50, 2, 8, 50.0)
    tree = path_of(Sklearn("DecisionTreeClassifier"), 5e-3)
    assert tree.worth_sending(100, small) and not tree.worth_sending(4, small) and not tree.worth_sending(1, small)
    ours = path_of(RidgeClassifier(), 0.1)
    assert ours.worth_sending(100, small) and not ours.worth_sending(4, small), "threads do four as fast"
    assert not path_of(Sklearn("DecisionTreeClassifier"), 5e-3, processes=1).worth_sending(100, small)


@pytest.mark.parametrize(("fit", "sizes"), [(1e-3, [32, 31]), (0.1, [2] * 31 + [1]), (1.0, [1] * 63)])
def test_short_loops_are_sent_in_equal_shares_and_long_ones_in_parts(world_named, monkeypatch, fit, sizes):
    sent = []

    @contextmanager
    def busy(processes, work, parts):
        sent.extend(parts)
        yield iter(())

    monkeypatch.setattr(workers, "busy", busy)
    world = world_named("breast cancer")
    oracle, rows = oracle_of(world, Sklearn("DecisionTreeClassifier"), workers=2), all_rows(world.n_objects)[1:]
    assert list(path_of(oracle.learner, fit).divided(oracle, rows, None, np.arange(len(rows)))) == []
    assert [len(part) for part in sent] == sizes
    assert np.concatenate(sent).tolist() == list(range(len(rows)))


def test_rows_with_weights_are_not_fitted_one_by_one_where_that_was_asked_for(world_named):
    world = world_named("breast cancer")
    rows = np.ones((1, world.n_objects), dtype=np.uint8)
    with pytest.raises(GridError, match="weighs examples in batches only"):
        oracle_of(world, RidgeClassifier(), "loop").scores(rows, rows / 2)
