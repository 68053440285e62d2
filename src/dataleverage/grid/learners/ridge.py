"""Ridge classification and regression: the Gram matrices of objects add, so that a row is one small solve.

Hoerl and Kennard (1970): minimise ‖y − Xw − b‖² + alpha ‖w‖², the intercept b unpenalised. Weights multiply the squared errors
of their examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy.linalg.lapack import dtrtrs

from dataleverage.errors import FitError
from dataleverage.grid.cost import Cost, Shape, Work, summing
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.rows import Rows
from dataleverage.grid.span import spanned
from dataleverage.grid.sums import Products, Sums
from dataleverage.world.world import Floats, Task

BATCH = 2**16  # float64 numbers in the Gram matrices solved together: with their factors, 1 MB stays in the processor's cache


Alpha = Annotated[float, Field(gt=0, description="Strength of the penalty on squared coefficients.")]


class RidgeClassifier(Learner):
    """Least squares on targets −1 and 1 for each class with a squared penalty; the largest prediction is the label.

    Gives labels and rankings, no probabilities. Equal to scikit-learn's RidgeClassifier.
    """

    kind: Literal["ridge_classifier"] = "ridge_classifier"
    alpha: Alpha = 1.0
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    weighs: ClassVar[bool] = True

    def cost(self, shape: Shape) -> Cost:
        return cost_of(shape, 1 if shape.outputs == 2 else shape.outputs)

    def targets(self, pool: Pool) -> Floats:
        """(M, T): two classes share one target, as in scikit-learn: the margin is its decision value."""
        signs = 2 * pool.onehot_y - 1
        return signs[:, 1:] if pool.n_classes == 2 else signs

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        return least_squares(pool, self.targets(pool), self.alpha)


class Ridge(Learner):
    """Linear least-squares regression with a squared penalty on the coefficients, equal to scikit-learn's Ridge."""

    kind: Literal["ridge"] = "ridge"
    alpha: Alpha = 1.0
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    weighs: ClassVar[bool] = True
    task: ClassVar[tuple[Task, ...]] = ("regression",)

    def targets(self, pool: Pool) -> Floats:
        """(M, 1)."""
        return pool.y.astype(np.float64)[:, None]

    def cost(self, shape: Shape) -> Cost:
        return cost_of(shape, 1)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        return least_squares(pool, self.targets(pool), self.alpha)


def cost_of(shape: Shape, targets: int) -> Cost:
    """Of `least_squares`."""
    d, E = shape.rank, shape.evaluation
    side = d + 1 + targets
    turned = 2 * shape.features * shape.examples**2 if shape.features > shape.examples else 0  # see `spanned`
    once = Work(shape.examples * side**2 + turned, shape.examples * shape.features * 8, 100)
    solve = 1.5 * d**3
    products, kept = summing(shape, side**2)
    together = max(1.0, BATCH / side**2)
    calls = 10 + 25 / together if together < d else 2 + (25 + 3 * side) / together
    row = Work(products + solve + d * E * targets, 10 * side**2 + 4 * E * targets, calls)
    return Cost(once, row, kept)


