from __future__ import annotations

import itertools
import threading
import time
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ConfigDict, Field, PrivateAttr
from sklearn import discriminant_analysis, dummy, linear_model, naive_bayes, neighbors, tree

from dataleverage.errors import FitError, GridError
from dataleverage.grid import learners
from dataleverage.grid.learner import Learner
from dataleverage.grid.rows import onehot
from dataleverage.kinds import family
from dataleverage.testing import check_learner

CLASSIFICATION = 7  # worlds
REGRESSION = 5
RATING = 6


def neighbours(kind, k):
    """scikit-learn has no answer to fewer examples than neighbours."""
    return lambda X, y: kind(n_neighbors=k).fit(X, y) if len(X) >= k else None


def logistic(X, y):
    solver = "newton-cholesky" if len(np.unique(y)) == 2 else "lbfgs"
    return linear_model.LogisticRegression(tol=1e-10, solver=solver, max_iter=100_000).fit(X, y)


def discriminant(X, y):
    """scikit-learn needs more examples than classes, and its least-squares solution is noise where columns are collinear."""
    if len(X) <= len(np.unique(y)):
        return None
    return discriminant_analysis.LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3).fit(X, y)


LEARNERS = [
    (learners.RidgeClassifier(), lambda X, y: linear_model.RidgeClassifier(solver="cholesky").fit(X, y), CLASSIFICATION),
    (
        learners.RidgeClassifier(preprocess="standardize_each_row"),
        lambda X, y: linear_model.RidgeClassifier(solver="cholesky").fit(X, y),
        CLASSIFICATION,
    ),
    (learners.Ridge(alpha=0.5), lambda X, y: linear_model.Ridge(alpha=0.5, solver="cholesky").fit(X, y), REGRESSION),
    (learners.NearestCentroid(), lambda X, y: neighbors.NearestCentroid().fit(X, y), CLASSIFICATION),
    (learners.MultinomialNB(), lambda X, y: naive_bayes.MultinomialNB().fit(X, y), CLASSIFICATION),
    (learners.MultinomialNB(preprocess="min_max"), lambda X, y: naive_bayes.MultinomialNB().fit(X, y), CLASSIFICATION),
    (learners.BernoulliNB(binarize=2.5), lambda X, y: naive_bayes.BernoulliNB(binarize=2.5).fit(X, y), CLASSIFICATION),
    (learners.GaussianNB(), lambda X, y: naive_bayes.GaussianNB().fit(X, y), CLASSIFICATION),
    (learners.LinearDiscriminantAnalysis(shrinkage=0.3), discriminant, CLASSIFICATION),
    (learners.LinearDiscriminantAnalysis(), None, CLASSIFICATION),
    (learners.LogisticRegression(), logistic, CLASSIFICATION),
    (learners.LogisticRegression(preprocess="standardize"), logistic, CLASSIFICATION),
    (learners.KNeighborsClassifier(n_neighbors=1), neighbours(neighbors.KNeighborsClassifier, 1), CLASSIFICATION),
    (learners.KNeighborsClassifier(), neighbours(neighbors.KNeighborsClassifier, 5), CLASSIFICATION),
    (learners.KNeighborsRegressor(n_neighbors=3), neighbours(neighbors.KNeighborsRegressor, 3), REGRESSION),
    (
        learners.Sklearn(tree.DecisionTreeClassifier(max_depth=2)),
        lambda X, y: tree.DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y),
        CLASSIFICATION,
    ),
    (
        learners.Sklearn(tree.DecisionTreeRegressor(max_depth=2)),
        lambda X, y: tree.DecisionTreeRegressor(max_depth=2, random_state=0).fit(X, y),
        REGRESSION,
    ),
    # the references of these are in their own tests
    (learners.MatrixFactorization(), None, RATING),
    (learners.ItemMean(), None, RATING),
    (learners.ItemKNN(), None, RATING),
]


@pytest.mark.filterwarnings("ignore:.*within_class_std_dev_", "ignore:Only one sample", "ignore::RuntimeWarning:sklearn")
@pytest.mark.parametrize(("learner", "reference", "expected"), LEARNERS, ids=lambda value: getattr(value, "tag", ""))
def test_every_learner_of_the_package_passes(learner, reference, expected):
    repeats = not isinstance(learner, learners.Sklearn)  # trees break ties by rounding
    assert len(check_learner(learner, reference=reference, repeats=repeats)) == expected


