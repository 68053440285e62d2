from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn import linear_model
from sklearn.datasets import load_breast_cancer, make_classification

from dataleverage.errors import FitError
from dataleverage.grid import examples, lattice
from dataleverage.grid.cholesky import Factors
from dataleverage.grid.lattice import Lattice
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners import logistic
from dataleverage.grid.learners.logistic import Fits, LogisticRegression
from dataleverage.grid.newton import chords, damped, descend, newton_step
from dataleverage.grid.rows import all_rows, onehot

BINARY = ["breast cancer", "breast cancer, poisoned", "collinear", "few examples, many features"]

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*[Ll]ine[ -]search"),
]


def converged(row, C: float, solver: str = "newton-cholesky") -> linear_model.LogisticRegression:
    """scikit-learn's fit on the row, converged."""
    return linear_model.LogisticRegression(C=C, tol=1e-10, solver=solver, max_iter=10_000).fit(row.X, row.y)


def agree(world, rows, mine, C: float = 1.0) -> None:
    """Labels are those of scikit-learn's fits, and margins within 1e-4."""
    for row, decision in zip(rows, mine, strict=True):
        model = converged(row, C)
        assert np.array_equal(decision.argmax(axis=1), model.predict(world.X_eval))
        assert decision[:, 1] - decision[:, 0] == pytest.approx(model.decision_function(world.X_eval), rel=1e-4, abs=1e-4)


def cancer(world_of, *, objects: int, train: int = 240, standardise: bool = True):
    X, y = load_breast_cancer(return_X_y=True)
    return world_of((X - X.mean(axis=0)) / X.std(axis=0) if standardise else X, y, train=train, objects=objects)


def coefficients_of(world):
    """The world with evaluation examples whose margins are the intercept, and the intercept plus each coefficient."""
    features = world.X.shape[1]
    return dataclasses.replace(world, X_eval=np.vstack([np.zeros(features), np.eye(features)]))


@pytest.fixture
def spied(monkeypatch):
    """How many rows each method was given."""
    counts = {"chords": 0, "damped": 0}

    def counting(name, method):
        def wrapped(rows, *rest):
            counts[name] += len(rows.total)
            return method(rows, *rest)

        return wrapped

    monkeypatch.setattr(logistic, "chords", counting("chords", chords))
    monkeypatch.setattr(logistic, "damped", counting("damped", damped))
    return counts


# ---------------------------------------------------------------------- against scikit-learn


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("name", BINARY)
def test_labels_are_those_of_converged_sklearn_fits(rows_of, decisions, world_named, name, C):
    world = world_named(name)
    rows = rows_of(world, most=25)
    agree(world, rows, decisions(world, LogisticRegression(C=C), rows), C)


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "as measured"])
def test_every_row_of_four_objects(world_of, rows_of, decisions, standardise):
    world = cancer(world_of, objects=4, standardise=standardise)
    rows = rows_of(world)
    assert len(rows) >= 14
    agree(world, rows, decisions(world, LogisticRegression(), rows))


def test_rows_in_no_order_from_a_lattice_of_twelve(world_of, rows_of, decisions):
    world = cancer(world_of, objects=12)
    rows = rows_of(world, most=200)
    agree(world, rows, decisions(world, LogisticRegression(), rows))


def test_all_rows_of_a_lattice_of_nine(world_of, rows_of, decisions, spied):
    world = cancer(world_of, objects=9)
    rows = rows_of(world, most=2**9)
    mine = decisions(world, LogisticRegression(), rows)
    picked = np.random.default_rng(0).choice(len(rows), 60, replace=False)
    agree(world, [rows[i] for i in picked], mine[picked])
    assert spied["damped"] == 0


def test_three_hundred_features(world_of, rows_of, decisions):
    X, y = make_classification(200, 300, n_informative=20, random_state=0)
    world = world_of(X, y, train=120, objects=5)
    rows = rows_of(world, most=5)
    agree(world, rows, decisions(world, LogisticRegression(), rows))


@pytest.mark.parametrize(("solver", "within"), [("lbfgs", 1e-4), ("newton-cholesky", 1e-8)])
def test_coefficients_are_those_of_converged_sklearn_fits(rows_of, decisions, world_named, solver, within):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=30)
    for row, mine in zip(rows, decisions(coefficients_of(world), LogisticRegression(), rows)[..., 1], strict=True):
        model = converged(row, 1.0, solver)
        assert mine[0] == pytest.approx(model.intercept_[0], abs=within)
        assert mine[1:] - mine[0] == pytest.approx(model.coef_[0], abs=within)


