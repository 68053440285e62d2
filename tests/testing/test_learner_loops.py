"""`check_learner` and loops: what a learner does with a row by itself, and in another process."""

from __future__ import annotations

import os
import threading
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import Field

from dataleverage.errors import FitError
from dataleverage.grid import path
from dataleverage.grid.learner import Learner
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import all_rows, onehot
from dataleverage.testing import check_learner
from dataleverage.testing.worlds import worlds

CLASSIFICATION = 7  # worlds
REGRESSION = 5


class Honest(Learner):
    """Scores a class by how many examples of it the row has near an evaluation example."""

    width: float = 2.0

    def prepare(self, pool, need):
        apart = ((pool.X_eval[:, None] - pool.X) ** 2).mean(axis=2)
        near = np.exp(-apart / (2 * self.width**2))
        stats = pool.per_unit(near.T[:, :, None] * pool.onehot_y[:, None, :]).reshape(pool.n_units, -1)
        return lambda rows: (onehot(rows, pool.n_present) @ stats).reshape(len(rows), -1, pool.n_classes)


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


@pytest.mark.parametrize("kind", [Looping, RanksOneByOneOnAnotherScale, CannotFitOneByOne])
def test_an_honest_loop_passes(kind):
    assert len(check_learner(kind())) == CLASSIFICATION


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
    ],
)
def test_a_broken_loop_is_caught(kind, says):
    with pytest.raises(AssertionError, match=rf"^{kind.__name__}, {says}"):
        check_learner(kind())
