"""Influence functions: what a model becomes when objects leave or change, from one fit and no further training.

A row weighs units (objects in a way of being present), and a learner's coefficients θ minimise Σ_u w_u L_u(θ) + penalty(θ).
With g_u and H_u the gradient and the Hessian of L_u at the coefficients of a base row, H the Hessian of the whole objective
there and Δw what a row weighs more than the base row does,

    first_order :  θ(row) ≈ θ_base − H⁻¹ Σ_u Δw_u g_u                      (Koh & Liang 2017, eq. 1; groups: Koh et al. 2019)
    newton :       θ(row) ≈ θ_base − (H + Σ_u Δw_u H_u)⁻¹ Σ_u Δw_u g_u      (Pregibon 1981; groups: Koh et al. 2019)

The first is the derivative of the coefficients in the weights; the second is exact where the loss is a square, that is for
ridge. An object that is poisoned is taken away and its variant put in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dataleverage.errors import FitError, GridError
from dataleverage.grid.learner import Learner, Pool
from dataleverage.grid.learners.logistic import Fits, LogisticRegression
from dataleverage.grid.learners.ridge import Affine, Ridge, RidgeClassifier
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Step = Literal["first_order", "newton"]
LEARNERS = (RidgeClassifier, Ridge, LogisticRegression)
MEMORY = 500 * 2**20  # bytes that the Hessians of all units may take
CHUNK = 2**22  # numbers of rows or Hessians that are held together: 32 MB


class Influence:
    """Predicts decision values of rows from the fit of one: rows (R, n) uint8 -> (R, E, K), a `Predictor`.

    Parameters
    ----------
    learner, pool : one of `LEARNERS`, and the examples it meets.
    base : (n,) uint8 the row that is fitted; its objects need examples of every class of the pool.
    step : first_order, or newton, which takes U p² numbers of memory and solves a system of p equations for each row.

    Raises GridError for a learner without influence functions, a base row that lacks a class and Hessians beyond 500 MB.
    """

    def __init__(self, learner: Learner, pool: Pool, base: Rows, step: Step = "first_order") -> None:
        check(learner, pool.n_units, pool.X.shape[1], pool.n_classes, step)
        self.pool, self.step = pool, step
        self.held = onehot(base[None], pool.n_present)[0]
        self.fit = base_of(learner, pool, base)

    def __call__(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """weights : (R, n) of the objects present; 1 unless given."""
        return self.fit.decide(self.coefficients(rows, weights))

    def coefficients(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """(R, T, p) of features scaled as the fit has them, intercepts last."""
        width = max(self.pool.n_units, 1 if self.step == "first_order" else self.fit.hessian.size)
        size = max(1, CHUNK // width)
        found = np.empty((len(rows), *self.fit.theta.shape))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            change = self.change(rows[part], None if weights is None else weights[part])
            found[part] = self.fit.theta + (self.linear(change) if self.step == "first_order" else self.newton(change))
        return found

    def change(self, rows: Rows, weights: Floats | None) -> csr_matrix:
        """(R, U) what each row weighs more than the base row; only the units that changed are stored."""
        from scipy.sparse import csr_matrix

        return csr_matrix(onehot(rows, self.pool.n_present, weights) - self.held)

    def linear(self, change: csr_matrix) -> Floats:
        return np.asarray(change @ self.moves).reshape(-1, *self.fit.theta.shape)

    def newton(self, change: csr_matrix) -> Floats:
        fit, p = self.fit, len(self.fit.hessian)
        hessians = fit.hessian + np.asarray(change @ self.curvatures).reshape(-1, p, p)
        gradients = np.asarray(change @ fit.gradients.reshape(len(fit.gradients), -1)).reshape(len(hessians), -1, p)
        try:
            steps = np.linalg.solve(hessians, -gradients.transpose(0, 2, 1)).transpose(0, 2, 1)
        except np.linalg.LinAlgError as error:
            raise FitError(
                "the Newton step of a row cannot be taken", remedy="Take first_order, or a larger penalty."
            ) from error
        return np.asarray(steps.reshape(-1, *fit.theta.shape))

    @cached_property
    def moves(self) -> Floats:
        """(U, T p): how far the coefficients move for each unit of weight."""
        fit, p = self.fit, len(self.fit.hessian)
        flat = fit.gradients.reshape(-1, p)
        return np.asarray(-np.linalg.solve(fit.hessian, flat.T).T.reshape(len(fit.gradients), -1))

    @cached_property
    def curvatures(self) -> Floats:
        """(U, p²): the Hessian of each unit."""
        return self.fit.hessians()


@dataclass(frozen=True, eq=False)
class Base:
    """The fit of the base row, and the losses of units around it to second order.

    T outputs of p coefficients each, with one Hessian for them all. Ridge has an output for each class (one for two classes and
    for regression) of p = D coefficients; for logistic regression T = 1, and p = K D for more than two classes, class by class.

    theta : (T, p). hessian : (p, p) of the whole objective. gradients : (U, T, p) of each unit's loss.
    hessians : () -> (U, p²) of each unit's loss.
    decide : (R, T, p) coefficients -> (R, E, K) decision values.
    """

    theta: Floats
    hessian: Floats
    gradients: Floats
    hessians: Callable[[], Floats]
    decide: Callable[[Floats], Floats]


def check(learner: Learner, n_units: int, n_features: int, n_classes: int, step: Step) -> None:
    """Raise GridError where a learner has no influence functions, or they would not fit into memory."""
    if not isinstance(learner, LEARNERS):
        raise GridError(
            f"the learner {learner.tag} has no influence functions",
            remedy="Use logistic_regression, ridge_classifier or ridge, or another surrogate (additive, say).",
        )
    shared = not isinstance(learner, LogisticRegression) or n_classes == 2
    if learner.rescales:
        raise GridError(
            f"with preprocess: {learner.preprocess} features change with the row, which influence functions know nothing of",
            remedy="Scale features once (standardize or min_max), or use another surrogate (additive, say).",
        )
    size = (n_features + 1) * (1 if shared else n_classes)
    need = 8 * size**2 * n_units
    if step == "newton" and need > MEMORY:
        raise GridError(
            f"the Newton steps of {n_units:,} units with {size:,} coefficients take {need / 2**20:,.0f} MB, and "
            f"{MEMORY / 2**20:,.0f} MB is the most",
            remedy="Take first_order, fewer features or fewer objects.",
        )


def base_of(learner: Learner, pool: Pool, base: Rows) -> Base:
    """The fit of the base row (n,), and what is around it."""
    held = onehot(base[None], pool.n_present)[0]
    if isinstance(learner, (RidgeClassifier, Ridge)):
        return ridge_base(learner, pool, held)
    assert isinstance(learner, LogisticRegression)
    lacking = pool.n_classes - np.count_nonzero(held @ pool.per_unit(pool.onehot_y))
    if lacking:
        raise GridError(
            f"the base row lacks {lacking} of {pool.n_classes} classes, and its model says nothing of them",
            remedy="Give more training examples, or use another surrogate (additive, say).",
        )
    return logistic_base(learner, pool, base, held)


def ridge_base(learner: RidgeClassifier | Ridge, pool: Pool, held: Floats) -> Base:
    """Half of squared residuals: the Hessian is the Gram matrix, whatever the coefficients."""
    constant = np.ptp(pool.X, axis=0) == 0
    shift, scale = np.where(constant, pool.X[0], pool.X.mean(axis=0)), np.where(constant, 1.0, pool.X.std(axis=0))
    Z, targets = with_one((pool.X - shift) / scale), learner.targets(pool)
    inside = held[pool.unit] > 0
    hessian = Z[inside].T @ Z[inside] + np.diag(np.append(learner.alpha / scale**2, 0.0))
    theta: Floats = np.asarray(np.linalg.solve(hessian, Z[inside].T @ targets[inside]).T, dtype=np.float64)
    outputs = max(pool.n_classes, 1)
    affine = Affine.of((pool.X_eval - shift) / scale, outputs)

    def decide(coefficients: Floats) -> Floats:
        decision = affine.room(len(coefficients))
        affine.fill(coefficients, decision)
        return decision

    ones = np.ones((len(Z), 1, 1))
    return Base(
        theta,
        hessian,
        gradients(Z, Z @ theta.T - targets, pool.unit, pool.n_units),
        lambda: unit_hessians(Z, ones, pool.unit, pool.n_units),
        decide,
    )


def logistic_base(learner: LogisticRegression, pool: Pool, base: Rows, held: Floats) -> Base:
    """The objective is that of `Fits`, divided by C: log losses and half of the scaled penalty."""
    K = pool.n_classes
    fits = Fits(pool, learner, tuple(range(K)))
    examples, Z = fits.examples, fits.examples.Z
    solved = fits.minimise(fits.objectives(base[None]), np.zeros((1, fits.size)))
    theta = solved.reshape(fits.outputs, -1)
    logits = Z @ theta.T
    logits = np.concatenate([np.zeros_like(logits), logits], axis=1) if K == 2 else logits
    logits -= logits.max(axis=1, keepdims=True)
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    first = 1 if K == 2 else 0  # two classes: the log odds of the second
    p = chance[:, first:]
    residual = p - np.eye(K)[examples.y][:, first:]
    curvature = p[:, :, None] * (np.eye(fits.outputs) - p[:, None, :])
    inside = held[examples.unit] > 0
    hessian = weighted_square(Z[inside], curvature[inside]) + np.diag(np.tile(examples.penalty, fits.outputs))
    if fits.outputs > 1:  # equal steps of all intercepts change nothing: this curvature keeps them out of the solution
        intercepts = np.arange(fits.outputs) * examples.size + examples.size - 1
        hessian[np.ix_(intercepts, intercepts)] += inside.sum() / K

    def decide(coefficients: Floats) -> Floats:
        decision = np.zeros((len(coefficients), len(fits.X_eval), K))
        flat = coefficients.reshape(-1, examples.size) @ fits.X_eval.T
        decision[:, :, first:] = flat.reshape(len(coefficients), fits.outputs, -1).transpose(0, 2, 1)
        return decision

    by_unit = gradients(Z, residual, examples.unit, pool.n_units)
    return Base(
        theta.reshape(1, -1),
        hessian,
        by_unit.reshape(pool.n_units, 1, -1),
        lambda: unit_hessians(Z, curvature, examples.unit, pool.n_units),
        decide,
    )


def with_one(X: Floats) -> Floats:
    """(M, d) -> (M, d + 1)."""
    return np.concatenate([X, np.ones((len(X), 1))], axis=1)


def gradients(Z: Floats, residual: Floats, unit: Ints, n_units: int) -> Floats:
    """(U, T, D): Σ residual z over the examples of each unit. residual : (M, T)."""
    from scipy.sparse import csr_matrix

    parts: list[Any] = [csr_matrix((each, (unit, np.arange(len(Z)))), shape=(n_units, len(Z))) @ Z for each in residual.T]
    return np.stack(parts, axis=1)


def weighted_square(Z: Floats, curvature: Floats) -> Floats:
    """(T D, T D): Σ curvature ⊗ z zᵀ. curvature : (m, T, T)."""
    outputs, size = curvature.shape[1], Z.shape[1]
    result = np.empty((outputs, size, outputs, size))
    for s in range(outputs):
        for t in range(s, outputs):
            block = (Z * curvature[:, s, t, None]).T @ Z
            result[s, :, t], result[t, :, s] = block, block
    return result.reshape(outputs * size, outputs * size)


def unit_hessians(Z: Floats, curvature: Floats, unit: Ints, n_units: int) -> Floats:
    """(U, p²): `weighted_square` of the examples of each unit."""
    order = np.argsort(unit, kind="stable")
    ends = np.searchsorted(unit[order], np.arange(n_units + 1))
    result = np.empty((n_units, (curvature.shape[1] * Z.shape[1]) ** 2))
    for u in range(n_units):
        mine = order[ends[u] : ends[u + 1]]
        result[u] = weighted_square(Z[mine], curvature[mine]).ravel()
    return result
