"""What metrics read from the decision values of a batch: labels, probabilities, errors, each computed at most once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataleverage.world.world import Floats, Mask

TIE = 1e-10  # decision values so near, relative to their size, are equal: a batch of one row rounds otherwise than one of many
LARGE = 1e300  # stands for infinity where it would make NaN
LEAST = float(np.log(np.finfo(np.float64).tiny))  # log probabilities below this are of a probability of 0
EPSILON = float(np.finfo(np.float64).eps)  # probabilities are clipped here, as scikit-learn's log_loss does
COUNTED = 2**24  # whole numbers up to here are exact in float32, whose products are twice as fast


class Seen:
    """The decision values of a batch, and what metrics read from them, each computed at most once.

    decision : (R, E, K). Two classes may have K = 1: the margin of the second over the first.
    y : (E,) class indices or targets.
    """

    def __init__(self, decision: Floats, y: NDArray[np.generic]) -> None:
        self.decision, self.y = decision, y

    @property
    def two(self) -> bool:
        """Whether there are two classes; not asked of a regression."""
        return bool(self.decision.shape[-1] <= 2)

    @cached_property
    def margin(self) -> Floats:
        """(R, E): the second of two classes over the first; ±inf where the row lacks one."""
        if self.decision.shape[-1] == 1:
            return self.decision[..., 0]
        return np.asarray(self.decision[..., 1] - self.decision[..., 0])

    @cached_property
    def correct(self) -> NDArray[np.floating]:
        """(R, E): 1 where the label is right, 0 elsewhere. Ties go to the lowest class.

        A class is preferred to a lower one if it is ahead by more than `TIE`, relative to the lower one's size, or to 1.
        """
        right = self.second == (self.y == 1) if self.two else self.label == self.y
        return np.asarray(right, dtype=np.float32 if len(self.y) < COUNTED else np.float64)

    @cached_property
    def second(self) -> Mask:
        """(R, E): whether the label is the second of two classes."""
        margin = self.margin
        if self.decision.shape[-1] == 1:
            return np.asarray(margin > TIE)  # which a margin above 1 is relative to its own size too
        ahead = np.asarray(margin > 0)
        if not self.decision.size:
            return ahead
        # No first value is larger than all, so what is ahead by that much is ahead; usually that is everything.
        largest = max(1.0, float(self.decision.max()), -float(self.decision.min()))
        sure = margin > TIE * largest
        if np.count_nonzero(sure) < np.count_nonzero(ahead):
            near = np.nonzero(ahead & ~sure)
            ahead[near] = margin[near] > TIE * np.clip(np.abs(self.decision[..., 0][near]), 1.0, LARGE)
        return ahead

    @cached_property
    def label(self) -> NDArray[np.int32]:
        """(R, E): the index of the class."""
        best = self.decision[..., 0].copy()  # -inf where the row lacks the class
        label, least = np.zeros(best.shape, dtype=np.int32), np.empty(best.shape)
        for k in range(1, self.decision.shape[-1]):  # several times faster than argmax over a short last axis
            np.clip(np.abs(best, out=least), 1.0, LARGE, out=least)
            least *= TIE
            least += best
            better = self.decision[..., k] > least
            np.copyto(label, k, where=better)
            np.copyto(best, self.decision[..., k], where=better)
        return label

    @cached_property
    def log_probability(self) -> Floats:
        """(R, E, K): log of the softmax; -inf for classes that a row lacks. Of more than two classes."""
        top = self.decision.max(axis=-1, keepdims=True)
        with np.errstate(divide="ignore"):  # exp(-inf) is the zero wanted
            shifted: Floats = self.decision - top
            return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))

    @cached_property
    def loss(self) -> Floats:
        """(R, E): −log of the probability given to the true class, clipped."""
        if self.two:  # log(1 + exp(−x)) of the margin x of the true class, in the form that does not overflow
            behind = np.where(self.y == 1, -1.0, 1.0) * self.margin
            loss = np.log1p(np.exp(-np.abs(behind))) + np.maximum(behind, 0.0)
            return np.asarray(np.clip(loss, -np.log1p(-EPSILON), -np.log(EPSILON)))
        index = np.broadcast_to(self.y.astype(np.int64)[None, :, None], (*self.decision.shape[:2], 1))
        given = np.exp(np.take_along_axis(self.log_probability, index, axis=-1)[..., 0])
        return np.asarray(-np.log(np.clip(given, EPSILON, 1 - EPSILON)))

    @cached_property
    def rankings(self) -> list[tuple[int, Floats, Floats]]:
        """Classes that are ranked against the rest: (class, (R, E) the ranking, (R, E) how large the numbers behind it are).

        Two classes have one ranking, by the margin; more have one each, by the log of the probability.
        """
        if self.two:
            behind = self.margin if self.decision.shape[-1] == 1 else self.decision[..., 0]
            return [(1, self.margin, np.clip(np.abs(behind), 1.0, LARGE))]
        top = np.maximum(np.abs(self.decision.max(axis=-1)), 1.0)
        found = []
        for k in range(self.decision.shape[-1]):
            own = np.abs(self.decision[..., k])
            size = np.maximum(top, np.where(np.isfinite(own), own, 0.0))
            found.append((k, np.maximum(self.log_probability[..., k], LEAST), size))
        return found

    @cached_property
    def squared_error(self) -> Floats:
        """(R, E): squared difference between prediction and target."""
        error = self.decision[..., 0] - self.y.astype(np.float64)
        error *= error
        return np.asarray(error)


Scorer = Callable[[Seen], Floats]
"""What is seen -> (R, C') scores of the columns of one metric."""
