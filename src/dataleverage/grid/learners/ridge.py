"""Ridge classification and regression: the Gram matrices of objects add, so that a row is one small solve.

Hoerl and Kennard (1970): minimise ‖y − Xw − b‖² + alpha ‖w‖², the intercept b unpenalised.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import FitError
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Task

BATCH = 2**19  # float64 numbers in the Gram matrices solved together: 4 MB stay in the processor's cache


Alpha = Annotated[float, Field(gt=0, description="Strength of the penalty on squared coefficients.")]


class RidgeClassifier(Learner):
    """Least squares on targets −1 and 1 for each class with a squared penalty; the largest prediction is the label.

    Gives labels and rankings, no probabilities. Equal to scikit-learn's RidgeClassifier.
    """

    kind: Literal["ridge_classifier"] = "ridge_classifier"
    alpha: Alpha = 1.0
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        """Two classes share one target, as in scikit-learn: decision values are [−d, d]."""
        signs = 2 * pool.onehot_y - 1
        if pool.n_classes != 2:
            return least_squares(pool, signs, self.alpha)
        positive = least_squares(pool, signs[:, 1:], self.alpha)

        def predict(rows: Rows) -> Floats:
            decision = positive(rows)
            return np.concatenate([-decision, decision], axis=-1)

        return predict


class Ridge(Learner):
    """Linear least-squares regression with a squared penalty on the coefficients, equal to scikit-learn's Ridge."""

    kind: Literal["ridge"] = "ridge"
    alpha: Alpha = 1.0
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    task: ClassVar[tuple[Task, ...]] = ("regression",)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        return least_squares(pool, pool.y.astype(np.float64)[:, None], self.alpha)


def least_squares(pool: Pool, targets: Floats, alpha: float) -> Predictor:
    """What predicts T targets at once: rows (R, n) -> (R, E, T).

    targets : (M, T). Raises FitError where a system cannot be solved.
    """
    # A global shift and scale (undone in the penalty) keep the sums small next to what is subtracted from them.
    constant = np.ptp(pool.X, axis=0) == 0
    shift = np.where(constant, pool.X[0], pool.X.mean(axis=0))
    scale = np.where(constant, 1.0, pool.X.std(axis=0))
    X, X_eval = (pool.X - shift) / scale, (pool.X_eval - shift) / scale
    level = targets.mean(axis=0)
    penalty = np.diag(alpha / scale**2)
    stats = moments(np.concatenate([np.ones((len(X), 1)), X, targets - level], axis=1), pool)
    batch = max(1, BATCH // stats.shape[1])

    def predict(rows: Rows) -> Floats:
        present = onehot(rows, pool.n_present)
        parts = [solve(present[start : start + batch]) for start in range(0, len(rows), batch)]
        return np.concatenate(parts) if parts else np.empty((0, len(X_eval), targets.shape[1]))

    def solve(present: Floats) -> Floats:
        size = X.shape[1]
        side = 1 + size + targets.shape[1]
        sums = (present @ stats).reshape(-1, side, side)
        count = np.maximum(sums[:, :1, :1], 1.0)
        mean = sums[:, :1, 1:] / count
        centred = sums[:, 1:, 1:] - sums[:, 1:, :1] * mean
        try:
            coefficients = np.linalg.solve(centred[:, :size, :size] + penalty, centred[:, :size, size:])
        except np.linalg.LinAlgError as error:
            raise FitError(
                f"the least-squares system of a row cannot be solved with alpha {alpha:g}",
                remedy="Raise alpha, or set preprocess: standardize.",
            ) from error
        intercept = mean[:, :, size:] - mean[:, :, :size] @ coefficients + level
        flat = X_eval @ coefficients.transpose(1, 0, 2).reshape(size, -1)  # one product for all rows
        return np.asarray(flat.reshape(len(X_eval), len(present), -1).transpose(1, 0, 2) + intercept)

    return predict


def moments(Z: Floats, pool: Pool) -> Floats:
    """(n_units, D²): the sum of z zᵀ over the examples of each unit. Z : (M, D)."""
    order = np.argsort(pool.unit, kind="stable")
    ends = np.searchsorted(pool.unit[order], np.arange(pool.n_units + 1))
    result = np.empty((pool.n_units, Z.shape[1] ** 2))
    for unit in range(pool.n_units):
        part = Z[order[ends[unit] : ends[unit + 1]]]
        result[unit] = (part.T @ part).ravel()
    return result
