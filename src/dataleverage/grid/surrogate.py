"""Surrogates: what is believed of rows that nobody unveiled. A surrogate always says so."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats


class Surrogate(Protocol):
    """Predicts scores of rows from the scores of others."""

    def predict(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C)."""


class NeighbourMean:
    """The mean score of the known rows that differ in the fewest objects; a known row keeps its score.

    rows : (R, n) uint8, at least one; scores : (R, C).
    """

    def __init__(self, rows: Rows, scores: Floats) -> None:
        self.rows, self.scores = rows, scores

    def predict(self, rows: Rows) -> Floats:
        away = (rows[:, None, :] != self.rows[None, :, :]).sum(axis=2)
        nearest = (away == away.min(axis=1, keepdims=True)).astype(np.float64)
        mean: Floats = nearest @ self.scores / nearest.sum(axis=1, keepdims=True)
        return mean


class Additive:
    """An additive datamodel (Ilyas et al. 2022, §2): a score is a sum over how each object is present.

    Fitted by least squares with a small ridge penalty towards no effect, so that it is defined from a single row on.

    rows : (R, n) uint8, at least one; scores : (R, C); n_present : ways of being present.
    """

    def __init__(self, rows: Rows, scores: Floats, n_present: int = 1, penalty: float = 0.1) -> None:
        self.n_present = n_present
        present = onehot(rows, n_present)
        self.centre, self.level = present.mean(axis=0), scores.mean(axis=0)
        spread = present - self.centre
        # the dual form: as many equations as rows, however many objects there are
        inner = spread @ spread.T + penalty * np.eye(len(rows))
        self.effect: Floats = spread.T @ np.linalg.solve(inner, scores - self.level)

    def predict(self, rows: Rows) -> Floats:
        predicted: Floats = self.level + (onehot(rows, self.n_present) - self.centre) @ self.effect
        return predicted
