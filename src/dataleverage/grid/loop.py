"""A loop: an estimator fitted anew on every row's own examples. Slow where a learner knows better, and always right."""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import FitError, GridError
from dataleverage.grid.learner import Learner, Need, Pool, Predictor, rescaled
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats


class Strictness:
    """Where a warning that a fit did not converge is an error: for the threads of one loop at a time.

    Warnings are a process's, not a thread's: the first thread in changes how they are dealt with, and the last one out undoes
    it; the threads of another loop wait until then. A loop inside a fit of another is a part of that one.
    """

    def __init__(self) -> None:
        self.free = threading.Condition()
        self.inside: set[int] = set()  # threads
        self.owner: object = None
        self.undo = ExitStack()

    @contextmanager
    def within(self, owner: object) -> Iterator[None]:
        """For one of the threads of this owner."""
        from sklearn.exceptions import ConvergenceWarning

        me = threading.get_ident()
        if me in self.inside:
            yield
            return
        with self.free:
            self.free.wait_for(lambda: not self.inside or self.owner is owner)
            if not self.inside:
                self.owner = owner
                self.undo.enter_context(warnings.catch_warnings())
                warnings.simplefilter("error", ConvergenceWarning)
            self.inside.add(me)
        try:
            yield
        finally:
            with self.free:
                self.inside.remove(me)
                if not self.inside:
                    self.owner = None
                    self.undo.close()
                    self.free.notify_all()


STRICT = Strictness()


class Loop:
    """rows (R, n) uint8 -> decision values (R, E, K): an estimator cloned and fitted on each row, in training order.

    It can be pickled where the estimator can.

    Parameters
    ----------
    pool : the examples. model : the estimator, which is never fitted itself.
    method : what decision values are read from, as `reading` finds it.

    Weights are the fit's `sample_weight`. Raises FitError for whatever the estimator raises, and where it warns that it did
    not converge.
    """

    def __init__(self, pool: Pool, model: Any, method: str) -> None:
        importlib.import_module("sklearn.base")  # here, so that no fit that is timed pays for it
        self.pool, self.model, self.method = pool, model, method
        # The place of every example in the clean training set; poisoned ones keep the place of their clean twin.
        self.place: NDArray[np.int64] = np.arange(len(pool.y), dtype=np.int64) % (len(pool.y) // pool.n_present)
        self.tried = False  # parameters that one fit has found to be right need not be looked at in all others

    def __call__(self, rows: Rows, weights: Floats | None = None) -> Floats:
        from sklearn import config_context
        from sklearn.base import clone

        pool = self.pool
        decision = np.empty((len(rows), len(pool.X_eval), max(pool.n_classes, 1)))
        with STRICT.within(self):
            for i, held in enumerate(onehot(rows, pool.n_present, weights)):
                order = np.flatnonzero(held[pool.unit])
                if pool.n_present > 1:
                    order = order[np.argsort(self.place[order], kind="stable")]
                # A world holds finite numbers only.
                with config_context(skip_parameter_validation=self.tried, assume_finite=True):
                    weight = None if weights is None else held[pool.unit[order]]
                    decision[i] = self.decide(self.fit(clone(self.model), pool.X[order], pool.y[order], weight))
                self.tried = True
        return decision

    def fit(self, model: Any, X: Floats, y: NDArray[np.generic], weight: Floats | None) -> Any:
        """The model, fitted."""
        failed = f"{type(model).__name__} could not be fitted on a row of {len(y)} examples"
        with no_score(failed, "Change its parameters (a higher max_iter, say), or set preprocess: standardize."):
            return model.fit(X, y) if weight is None else model.fit(X, y, sample_weight=weight)

    def decide(self, model: Any) -> Floats:
        """(E, K): decision values of one fitted model, in the columns of the classes it saw; -inf in the others."""
        pool, method = self.pool, self.method
        failed = f"{type(model).__name__} was fitted on a row and could not predict"
        with no_score(failed, "Change its parameters (fewer neighbours than the smallest row has examples, say)."):
            given = np.asarray(getattr(model, method)(pool.X_eval))
        if not pool.n_classes:
            return given.reshape(len(pool.X_eval), 1).astype(np.float64)
        if method == "predict":
            return np.eye(pool.n_classes)[given.astype(np.int64)]
        if method == "predict_proba":
            with np.errstate(divide="ignore"):
                given = np.log(given)
        elif given.ndim == 1 or (given.shape[1] == 1 and len(model.classes_) == 2):  # a margin
            given = given.reshape(len(given))
            given = np.stack([-given / 2, given / 2], axis=1)
        decision = np.full((len(pool.X_eval), pool.n_classes), -np.inf)
        decision[:, model.classes_.astype(np.int64)] = given
        return decision


class Alone:
    """A learner as an estimator: it is prepared for the examples of one row, and asked for that row.

    Decision values are those of the learner, in the columns of all classes; what a class has that the row lacks means nothing.
    """

    def __init__(self, learner: Learner, need: Need, pool: Pool) -> None:
        self.learner, self.need, self.pool, self.classes_ = learner, need, pool, np.arange(pool.n_classes)

    def __sklearn_clone__(self) -> Alone:
        return type(self)(self.learner, self.need, self.pool)

    def fit(self, X: Floats, y: NDArray[np.generic]) -> Alone:
        self.X, self.y = X, y
        return self

    def decision_function(self, X: Floats) -> Floats:
        """(E, K), or (E, 1) for regression."""
        return np.asarray(self.learner.prepare(self.own(X), self.need)(np.ones((1, 1), dtype=np.uint8))[0])

    predict = decision_function

    def own(self, X: Floats) -> Pool:
        """The examples of the row, as one object that is present."""
        unit = np.zeros(len(self.X), dtype=np.int64)
        return replace(self.pool, X=self.X, y=self.y, unit=unit, n_units=1, n_present=1, X_eval=X)


class Rescaled(Alone):
    """A learner as an estimator that scales features by the examples of one row, and then does what its own loop does."""

    def decision_function(self, X: Floats) -> Floats:
        """(E, K), or (E, 1) for regression."""
        own = rescaled(self.own(X), self.learner.preprocess)
        return np.asarray(self.learner.loop(own, self.need)(np.ones((1, 1), dtype=np.uint8))[0])

    predict = decision_function


def loop_of(learner: Learner, pool: Pool, need: Need) -> Predictor:
    """What scores rows of the pool one by one: the learner's own loop, on features scaled anew where it asks for that."""
    if not learner.rescales:
        return learner.loop(pool, need)
    return Loop(pool, Rescaled(learner, need, pool), "decision_function" if pool.n_classes else "predict")


def reading(model: Any, need: Need, n_classes: int) -> str:
    """The method to read decision values from. Raises GridError where the estimator has none for this need."""
    if need == "label" or not n_classes:
        return "predict"
    # Margins of more than two classes need not be one a class (SVC's may be one a pair of classes).
    margins = need == "ranking" and n_classes == 2
    methods = ("decision_function", "predict_proba") if margins else ("predict_proba",)
    for method in methods:
        if hasattr(model, method):
            return method
    raise GridError(
        f"{type(model).__name__} has no {' or '.join(methods)}, and a metric of the columns needs its {need}",
        remedy="Choose another metric (accuracy), or an estimator that gives probabilities.",
        key="learner.estimator",
    )


@contextmanager
def no_score(failed: str, remedy: str) -> Iterator[None]:
    """Whatever an estimator raises is that it has no score: an estimator may raise anything."""
    try:
        yield
    except FitError:
        raise
    except Exception as error:
        raise FitError(f"{failed}: {error}", remedy=remedy, key="learner.estimator") from error
