from __future__ import annotations

import itertools
import os
import threading
import time
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ConfigDict, Field, PrivateAttr
from sklearn import discriminant_analysis, dummy, linear_model, naive_bayes, neighbors, tree

from dataleverage.errors import FitError, GridError
from dataleverage.grid import learners, path
from dataleverage.grid.learner import Learner
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import all_rows, onehot
from dataleverage.kinds import family
from dataleverage.testing import check_learner
from dataleverage.testing.worlds import worlds

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


class Looping(Honest):
    """Its loop is one of its own."""

    def loop(self, pool, need):
        honest = super().loop(pool, need)
        return lambda rows: self.looped(honest(rows))

    def looped(self, decision):
        return decision + 3


class FitsOneByOneAnotherModel(Looping):
    def looped(self, decision):
        return -decision


class FitsOneByOneWithOtherProbabilities(Looping):
    """Honest says joint likelihoods of a sort; labels are the same, and only their softmax is not."""

    def prepare(self, pool, need):
        honest = super().prepare(pool, need)
        return lambda rows: np.log1p(honest(rows))

    def looped(self, decision):
        return 1.01 * decision


class RanksOneByOneInAnotherOrder(Looping):
    gives: ClassVar[Any] = ("label", "ranking")

    def looped(self, decision):
        margin = (decision[..., 1] - decision[..., 0])[..., None]
        return np.concatenate([np.zeros_like(margin), np.sign(margin) * (1 + 1 / (1 + np.abs(margin)))], axis=2)


class RanksOneByOneOnAnotherScale(RanksOneByOneInAnotherOrder):
    def looped(self, decision):
        if decision.shape[2] > 2:
            return 5 * decision
        margin = (decision[..., 1] - decision[..., 0])[..., None]
        return np.concatenate([np.zeros_like(margin), np.sign(margin) * np.abs(margin) ** 0.5], axis=2)


class CannotFitOneByOne(Looping):
    def looped(self, decision):
        raise FitError("only in batches")


class FailsOneByOne(Looping):
    def looped(self, decision):
        raise ZeroDivisionError("a row by itself")


class FitsOneByOneInAnotherShape(Looping):
    def looped(self, decision):
        return decision[:, :-1]


class Numbers(Learner):
    """The mean target of a row's examples, each of which counts by how near it is."""

    task: ClassVar[Any] = ("regression",)
    gives: ClassVar[Any] = ("label", "ranking")
    off: float = 0.0

    def prepare(self, pool, need):
        near = np.exp(-((pool.X_eval[:, None] - pool.X) ** 2).mean(axis=2) / 8).T
        stats = pool.per_unit(np.stack([near, near * pool.y[:, None]], axis=2)).reshape(pool.n_units, -1)

        def predict(rows):
            weight, total = (onehot(rows, pool.n_present) @ stats).reshape(len(rows), -1, 2).transpose(2, 0, 1)
            return (total / weight)[..., None]

        return predict

    def loop(self, pool, need):
        honest = super().loop(pool, need)
        return lambda rows: honest(rows) + self.off


class LoopThatStaysHere(Looping):
    def loop(self, pool, need):
        honest, lock = super().loop(pool, need), threading.Lock()

        def predict(rows):
            with lock:
                return honest(rows)

        return predict


class Forgetful:
    """Decides by something that is not sent along."""

    def __init__(self, honest):
        self.honest, self.sign = honest, 1.0

    def __getstate__(self):
        return {"honest": self.honest, "sign": -1.0}

    def __call__(self, rows):
        return self.sign * self.honest(rows)


class LoopIsAnotherOneElsewhere(Looping):
    def loop(self, pool, need):
        return Forgetful(super().loop(pool, need))


class DependsOnTheProcess(Honest):
    process: int = Field(default_factory=os.getpid)

    def prepare(self, pool, need):
        honest, sign = super().prepare(pool, need), 1.0 if os.getpid() == self.process else -1.0
        return lambda rows: sign * honest(rows)


class Thawed(Honest):
    model_config = ConfigDict(frozen=False)


class HoldsAList(Honest):
    widths: list[float] = Field(default_factory=lambda: [1.0])


class HoldsALock(Honest):
    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()

    _lock: Any = PrivateAttr(None)


@pytest.mark.parametrize("kind", [Honest, OneThread, Weighs, Looping, RanksOneByOneOnAnotherScale, CannotFitOneByOne])
def test_an_honest_learner_passes(kind):
    assert len(check_learner(kind())) == CLASSIFICATION


def test_rows_that_say_they_cannot_be_fitted_are_left_out():
    assert len(check_learner(SaysWhatItCannotDo())) == CLASSIFICATION


def test_a_loop_that_cannot_be_sent_passes_and_stays_in_this_process(monkeypatch):
    """A learner that cannot be pickled is refused; its loop need not be, and then the path says why nothing is sent."""
    assert len(check_learner(LoopThatStaysHere())) == CLASSIFICATION
    world = worlds("classification", 0)["two classes"]
    for name in ("STARTING", "SENDING", "BRIEF", "LONG"):
        monkeypatch.setattr(path, name, np.inf if name == "LONG" else 0.0)
    oracle = TrainedOracle(world, LoopThatStaysHere(), columns_of(world, "accuracy"), workers=2, path="loop")
    rows = np.concatenate([all_rows(6)] * 4)
    assert np.array_equal(
        oracle.scores(rows), TrainedOracle(world, Honest(), columns_of(world, "accuracy"), path="batches").scores(rows)
    )
    assert "in one process, because the learner cannot be sent to another (TypeError: cannot pickle" in oracle.path


def test_a_loop_that_predicts_other_numbers_is_caught():
    assert len(check_learner(Numbers())) == REGRESSION
    with pytest.raises(AssertionError, match=r"loop: on the world 'regression', fitted by itself it differs by .*\(row"):
        check_learner(Numbers(off=1e-3))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (FitsOneByOneAnotherModel, r"loop: .*labels differ: .*\(row"),
        (FitsOneByOneWithOtherProbabilities, r"loop: .*fitted by itself it differs by .*\(row"),
        (RanksOneByOneInAnotherOrder, r"loop: .*fitted by itself it differs by .*\(row"),
        (FailsOneByOne, r"loop: .*ZeroDivisionError: a row by itself \(row"),
        (FitsOneByOneInAnotherShape, r"loop: .*decision values \(\d+, \d\) and not \(\d+, \d\) \(row"),
        (LoopIsAnotherOneElsewhere, r"another process, one by one: .*labels differ: .*\(row"),
        (DependsOnTheProcess, r"another process: .*labels differ: .*\(row"),
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