def test_no_learner_of_the_package_is_left_out():
    ours = {tag for tag, kind in family("learner").members.items() if kind.__module__.startswith("dataleverage.")}
    assert ours == {learner.tag for learner, _, _ in LEARNERS}


# ---------------------------------------------------------------------- broken ones, none of which is registered


class Honest(Learner):
    """Scores a class by how many examples of it the row has near an evaluation example."""

    width: float = 2.0

    def prepare(self, pool, need):
        apart = ((pool.X_eval[:, None] - pool.X) ** 2).mean(axis=2)
        near = np.exp(-apart / (2 * self.width**2))
        stats = pool.per_unit(near.T[:, :, None] * pool.onehot_y[:, None, :]).reshape(pool.n_units, -1)
        return lambda rows: (onehot(rows, pool.n_present) @ stats).reshape(len(rows), -1, pool.n_classes)


class Weighs(Honest):
    """Honest with weights, too."""

    weighs: ClassVar[bool] = True

    def prepare(self, pool, need):
        apart = ((pool.X_eval[:, None] - pool.X) ** 2).mean(axis=2)
        near = np.exp(-apart / (2 * self.width**2))
        stats = pool.per_unit(near.T[:, :, None] * pool.onehot_y[:, None, :]).reshape(pool.n_units, -1)

        def predict(rows, weights=None):
            return (onehot(rows, pool.n_present, weights) @ stats).reshape(len(rows), -1, pool.n_classes)

        return predict


class IgnoresWeights(Weighs):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows, weights=None: honest(rows)


class SquaresWeights(Weighs):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows, weights=None: honest(rows, None if weights is None else weights**2)


class WeighsBesideOthers(Weighs):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows, weights=None: honest(rows, None if weights is None else weights / weights.mean() + 0 * weights)


class KeepsWeights(Weighs):
    def prepare(self, pool, need):
        honest, last = super().prepare(pool, need), {}

        def predict(rows, weights=None):
            if weights is not None:
                last[len(rows)] = weights
            return honest(rows, last.get(len(rows)) if weights is None else weights)

        return predict


class DependsOnTheBatch(Honest):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows: honest(rows) + np.append(rows.mean(), np.zeros(pool.n_classes - 1))


class DependsOnTheOrder(Honest):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows: honest(rows) + 1e-6 * (len(rows) > 5) * np.arange(len(rows))[::-1, None, None]


class Remembers(Honest):
    def prepare(self, pool, need):
        honest, calls = super().prepare(pool, need), itertools.count()
        return lambda rows: honest(rows) + 10.0 * next(calls) * np.eye(pool.n_classes)[0]


class LooksAtAbsentObjects(Honest):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows: honest(rows) + 3 * honest(np.ones_like(rows))


class TakesPoisonForClean(Honest):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows: honest(np.minimum(rows, 1))


class WritesToThePool(Honest):
    def prepare(self, pool, need):
        pool.X[:] /= 2
        return super().prepare(pool, need)


class WritesToRows(Honest):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)

        def predict(rows):
            found = honest(rows)
            rows[:] = 1
            return found

        return predict


class ReusesItsOutput(Honest):
    def prepare(self, pool, need):
        honest, out = super().prepare(pool, need), np.empty((500, len(pool.X_eval), pool.n_classes))

        def predict(rows):
            out[: len(rows)] = honest(rows)
            return out[: len(rows)]

        return predict


class NotForThreads(Honest):
    def prepare(self, pool, need):
        honest, state = super().prepare(pool, need), {}

        def predict(rows):
            state["rows"] = rows
            time.sleep(0.001)
            return honest(state["rows"])

        return predict


class OneThread(NotForThreads):
    threads: ClassVar[bool] = False


class SinglePrecision(Honest):
    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows: honest(rows).astype(np.float32)


class NoNumberWhereAClassIsRare(Honest):
    def prepare(self, pool, need):
        honest, counts = super().prepare(pool, need), pool.per_unit(pool.onehot_y)
        rare = lambda rows: (onehot(rows, pool.n_present) @ counts < 3)[:, None, :]  # noqa: E731
        return lambda rows: np.where(rare(rows), np.nan, honest(rows))


class CannotDoFewExamples(Honest):
    def prepare(self, pool, need):
        honest, sizes = super().prepare(pool, need), pool.per_unit(np.ones(len(pool.y)))

        def predict(rows):
            if (onehot(rows, pool.n_present) @ sizes < 5).any():
                raise ValueError("five examples are needed")
            return honest(rows)

        return predict


