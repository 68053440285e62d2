from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC

from dataleverage.errors import FitError
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners.ridge import RidgeClassifier as OurRidge
from dataleverage.grid.loop import Alone, Loop, reading


def test_poisoned_examples_stand_where_their_clean_twins_do(rows_of, world_named):
    world = world_named("wine, poisoned")
    seen = []

    class Noting(RidgeClassifier):
        def fit(self, X, y, sample_weight=None):
            seen.append((X, y))
            return super().fit(X, y, sample_weight)

    rows = [row for row in rows_of(world) if (row.row > 1).any() and (row.row == 1).any()][:5]
    Loop(pool_of(world), Noting(), "predict")(np.concatenate([row.row for row in rows]))
    for row, (X, y) in zip(rows, seen, strict=True):
        assert np.array_equal(X, row.X) and np.array_equal(y, row.y)


def test_a_copy_that_was_pickled_decides_the_same(rows_of, world_named):
    world = world_named("wine")
    rows = np.concatenate([row.row for row in rows_of(world, most=4)])
    loop = Loop(pool_of(world), SVC(random_state=0), "predict")
    assert np.array_equal(pickle.loads(pickle.dumps(loop))(rows), loop(rows))


def test_a_learner_alone_fits_a_row_as_it_does_among_others(rows_of, world_named, decisions):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=6)
    pool, learner = pool_of(world), OurRidge(alpha=3.0)
    alone = Loop(pool, Alone(learner, "ranking", pool), "decision_function")(np.concatenate([row.row for row in rows]))
    for row, mine in zip(rows, alone, strict=True):
        theirs = RidgeClassifier(alpha=3.0).fit(row.X, row.y).decision_function(world.X_eval)
        assert mine[:, 1] - mine[:, 0] == pytest.approx(theirs, rel=1e-8, abs=1e-10)


class Delegating(OurRidge):
    """Prepares a loop, for whatever it is handed."""

    def prepare(self, pool, need):
        return Loop(pool, RidgeClassifier(alpha=self.alpha), "decision_function")


def test_a_loop_inside_a_fit_of_another_waits_for_nobody(rows_of, world_named):
    world = world_named("breast cancer, poisoned")
    rows = np.concatenate([row.row for row in rows_of(world, most=5)])
    learner, pool = Delegating(), pool_of(world)
    with ThreadPoolExecutor(1) as pool_of_threads:
        nested = pool_of_threads.submit(learner.loop(pool, "ranking"), rows).result(timeout=60)
    assert np.array_equal(nested.argmax(axis=2), learner.prepare(pool, "ranking")(rows).argmax(axis=2))


def test_wrong_parameters_are_told_in_the_first_fit_and_failures_in_any(rows_of, world_named):
    world = world_named("wine")
    rows = np.concatenate([row.row for row in rows_of(world, most=3)])
    with pytest.raises(FitError, match="'C' parameter"):
        Loop(pool_of(world), SVC(C=-1.0), "predict")(rows)
    loop = Loop(pool_of(world), LogisticRegression(max_iter=3), "predict")
    loop.tried = True
    with pytest.raises(FitError, match="could not be fitted on a row") as caught:
        loop(rows)
    assert caught.value.remedy and caught.value.place.key == "learner.estimator"


def test_margins_of_two_classes_and_probabilities_of_more_are_read():
    assert reading(SVC(), "label", 3) == "predict"
    assert reading(SVC(), "ranking", 2) == "decision_function"
    assert reading(SVC(probability=True), "ranking", 3) == "predict_proba"
