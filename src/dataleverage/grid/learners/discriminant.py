"""Linear discriminant analysis: the scatter of objects adds, so that a row is one small solve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.grid.cost import Cost, Shape, Work, summing
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.learners.ridge import Affine
from dataleverage.grid.rows import Rows
from dataleverage.grid.span import spanned
from dataleverage.grid.sums import ByClass, Products, Sums, counts_by_class
from dataleverage.world.world import Floats, Ints, Mask

BATCH = 2**17  # float64 numbers of scatter taken together: 1 MB stays in the processor's cache
GROWN = 1e9  # what a solve makes of a random vector where the covariance is too near singular to trust sums
EPSILON = float(np.finfo(np.float64).eps)


class LinearDiscriminantAnalysis(Learner):
    """Normal classes of one covariance, each with its share as prior (Rao 1948).

    Equal to scikit-learn's LinearDiscriminantAnalysis(solver="lsqr"); the Ledoit–Wolf shrinkage "auto" is not offered.
    Where a row's covariance is singular (constant or collinear features, fewer examples than features), the coefficients
    are those of minimum norm, as in the reference. Eigenvalues below d · 2.2e-16 of the largest count as zero; the
    reference cuts at 2.2e-16, and on some singular rows keeps rounding errors and follows them: there the two differ.
    A row of one example a class, which scikit-learn refuses, has no scatter at all and predicts its prior.
    With weights, means, shares and covariance are weighted: an example of weight 2 is one that is there twice.
    """

    kind: Literal["linear_discriminant_analysis"] = "linear_discriminant_analysis"
    shrinkage: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of the covariance replaced by a multiple of the identity with the same trace; none unless given.",
    )
    weighs: ClassVar[bool] = True

    def cost(self, shape: Shape) -> Cost:
        d, K, E = shape.rank, shape.outputs, shape.evaluation
        turned = 2 * shape.features * shape.examples**2 if shape.features > shape.examples else 0  # see `spanned`
        once = Work(shape.examples * d**2 + 10 * d**3 + turned, shape.examples * shape.features * 12, 150)
        lacking = 12 * shape.row**3 if shape.row < d and not self.shrinkage else 0  # an eigendecomposition for each row
        (scatter, kept), (by_class, more) = summing(shape, d**2), summing(shape, K * (d + 1))
        row = Work(scatter + by_class + 1.5 * d**3 + lacking + d * E * K, 6 * d**2 + 4 * E * K, 2 + 30 * d**2 / BATCH)
        return Cost(once, row, kept + more)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        """Decision values are log-posteriors, up to what all classes have in common."""
        space = Space.of(pool, self.shrinkage or 0.0)
        batch = space.scatter.together(BATCH)
        affine = Affine.of(space.X_eval, pool.n_classes)

        def predict(rows: Rows, weights: Floats | None = None) -> Floats:
            decision = affine.room(len(rows))
            side = len(space.scale)
            work = np.empty((2, min(batch, len(rows)), side, side))  # fresh memory for each batch costs more than the sums
            for start in range(0, len(rows), batch):
                part = slice(start, start + batch)
                some = None if weights is None else weights[part]
                affine.fill(space.fit(rows[part], some, *work[:, : len(rows[part])]), decision[part])
            return decision

        return predict


@dataclass(frozen=True, eq=False)
class Space:
    """The examples in orthonormal axes that all of the pool varies along, then scaled to unit deviation.

    What is constant or collinear in the whole pool is singular in every row, and the solution of minimum norm has
    no part in it: without it, most rows have a covariance of full rank, whose solution does not depend on the scale.

    X : (M, d) in units of scale. scale : (d,). X_eval : (E, d). features : how many there were in the world.
    scatter : sums (d, d) about the pool's mean. by_class : sums (K, d + 1) of each class, and its weight.
    counts : sums (K, 1), its examples.
    """

    pool: Pool
    X: Floats
    scale: Floats
    X_eval: Floats
    features: int
    scatter: Sums
    by_class: Sums
    counts: Sums
    shrinkage: float

    @classmethod
    def of(cls, pool: Pool, shrinkage: float) -> Space:
        features, pool = pool.X.shape[1], spanned(pool)
        level = pool.X.mean(axis=0)
        X, X_eval = pool.X - level, pool.X_eval - level
        values, vectors = np.linalg.eigh(X.T @ X)
        varies = values > len(values) * EPSILON * values[-1]
        if not varies.all():
            X, X_eval = X @ vectors[:, varies], X_eval @ vectors[:, varies]
        scale = np.sqrt(np.einsum("md,md->d", X, X) / len(X))  # their mean is 0
        X /= scale

        def terms(X: Floats, y: Ints) -> Floats:
            made = np.ones((len(X), X.shape[1] + 1))
            made[:, :-1] = X
            return made

        by_class, products = Sums(pool, ByClass(X, pool.y, pool.n_classes, terms)), Sums(pool, Products(X))
        return cls(pool, X, scale, X_eval / scale, features, products, by_class, counts_by_class(pool), shrinkage)

    def fit(self, rows: Rows, weights: Floats | None, covariance: Floats, spare: Floats) -> Floats:
        """(R, n) and weights -> coefficients (R, K, d + 1), or (R, 1, d + 1) for the margin of two classes; intercepts last.

        covariance, spare : (R, d, d), overwritten.
        """
        size = self.X.shape[1]
        self.scatter(rows, weights, covariance.reshape(len(rows), -1))
        by_class = self.by_class(rows, weights)
        counts = by_class[..., size]
        some = np.where(counts > 0, counts, 1.0)  # classes that a row lacks are masked by the oracle
        root = np.sqrt(some)[..., None]
        part = by_class[..., :size] / root
        covariance -= np.matmul(part.transpose(0, 2, 1), part, out=spare)
        covariance *= 1 / counts.sum(axis=1)[:, None, None]
        self.shrink(covariance)
        mean = part / root
        prior = np.log(some)[..., None]
        if self.pool.n_classes == 2:
            apart, middle, odds = mean[:, 1:] - mean[:, :1], mean[:, 1:] + mean[:, :1], prior[:, 1:] - prior[:, :1]
        else:
            apart, middle, odds = mean, mean, prior
        examples = counts if weights is None else self.counts(rows)[..., 0]
        deficient = (np.maximum(examples - 1, 0).sum(axis=1) < size) & (not self.shrinkage)
        slopes, unsure = solved(covariance, apart, deficient)
        for i in np.flatnonzero(unsure):
            slopes[i] = self.minimum_norm(self.pool.weights_of(rows[i], None if weights is None else weights[i]), apart[i])
        intercepts = odds - (slopes * middle).sum(axis=2, keepdims=True) / 2
        return np.concatenate([slopes, intercepts], axis=2)

    def shrink(self, covariance: Floats) -> None:
        """(…, d, d) in place. The identity is that of the world's features, not of the scaled ones."""
        if self.shrinkage:
            diagonal = np.einsum("...ii->...i", covariance)  # a view
            trace = diagonal @ (self.scale * self.scale)
            covariance *= 1 - self.shrinkage
            diagonal += (self.shrinkage / self.features) * trace[..., None] / (self.scale * self.scale)

    def minimum_norm(self, weight: Floats, apart: Floats) -> Floats:
        """(M,) what examples weigh, (T, d) -> (T, d): the solution of a row from these, smallest in the world's units."""
        inside = weight > 0
        X, y, share = self.X[inside], self.pool.y[inside], weight[inside] / weight.sum()
        for label in np.unique(y):
            mine = y == label
            X[mine] -= X[mine][0]  # examples that are all alike, or a single one, then have no scatter at all
            X[mine] -= np.average(X[mine], axis=0, weights=share[mine])
        if len(X) < len(self.scale) and not self.shrinkage:  # products of examples have the same eigenvalues, and are fewer
            spread = X * np.sqrt(share)[:, None] * self.scale
            values, vectors = np.linalg.eigh(spread @ spread.T)
            kept = values > len(self.scale) * EPSILON * values[-1]
            axes = spread.T @ (vectors[:, kept] / np.sqrt(values[kept]))
        else:
            covariance = (X * share[:, None]).T @ X
            self.shrink(covariance)
            values, vectors = np.linalg.eigh(covariance * self.scale[:, None] * self.scale)
            kept = values > len(values) * EPSILON * values[-1]
            axes = vectors[:, kept]
        return np.asarray((apart * self.scale) @ axes / values[kept] @ axes.T * self.scale)


def solved(covariance: Floats, right: Floats, deficient: Mask) -> tuple[Floats, Mask]:
    """(R, d, d) and (R, T, d) -> (R, T, d) solutions, and (R,) which of them cannot be trusted.

    deficient : (R,) which are known to be singular; their covariance is overwritten.
    """
    size = covariance.shape[1]
    # One right-hand side is random: it has a part along whatever direction the covariance all but lacks.
    probe = np.broadcast_to(np.random.default_rng(0).normal(size=size), (len(right), 1, size))
    sides = np.concatenate([right, probe], axis=1).transpose(0, 2, 1)
    covariance[deficient] = np.eye(size)
    try:
        found = np.linalg.solve(covariance, sides)
    except np.linalg.LinAlgError:
        deficient = deficient | (np.linalg.matrix_rank(covariance, hermitian=True) < size)
        covariance[deficient] = np.eye(size)
        found = np.linalg.solve(covariance, sides)
    grown = ~(np.abs(found[..., -1]).max(axis=1, initial=0.0) < GROWN)
    return found[..., :-1].transpose(0, 2, 1).copy(), deficient | grown