def test_the_gradient_of_the_objective_vanishes(rows_of, decisions, world_named):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=100)
    for row, mine in zip(rows, decisions(coefficients_of(world), LogisticRegression(C=3.0), rows)[..., 1], strict=True):
        w = mine[1:] - mine[0]
        residual = 1 / (1 + np.exp(-(row.X @ w + mine[0]))) - row.y
        assert np.abs(w + 3.0 * residual @ row.X).max() / len(row.y) < 1e-9
        assert abs(residual.sum()) / len(row.y) < 1e-9


@settings(max_examples=15, deadline=None)
@given(train=st.integers(6, 30), features=st.integers(1, 5), C=st.sampled_from([0.1, 10.0]), seed=st.integers(0, 10**6))
def test_objective_is_the_least_there_is_for_all_shapes(world_of, rows_of, decisions, train, features, C, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(train + 4, features)) + rng.normal(size=features) * 3
    y = rng.permutation(np.arange(train + 4) % 2)
    world = world_of(X, y, train=train, objects=3, seed=seed)
    rows = rows_of(world)
    if not rows:
        return
    for row, mine in zip(rows, decisions(coefficients_of(world), LogisticRegression(C=C), rows)[..., 1], strict=True):
        mine = np.append(mine[1:] - mine[0], mine[0])

        def objective(w, row=row):
            margin = (2 * row.y - 1) * (row.X @ w[:-1] + w[-1])
            return w[:-1] @ w[:-1] / 2 + C * np.logaddexp(0, -margin).sum()

        found = minimize(objective, np.zeros(features + 1), method="BFGS", options={"gtol": 1e-7})
        assert objective(mine) <= found.fun + 1e-9 * (1 + abs(found.fun))
        assert mine == pytest.approx(found.x, abs=1e-3)


def test_separable_rows_with_hardly_any_penalty_converge(rows_of, decisions, world_named):
    world = world_named("few examples, many features")
    rows = rows_of(world, most=10)
    for row, mine in zip(rows, decisions(world, LogisticRegression(C=1e6), rows), strict=True):
        fitted = decisions(dataclasses.replace(world, X_eval=row.X), LogisticRegression(C=1e6), [row])[0]
        assert np.isfinite(mine).all()
        assert np.array_equal(fitted.argmax(axis=1), row.y)


# ---------------------------------------------------------------------- order, chunks, threads, memory


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_coefficients_do_not_depend_on_order_or_company(world_of, C):
    pool = pool_of(coefficients_of(cancer(world_of, objects=8)))
    counts = onehot(all_rows(8), 1) @ pool.per_unit(pool.onehot_y)
    rows = all_rows(8)[(counts > 0).all(axis=1)]
    learner = LogisticRegression(C=C)
    together = learner.prepare(pool, "ranking")(rows)
    order = np.random.default_rng(0).permutation(len(rows))
    predict, apart = learner.prepare(pool, "ranking"), np.empty_like(together)
    for part in np.array_split(order, 9):
        apart[part] = predict(rows[part])
    assert apart == pytest.approx(together, abs=1e-9)
    assert predict(rows) == pytest.approx(together, abs=1e-9)  # again, now that it remembers them
    alone = np.concatenate([learner.prepare(pool, "ranking")(row[None]) for row in rows[::16]])
    assert alone == pytest.approx(together[::16], abs=1e-9)


def test_rows_do_not_depend_on_the_batch_they_come_in(rows_of, decisions, world_named):
    world = world_named("collinear")
    rows = rows_of(world, most=20)
    together = decisions(world, LogisticRegression(), rows)
    alone = np.concatenate([decisions(world, LogisticRegression(), [row]) for row in rows])
    assert together == pytest.approx(alone, abs=1e-8)


def test_threads_may_ask_at_once(world_of):
    pool = pool_of(cancer(world_of, objects=8))
    rows = all_rows(8)[-128:]
    expected = LogisticRegression().prepare(pool, "label")(rows)
    predict = LogisticRegression().prepare(pool, "label")
    parts = np.array_split(np.random.default_rng(0).permutation(128), 8)
    with ThreadPoolExecutor(4) as threads:
        for part, found in zip(parts, threads.map(lambda part: predict(rows[part]), parts), strict=True):
            assert found == pytest.approx(expected[part], abs=1e-7)


