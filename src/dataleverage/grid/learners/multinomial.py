"""The softmax objective of logistic regression with more than two classes, on many rows at once."""

from __future__ import annotations

import copy
from typing import Self

import numpy as np

from dataleverage.grid.cholesky import Floats32
from dataleverage.grid.examples import Examples
from dataleverage.world.world import Floats, Ints


class Softmax:
    """The objectives of rows with three classes or more. Implements `Objectives`, p = K D, class by class.

    A constant added to all intercepts changes no probability, and a class that a row lacks has no coefficients: to give
    the objective one minimum, half of `anchor` times the squared sum of the intercepts is added, and times the squares of
    intercepts of lacking classes. Both vanish there.

    Parameters
    ----------
    examples : those of the units that rows hold. held : (R, n_units) 1 where a row has the unit, or its weight if `weighted`.
    classes : K.
    """

    def __init__(self, examples: Examples, held: Floats, weighted: bool, classes: int) -> None:
        self.examples, self.classes = examples, classes
        self.inside = np.ascontiguousarray(held.T)[examples.unit]  # (m, R)
        self.spread = inverses(self.inside) if weighted else None
        self.total: Floats = self.inside.sum(axis=0)
        self.truth = np.eye(classes)[examples.y]  # (m, K)
        self.present = (self.inside.T @ self.truth > 0).astype(np.float64)  # (R, K)

    @property
    def anchor(self) -> Floats:
        """(R,): of the size that the curvature in an intercept has."""
        return self.total / self.classes

    def take(self, which: Ints) -> Self:
        some = copy.copy(self)
        some.inside, some.total, some.present = self.inside[:, which], self.total[which], self.present[which]
        some.spread = None if self.spread is None else self.spread[:, which]
        return some

    def split(self, w: Floats) -> Floats:
        """(R, K D) -> (R, K, D)."""
        return w.reshape(len(w), self.classes, -1)

    def logits(self, w: Floats) -> Floats:
        """(m, K, R): less the largest over classes; -inf for classes that a row lacks."""
        by_class = self.split(w).transpose(1, 0, 2).reshape(-1, self.examples.size)
        logits: Floats = (self.examples.Z @ by_class.T).reshape(-1, self.classes, len(w))
        logits += np.where(self.present.T > 0, 0.0, -np.inf)
        logits -= logits.max(axis=1, keepdims=True)
        return logits

    def gradient(self, w: Floats) -> tuple[Floats, Floats]:
        """With it go (m, K, R) the probabilities of each row's examples, times weight."""
        p = self.logits(w)
        np.exp(p, out=p)
        p *= (self.inside / p.sum(axis=1))[:, None, :]
        residual = p - self.truth[:, :, None] * self.inside[:, None, :]
        fit = (self.examples.Z.T @ residual.reshape(len(p), -1)).T.reshape(self.classes, len(w), -1)
        W = self.split(w)
        gradient = fit.transpose(1, 0, 2) + self.examples.penalty * W
        b = W[:, :, -1]
        lacking = 1 - self.present
        anchored = (b * self.present).sum(axis=1, keepdims=True) * self.present + b * lacking
        gradient[:, :, -1] += self.anchor[:, None] * anchored
        return gradient.reshape(len(w), -1), p

    def hessians(self, seen: Floats) -> Floats32:
        p, K, D = seen.astype(np.float32), self.classes, self.examples.size
        count, above = p.shape[2], np.triu_indices(K)  # pairs of classes: one large product is faster than many
        scaled = p if self.spread is None else p * self.spread.astype(np.float32)[:, None, :]
        weights = -p[:, above[0]] * scaled[:, above[1]]
        weights[:, above[0] == above[1]] += p
        blocks = self.examples.weighted(weights.reshape(len(p), -1)).reshape(-1, count, D, D)
        result = np.zeros((count, K, D, K, D), dtype=np.float32)
        result[:, above[0], :, above[1], :] = blocks
        diagonal = np.arange(K * D)
        flat = result.reshape(len(result), K * D, K * D)
        flat[:, diagonal, diagonal] += np.tile(self.examples.penalty, K).astype(np.float32)
        for i in range(len(result)):
            result[i, :, -1, :, -1] += self.anchors(i)
        return flat

    def anchors(self, i: int) -> Floats:
        """(K, K): what is added to the Hessian of row i in the intercepts."""
        present = self.present[i]
        return np.asarray(self.anchor[i] * (np.outer(present, present) + np.diag(1 - present)))

    def hessian(self, seen: Floats, i: int) -> Floats:
        inside = self.inside[:, i] > 0
        p, Z, K, D = seen[inside, :, i], self.examples.Z[inside], self.classes, self.examples.size
        chance = p / self.inside[inside, i, None]
        spread = p[:, :, None] * (np.eye(K) - chance[:, None, :])  # (m, K, K)
        result: Floats = np.einsum("mkl,mi,mj->kilj", spread, Z, Z, optimize=True)
        result[:, -1, :, -1] += self.anchors(i) + 1e-14 * self.total[i] * np.eye(K)
        return result.reshape(K * D, K * D) + np.diag(np.tile(self.examples.penalty, K))

    def value(self, w: Floats) -> Floats:
        logits, W = self.logits(w), self.split(w)
        chosen = np.where(self.truth[:, :, None] > 0, logits, 0.0).sum(axis=1)
        # An example outside a row may be of a class that the row lacks, and have an infinite loss there.
        loss = self.inside * np.where(self.inside > 0, np.log(np.exp(logits).sum(axis=1)) - chosen, 0.0)
        b, lacking = W[:, :, -1], 1 - self.present
        anchored = (b * self.present).sum(axis=1) ** 2 + (b * b * lacking).sum(axis=1)
        return np.asarray(loss.sum(axis=0) + (W * W @ self.examples.penalty).sum(axis=1) / 2 + self.anchor * anchored / 2)


def inverses(weights: Floats) -> Floats:
    """One over each weight; 0 for a weight of 0."""
    return np.divide(1.0, weights, out=np.zeros_like(weights), where=weights > 0)
