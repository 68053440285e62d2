"""Ridge classification and regression: the Gram matrices of objects add, so that a row is one small solve.

Hoerl and Kennard (1970): minimise ‖y − Xw − b‖² + alpha ‖w‖², the intercept b unpenalised. Weights multiply the squared errors
of their examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import FitError
from dataleverage.grid.cost import Cost, Shape, Work, summing
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.rows import Rows
from dataleverage.grid.span import spanned
from dataleverage.grid.sums import Products, Sums
from dataleverage.world.world import Floats, Task

BATCH = 2**17  # float64 numbers in the Gram matrices solved together: 1 MB stays in the processor's cache


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
        """(M, T): two classes share one target, as in scikit-learn: decision values are [−d, d]."""
        signs = 2 * pool.onehot_y - 1
        return 2 * signs[:, 1:] if pool.n_classes == 2 else signs

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        return least_squares(pool, self.targets(pool), self.alpha, pool.n_classes)


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
        return least_squares(pool, self.targets(pool), self.alpha, 1)


def cost_of(shape: Shape, targets: int) -> Cost:
    """Of `least_squares`."""
    d, E = shape.rank, shape.evaluation
    side = d + 1 + targets
    turned = 2 * shape.features * shape.examples**2 if shape.features > shape.examples else 0  # see `spanned`
    once = Work(shape.examples * side**2 + turned, shape.examples * shape.features * 8, 100)
    solve = 1.5 * d**3
    products, kept = summing(shape, side**2)
    row = Work(products + solve + d * E * shape.outputs, 10 * side**2 + 4 * E * shape.outputs, 2 + 25 * side**2 / BATCH)
    return Cost(once, row, kept)


def least_squares(pool: Pool, targets: Floats, alpha: float, outputs: int) -> Predictor:
    """What predicts T targets at once: rows (R, n) -> (R, E, outputs).

    targets : (M, T); one target with two outputs is the margin between two classes. Raises FitError where a system
    cannot be solved.
    """
    pool = spanned(pool)
    # A global shift and scale (undone in the penalty) keep the sums small next to what is subtracted from them.
    constant = np.ptp(pool.X, axis=0) == 0
    shift = np.where(constant, pool.X[0], pool.X.mean(axis=0))
    scale = np.where(constant, 1.0, pool.X.std(axis=0))
    X = (pool.X - shift) / scale
    level = targets.mean(axis=0)
    penalty = alpha / scale**2
    moments = Sums(pool, Products(np.concatenate([np.ones((len(X), 1)), X, targets - level], axis=1)))
    batch = moments.together(BATCH)
    affine = Affine.of((pool.X_eval - shift) / scale, outputs)
    size, side = X.shape[1], 1 + X.shape[1] + targets.shape[1]

    def predict(rows: Rows, weights: Floats | None = None) -> Floats:
        decision = np.empty((len(rows), len(pool.X_eval), outputs))
        work = np.empty((min(batch, len(rows)), side * side))  # fresh memory for each batch costs more than the sums
        spare = np.empty((len(work), side, side))
        for start in range(0, len(rows), batch):
            part = slice(start, start + batch)
            count = len(rows[part])
            sums = moments(rows[part], None if weights is None else weights[part], work[:count])
            affine.fill(solve(sums, spare[:count]), decision[part])
        return decision

    def solve(sums: Floats, spare: Floats) -> Floats:
        """(R, D, D) -> (R, T, d + 1): coefficients and, last, intercepts. Both arrays are overwritten."""
        total = sums[:, 0].copy()
        mean = total / np.where(total[:, :1] > 0, total[:, :1], 1.0)
        sums -= np.einsum("ri,rj->rij", total, mean, out=spare)
        mean, centred = mean[:, 1:], sums[:, 1:, 1:]
        gram = centred[:, :size, :size]
        diagonal = np.einsum("rii->ri", gram)  # a view
        diagonal += penalty
        try:
            coefficients = np.linalg.solve(gram, centred[:, :size, size:]).transpose(0, 2, 1)
        except np.linalg.LinAlgError as error:
            raise FitError(
                f"the least-squares system of a row cannot be solved with alpha {alpha:g}",
                remedy="Raise alpha, or set preprocess: standardize.",
            ) from error
        intercept = mean[:, size:] - (coefficients @ mean[:, :size, None])[..., 0] + level
        return np.concatenate([coefficients, intercept[..., None]], axis=2)

    return predict


@dataclass(frozen=True, eq=False)
class Affine:
    """Turns affine functions of the features into decision values, for many rows by one matrix product.

    design : (d + 1, columns): the evaluation examples and a last line of ones. For two classes each example has two
        columns, minus half and plus half of it, so that the product of the margin between them comes out as (R, E, 2).
    outputs : K.
    """

    design: Floats
    outputs: int

    @classmethod
    def of(cls, X_eval: Floats, outputs: int) -> Affine:
        design = np.concatenate([X_eval, np.ones((len(X_eval), 1))], axis=1).T
        if outputs == 2:
            design = np.stack([-design / 2, design / 2], axis=-1).reshape(len(design), -1)
        return cls(np.ascontiguousarray(design), outputs)

    def fill(self, weights: Floats, out: Floats) -> None:
        """Fill out (R, E, K), contiguous.

        weights : (R, K, d + 1), intercepts last; for two classes (R, 1, d + 1), the margin, will do.
        """
        if self.outputs <= 2:
            margin = weights[:, 0] if weights.shape[1] == 1 else weights[:, 1] - weights[:, 0]
            np.matmul(margin, self.design, out=out.reshape(len(out), -1))
        else:
            flat = weights.reshape(-1, weights.shape[-1]) @ self.design
            out[...] = flat.reshape(len(out), self.outputs, -1).transpose(0, 2, 1)