def test_a_memory_of_few_rows_changes_nothing(rows_of, decisions, world_named, monkeypatch):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=100)
    expected = decisions(world, LogisticRegression(), rows)
    monkeypatch.setattr(lattice, "MOST_ROWS", 7)
    assert decisions(world, LogisticRegression(), rows) == pytest.approx(expected, abs=1e-7)


def test_too_many_features_for_outer_products_gives_the_same(rows_of, decisions, world_named, monkeypatch):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=8)
    packed = decisions(world, LogisticRegression(), rows)
    monkeypatch.setattr(examples, "PRODUCTS", 1)
    monkeypatch.setattr(logistic, "BATCH", 500)  # and several batches
    assert decisions(world, LogisticRegression(), rows) == pytest.approx(packed, abs=1e-7)


# ---------------------------------------------------------------------- starts that are no good


@pytest.mark.parametrize("bad", ["far", "not a number", "of another row"])
def test_bad_starts_cost_steps_and_change_nothing(rows_of, decisions, world_named, monkeypatch, bad):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=60)
    expected = decisions(world, LogisticRegression(), rows)
    honest = Lattice.forecast

    def misled(self, asked):
        forecast = honest(self, asked)
        rng = np.random.default_rng(0)
        start = {
            "far": rng.normal(size=forecast.start.shape) * 300,
            "not a number": np.full_like(forecast.start, np.nan),
            "of another row": -forecast.start[::-1],
        }[bad]
        return dataclasses.replace(forecast, start=start)

    monkeypatch.setattr(Lattice, "forecast", misled)
    assert decisions(world, LogisticRegression(), rows) == pytest.approx(expected, abs=1e-7)