class SaysWhatItCannotDo(Honest):
    def prepare(self, pool, need):
        honest, sizes = super().prepare(pool, need), pool.per_unit(np.ones(len(pool.y)))

        def predict(rows):
            if (onehot(rows, pool.n_present) @ sizes < 5).any():
                raise FitError("five examples are needed")
            return honest(rows)

        return predict


class NeverFits(Honest):
    def prepare(self, pool, need):
        def predict(rows):
            raise FitError("it did not converge")

        return predict


class RefusesEverything(Honest):
    def check(self, pool, need):
        raise GridError("not on these examples")


class ForgetsAParameter(Honest):
    def fingerprint(self):
        return "always the same"


class NewFingerprintEachTime(Honest):
    def fingerprint(self):
        return str(next(COUNT))


COUNT = itertools.count()


class Thawed(Honest):
    model_config = ConfigDict(frozen=False)


class HoldsAList(Honest):
    widths: list[float] = Field(default_factory=lambda: [1.0])


class HoldsALock(Honest):
    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()

    _lock: Any = PrivateAttr(None)


@pytest.mark.parametrize("kind", [Honest, OneThread, Weighs])
def test_an_honest_learner_passes(kind):
    assert len(check_learner(kind())) == CLASSIFICATION


def test_rows_that_say_they_cannot_be_fitted_are_left_out():
    assert len(check_learner(SaysWhatItCannotDo())) == CLASSIFICATION


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (DependsOnTheBatch, r"batch and one by one: on the world 'two classes', .*\(row [A-F]+ = \["),
        (DependsOnTheOrder, r"batch and one by one: .*decision values differ by .*1e-09 is allowed \(row"),
        (Remembers, r"chunks: .*of 25 labels differ: the first, of example \d+, is 0 and not 1 \(row"),
        (LooksAtAbsentObjects, r"examples of absent objects: .*\(row"),
        (TakesPoisonForClean, r"examples of absent objects: on the world '.*poisoned', .*\(row .*\*"),
        (WritesToThePool, r"inputs: .*the pool's X was written to"),
        (WritesToRows, r"inputs: .*the rows were written to \(row"),
        (ReusesItsOutput, r"outputs: .*returned for one batch was written to"),
        (IgnoresWeights, r"whole-number weights and repeated examples: .*labels differ: .*\(row"),
        (SquaresWeights, r"whole-number weights and repeated examples: .*labels differ: .*\(row"),
        (WeighsBesideOthers, r"weights of one: .*\(row"),
        (KeepsWeights, r"none after weights: .*\(row"),
        (NotForThreads, r"threads: .*\(row"),
        (SinglePrecision, r"outputs: .*float32 .* and not float64"),
        (NoNumberWhereAClassIsRare, r"outputs: .*NaN.*\(row"),
        (CannotDoFewExamples, r"fitting: .*ValueError: five examples are needed \(row"),
        (NeverFits, r"fitting: .*no row can be fitted: it did not converge"),
        (RefusesEverything, r"refuses every world: not on these examples"),
        (ForgetsAParameter, r"fingerprint: it is the same with preprocess = 'none' and with 'standardize'"),
        (NewFingerprintEachTime, r"fingerprint: it is not the same each time"),
        (Thawed, r"frozen: its parameter `preprocess` can be set"),
        (HoldsAList, r"hashable: "),
        (HoldsALock, r"pickling: TypeError: "),
    ],
)
def test_a_broken_learner_is_caught(kind, says):
    with pytest.raises(AssertionError, match=rf"^{kind.__name__}(,|:) {says}" if "refuses" not in says else says):
        check_learner(kind())


def test_another_algorithm_than_the_reference_is_caught():
    with pytest.raises(AssertionError, match=r"reference: .*labels differ: .*\(row"):
        check_learner(learners.KNeighborsClassifier(n_neighbors=3), reference=neighbours(neighbors.KNeighborsClassifier, 1))
    with pytest.raises(AssertionError, match=r"reference: .*predictions differ by .*\(row"):
        check_learner(learners.Ridge(), reference=lambda X, y: dummy.DummyRegressor().fit(X, y))


def test_what_is_no_learner_is_said_to_be_none():
    with pytest.raises(AssertionError, match="DecisionTreeClassifier: it is no Learner"):
        check_learner(tree.DecisionTreeClassifier())