def least_squares(pool: Pool, targets: Floats, alpha: float) -> Predictor:
    """What predicts T targets at once: rows (R, n) -> (R, E, T). targets : (M, T).

    Raises FitError where a system cannot be solved.
    """
    pool = spanned(pool)
    # A global shift and scale (undone in the penalty) keep the sums small next to what is subtracted from them.
    constant = np.ptp(pool.X, axis=0) == 0
    shift = np.where(constant, pool.X[0], pool.X.mean(axis=0))
    level, size = targets.mean(axis=0), pool.X.shape[1]
    side = 1 + size + targets.shape[1]
    Z = np.ones((len(pool.X), side))  # filled in place: copies of many examples take as long as their products
    X = Z[:, 1 : 1 + size]
    np.subtract(pool.X, shift, out=X)
    scale = np.where(constant, 1.0, np.sqrt(np.einsum("md,md->d", X, X) / len(X)))
    X /= scale
    np.subtract(targets, level, out=Z[:, 1 + size :])
    penalty = alpha / scale**2
    moments = Sums(pool, Products(Z))
    batch = moments.together(BATCH)
    affine = Affine.of((pool.X_eval - shift) / scale, targets.shape[1])

    def predict(rows: Rows, weights: Floats | None = None) -> Floats:
        decision = affine.room(len(rows))
        work = np.empty((min(batch, len(rows)), side * side))  # fresh memory for each batch costs more than the sums
        for start in range(0, len(rows), batch):
            part = slice(start, start + batch)
            sums = moments(rows[part], None if weights is None else weights[part], work[: len(rows[part])])
            affine.fill(coefficients(sums), decision[part])
        return decision

    def coefficients(sums: Floats) -> Floats:
        """(R, D, D), overwritten -> (R, T, d + 1): of the features and, last, intercepts."""
        diagonal = np.einsum("rii->ri", sums)  # a view
        diagonal[:, 1 : 1 + size] += penalty
        diagonal[:, 1 + size :] *= 2  # of the targets, which nothing is read from: now no rounding makes it too small
        diagonal[:, 1 + size :] += 1
        try:
            found = solved(sums, 1 + size)
        except np.linalg.LinAlgError as error:
            raise FitError(
                f"the least-squares system of a row cannot be solved with alpha {alpha:g}",
                remedy="Raise alpha, or set preprocess: standardize.",
            ) from error
        return np.concatenate([found[..., 1:], found[..., :1] + level[:, None]], axis=2)

    return predict


def solved(systems: Floats, size: int) -> Floats:
    """(R, D, D) symmetric -> (R, D − size, size): the first rows' and columns' block solved for each of the last columns.

    The Cholesky factor of all of it has the forward substitution in its last rows, and its first step takes the means out. A
    system that is too near to singular for it goes through elimination with pivots by itself, whatever its batch.
    """
    try:
        factors = np.linalg.cholesky(systems)
    except np.linalg.LinAlgError:
        if len(systems) > 1:
            return np.concatenate([solved(each[None], size) for each in systems])
        return np.asarray(np.linalg.solve(systems[:, :size, :size], systems[:, :size, size:]).transpose(0, 2, 1), np.float64)
    right = np.array(factors[:, size:, :size], dtype=np.float64)
    if len(right) < size:  # fewer calls than a call a column
        for factor, each in zip(factors, right, strict=True):
            each[:] = dtrtrs(factor[:size, :size].T, each.T)[0].T
        return right
    diagonal = np.einsum("rii->ri", factors)
    for j in range(size - 1, -1, -1):
        right[..., j] /= diagonal[:, None, j]
        right[..., :j] -= right[..., j, None] * factors[:, None, j, :j]
    return right


@dataclass(frozen=True, eq=False)
class Affine:
    """Turns affine functions of the features into decision values, for many rows by one matrix product.

    design : (d + 1, E): the evaluation examples and a last line of ones.
    outputs : K, or 1 for two classes: the margin of the second over the first.
    """

    design: Floats
    outputs: int

    @classmethod
    def of(cls, X_eval: Floats, classes: int) -> Affine:
        design = np.ones((len(X_eval), X_eval.shape[1] + 1))
        design[:, :-1] = X_eval
        return cls(design.T, 1 if classes == 2 else classes)

    def room(self, rows: int) -> Floats:
        """(R, E, K) to fill, of which each class is contiguous."""
        return np.empty((self.outputs, rows, self.design.shape[1])).transpose(1, 2, 0)

    def fill(self, weights: Floats, out: Floats) -> None:
        """Fill out (R, E, K), part of a `room`.

        weights : (R, K, d + 1), intercepts last; for two classes (R, 1, d + 1), the margin, will do.
        """
        if self.outputs == 1 and weights.shape[1] == 2:
            weights = weights[:, 1:] - weights[:, :1]
        for k in range(self.outputs):
            np.matmul(weights[:, k], self.design, out=out[..., k])