def far_rows(world_of):
    """Objectives of three rows, and starts from which an undamped Newton step overshoots by orders of magnitude."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    fits = Fits(pool_of(world_of(X, y, train=50, objects=3)), LogisticRegression(), (0, 1))
    rows = fits.objectives(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=np.uint8))
    return fits, rows, np.stack([np.full(4, 8.0), np.full(4, -30.0), np.zeros(4)])


def test_a_row_whose_gradient_grows_is_given_up_and_solved_from_zero(world_of, spied):
    fits, rows, far = far_rows(world_of)
    _, found = chords(rows, far, 100, 1e-10)
    assert found.tolist() == [False, False, True]
    expected = damped(rows, 4, 100, 1e-10)
    assert fits.minimise(rows, far) == pytest.approx(expected, abs=1e-9)
    assert spied == {"chords": 5, "damped": 0}


def test_a_row_is_given_up_as_soon_as_its_gradient_grows(world_of, monkeypatch):
    _, rows, far = far_rows(world_of)
    looks, exact = [], type(rows).gradient
    monkeypatch.setattr(type(rows), "gradient", lambda self, w: looks.append(len(w)) or exact(self, w))
    chords(rows.take(np.array([0])), far[:1], 100, 1e-10)
    assert looks == [1, 1]


def test_where_undamped_steps_fail_from_zero_too_damped_ones_do_not(world_of, spied, monkeypatch):
    fits, rows, far = far_rows(world_of)
    expected = damped(rows, 4, 100, 1e-10)

    def hopeless(rows, start, *rest):
        spied["chords"] += len(start)
        return start, np.zeros(len(start), dtype=bool)

    monkeypatch.setattr(logistic, "chords", hopeless)
    assert fits.minimise(rows, far) == pytest.approx(expected, abs=1e-12)
    assert spied == {"chords": 5 + 1, "damped": 3}


def test_steps_that_overshoot_are_halved(world_of):
    _, rows, far = far_rows(world_of)
    gradient, seen = rows.gradient(far)
    step = np.stack([newton_step(rows.hessian(seen, i), gradient[i]) for i in range(3)])
    assert (rows.value(far + step) > rows.value(far)).tolist() == [True, False, False]
    there = descend(rows, far, step)
    assert (rows.value(there) < rows.value(far)).all()
    assert there[1:] == pytest.approx((far + step)[1:])


def test_hessians_that_are_not_positive_definite_in_float32_give_no_step():
    matrices = np.stack([np.eye(3), -np.eye(3), np.diag([1.0, 2.0, 4.0])]).astype(np.float32)
    solution = Factors(matrices).solve(np.ones((3, 3)))
    assert solution[[0, 2]] == pytest.approx(np.array([[1.0, 1.0, 1.0], [1.0, 0.5, 0.25]]))
    assert np.isnan(solution[1]).all()


def test_factors_solve_symmetric_systems():
    rng = np.random.default_rng(0)
    roots, right = rng.normal(size=(5, 7, 7)), rng.normal(size=(5, 7))
    matrices = roots @ roots.transpose(0, 2, 1) + np.eye(7)
    expected = np.linalg.solve(matrices, right[..., None])[..., 0]
    matrices[:, *np.tril_indices(7, -1)] = np.nan  # which nobody reads
    factors = Factors(matrices.astype(np.float32))
    assert factors.solve(right) == pytest.approx(expected, abs=1e-4)
    assert factors.take(np.array([3, 1])).solve(right[[3, 1]]) == pytest.approx(expected[[3, 1]], abs=1e-4)


def test_rows_that_do_not_converge_raise(rows_of, decisions, world_named):
    world = world_named("breast cancer")
    with pytest.raises(FitError, match=r"of \d+ rows did not converge in 2 Newton steps .largest gradient") as caught:
        decisions(world, LogisticRegression(max_iter=2), rows_of(world, most=12))
    assert "standardize" in caught.value.remedy


# ---------------------------------------------------------------------- weights


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("name", BINARY)
def test_weights_are_those_of_converged_sklearn_fits(rows_of, weighted, decisions, world_named, name, C):
    world = world_named(name)
    rows = weighted(world, rows_of(world, most=25))
    for row, mine in zip(rows, decisions(world, LogisticRegression(C=C), rows), strict=True):
        model = linear_model.LogisticRegression(C=C, tol=1e-10, solver="newton-cholesky", max_iter=10_000)
        model.fit(row.X, row.y, sample_weight=row.w)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        assert mine[:, 1] - mine[:, 0] == pytest.approx(model.decision_function(world.X_eval), rel=1e-4, abs=1e-4)


def test_weights_and_C_scale_together(rows_of, weighted, decisions, world_named):
    world = world_named("breast cancer, poisoned")
    rows = weighted(world, rows_of(world, most=20))
    thousandth = [dataclasses.replace(row, weights=row.weights / 1000) for row in rows]
    expected = decisions(world, LogisticRegression(C=0.5), rows)
    assert decisions(world, LogisticRegression(C=500.0), thousandth) == pytest.approx(expected, abs=1e-7)
    assert np.abs(decisions(world, LogisticRegression(C=0.5), thousandth) - expected).max() > 0.1


def test_rows_solved_with_other_weights_are_no_more_than_a_start(rows_of, weighted, decisions, world_named):
    world = world_named("breast cancer, poisoned")
    rows, learner = rows_of(world, most=40), LogisticRegression()
    asked = np.concatenate([row.row for row in rows])
    predict = learner.prepare(pool_of(world), "ranking")
    for seed in range(4):
        aged = weighted(world, rows, seed=seed)
        mine = predict(asked, np.concatenate([row.weights for row in aged]))
        assert mine[..., 0] == pytest.approx(decisions(world, learner, aged)[..., 1], abs=1e-7)
    assert predict(asked)[..., 0] == pytest.approx(decisions(world, learner, rows)[..., 1], abs=1e-7)


def test_starts_that_are_far_are_given_up_with_weights_too(rows_of, weighted, decisions, world_named, monkeypatch):
    world = world_named("breast cancer, poisoned")
    rows = weighted(world, rows_of(world, most=40))
    expected = decisions(world, LogisticRegression(), rows)
    honest = Lattice.forecast

    def misled(self, asked):
        forecast = honest(self, asked)
        return dataclasses.replace(forecast, start=300 * np.random.default_rng(0).normal(size=forecast.start.shape))

    monkeypatch.setattr(Lattice, "forecast", misled)
    assert decisions(world, LogisticRegression(), rows) == pytest.approx(expected, abs=1e-7)


def test_damped_steps_with_weights_find_the_same_minimum(world_of):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    fits = Fits(pool_of(world_of(X, y, train=50, objects=3)), LogisticRegression(), (0, 1))
    rows = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=np.uint8)
    objectives = fits.objectives(rows, np.array([[0.1, 2.0, 1.0], [3.0, 0.01, 0.0], [5.0, 0.0, 0.0]]))
    expected, found = chords(objectives, np.zeros((3, 4)), 100, 1e-12)
    assert found.all()
    assert damped(objectives, 4, 100, 1e-12) == pytest.approx(expected, abs=1e-9)
