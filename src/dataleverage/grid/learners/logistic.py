"""Binary logistic regression: Newton's method on all rows of a batch at once.

The objective is scikit-learn's, `½‖w‖² + C Σ log(1 + exp(−s (wᵀx + b)))` with s = ±1 and the intercept b unpenalised.
It is convex, so the damped Newton iteration finds its one minimum from any start (Boyd and Vandenberghe 2004, ch. 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import FitError, GridError
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.rows import Rows, onehot
from dataleverage.world.world import Floats, Ints

BATCH = 2**20  # float64 numbers that one batch takes: 8 MB, a little more than stays in the processor's cache
PRODUCTS = 2**23  # float64 numbers that the outer products of all examples may take: 64 MB
HALVINGS = 40  # of a step; a row that cannot go down after so many has no descent left in float64
SLACK = 1e-13  # relative rounding of the objective: differences below it are not rises


class LogisticRegression(Learner):
    """Binary logistic regression with a squared penalty on the coefficients, equal to scikit-learn's when converged.

    A row that does not converge raises a FitError. Two classes only.
    """

    kind: Literal["logistic_regression"] = "logistic_regression"
    C: float = Field(default=1.0, gt=0, description="Inverse of the penalty's strength.")
    max_iter: int = Field(default=100, ge=1, description="Most Newton steps for a row.")
    tol: float = Field(
        default=1e-10,
        gt=0,
        description="A row has converged when no part of the gradient of the mean loss (features scaled to unit "
        "deviation) is larger.",
    )

    def check(self, pool: Pool, need: Need) -> None:
        if pool.n_classes != 2:
            raise GridError(
                f"logistic_regression is for two classes, and the target has {pool.n_classes}",
                remedy="Choose a target of two classes, or the learner ridge_classifier or gaussian_nb.",
                key="learner",
            )

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        self.check(pool, need)
        problem = Problem.of(pool, self.C)
        X_eval = problem.scaled(pool.X_eval)

        def predict(rows: Rows) -> Floats:
            decision = np.zeros((len(rows), len(X_eval), 2))
            for start in range(0, len(rows), problem.batch):
                weights = onehot(rows[start : start + problem.batch], pool.n_present)[:, pool.unit]
                coefficients = fit(problem, weights, problem.start(len(weights)), self.max_iter, self.tol)
                decision[start : start + problem.batch, :, 1] = coefficients @ X_eval.T
            return decision

        return predict


@dataclass(frozen=True, eq=False)
class Problem:
    """What the fits of all rows share. D = features + 1; the last coefficient is the intercept.

    Z : (M, D) scaled features and a one. y : (M,) 0 or 1. penalty : (D,), in scaled coordinates, divided by C.
    """

    Z: Floats
    y: Floats
    penalty: Floats
    shift: Floats
    scale: Floats

    @classmethod
    def of(cls, pool: Pool, C: float) -> Problem:
        """Features are scaled to unit deviation for the arithmetic alone; the penalty undoes it."""
        constant = np.ptp(pool.X, axis=0) == 0
        # A shift of the features moves the unpenalised intercept only. The scale of w enters the penalty.
        shift = np.where(constant, pool.X[0], pool.X.mean(axis=0))
        scale = np.where(constant, 1.0, pool.X.std(axis=0))
        Z = np.concatenate([(pool.X - shift) / scale, np.ones((len(pool.X), 1))], axis=1)
        return cls(Z, pool.y.astype(np.float64), np.append(1 / (C * scale**2), 0.0), shift, scale)

    def scaled(self, X: Floats) -> Floats:
        """(E, d) features as the fits see them: (E, D)."""
        return np.concatenate([(X - self.shift) / self.scale, np.ones((len(X), 1))], axis=1)

    def start(self, count: int) -> Floats:
        """(count, D): where rows start of which nothing is known."""
        return np.zeros((count, self.Z.shape[1]))

    @property
    def batch(self) -> int:
        """Rows solved together."""
        examples, size = self.Z.shape
        return max(1, int(BATCH // (8 * examples + 3 * size * size)))

    @cached_property
    def triangle(self) -> tuple[Ints, Ints]:
        """Row and column indices of the upper triangle of a D × D matrix."""
        upper = np.triu_indices(self.Z.shape[1])
        return upper[0].astype(np.int64), upper[1].astype(np.int64)

    @cached_property
    def unpack(self) -> Ints:
        """(D, D): where each entry of a symmetric matrix stands in its packed upper triangle."""
        size = self.Z.shape[1]
        position = np.zeros((size, size), dtype=np.int64)
        position[self.triangle] = np.arange(len(self.triangle[0]))
        return np.maximum(position, position.T)

    @cached_property
    def products(self) -> Floats | None:
        """(M, D (D + 1) / 2): the packed z zᵀ of each example; None where they would not fit in memory."""
        if len(self.Z) * len(self.triangle[0]) > PRODUCTS:
            return None
        return np.asarray(self.Z[:, self.triangle[0]] * self.Z[:, self.triangle[1]])

    def hessians(self, curvature: Floats) -> Floats:
        """(r, M) weight × p (1 − p) -> (r, D, D): the Hessians of the objective divided by C."""
        size = self.Z.shape[1]
        if self.products is not None:
            result = (curvature @ self.products)[:, self.unpack]
        else:
            result = np.empty((len(curvature), size, size))
            for i, each in enumerate(curvature):
                inside = each > 0
                Z = self.Z[inside]
                result[i] = (Z * each[inside, None]).T @ Z
        diagonal = np.arange(size)
        result[:, diagonal, diagonal] += self.penalty
        # Where all examples are separated by far the intercept's curvature vanishes; this keeps the step finite.
        result[:, -1, -1] += 1e-14 * len(self.Z)
        return result


def fit(problem: Problem, weights: Floats, start: Floats, max_iter: int, tol: float) -> Floats:
    """The coefficients (R, D) that minimise each row's objective.

    Parameters
    ----------
    weights : (R, M) float64: 1 where the example is in the row's training set.
    start : (R, D): where Newton's method begins; anything finite will do, and nearer is faster.

    Rows without examples of both classes have no minimum and stay at zero. Raises FitError where rows do not converge.
    """
    result = start.copy()
    positive, total = weights @ problem.y, weights.sum(axis=1)
    solvable = (positive > 0) & (positive < total)
    result[~solvable] = 0.0
    going = np.flatnonzero(solvable)  # the rows still in the batch
    weights, total, w = weights[going], total[going], result[going]
    eta = w @ problem.Z.T
    value, residual, curvature = losses(problem, weights, w, eta)
    for _ in range(max_iter + 1):
        gradient = residual @ problem.Z + problem.penalty * w
        size = np.abs(gradient).max(axis=1, initial=0.0) / total
        done = size <= tol
        if done.any():
            result[going[done]] = w[done]
            keep = ~done
            going, weights, total, w, eta = going[keep], weights[keep], total[keep], w[keep], eta[keep]
            value, gradient, curvature, size = value[keep], gradient[keep], curvature[keep], size[keep]
        if not len(going):
            return result
        step = newton_step(problem.hessians(curvature), gradient)
        w, eta, value, residual, curvature = descend(problem, weights, w, eta, value, step)
    raise FitError(
        f"{len(going)} of {len(start)} rows did not converge in {max_iter} Newton steps "
        f"(largest gradient {size.max():.2g}, tol {tol:.2g})",
        remedy="Set preprocess: standardize, lower C, raise max_iter, or raise tol.",
        key="learner",
    )


def newton_step(hessians: Floats, gradient: Floats) -> Floats:
    """(r, D): minus the inverse Hessian times the gradient."""
    try:
        return np.asarray(-np.linalg.solve(hessians, gradient[..., None])[..., 0])
    except np.linalg.LinAlgError as error:
        raise FitError(
            "the Hessian of a row is singular in float64",
            remedy="Set preprocess: standardize, or lower C.",
            key="learner",
        ) from error


def losses(problem: Problem, weights: Floats, w: Floats, eta: Floats) -> tuple[Floats, Floats, Floats]:
    """(r,) objective / C, and (r, M) residual p − y and curvature p (1 − p), both weighted. eta : (r, M) log odds."""
    small = np.exp(-np.abs(eta))  # never overflows
    share = 1 / (1 + small)
    p = np.where(eta >= 0, share, small * share)
    loss = np.maximum(eta, 0) - problem.y * eta - np.log(share)
    value = np.einsum("rm,rm->r", weights, loss) + (w * w) @ problem.penalty / 2
    return value, weights * (p - problem.y), weights * (small * share * share)


def descend(
    problem: Problem, weights: Floats, w: Floats, eta: Floats, value: Floats, step: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """One step for every row, halved for each row until its objective does not rise.

    Returns w, eta, value, residual and curvature after the step.
    """
    change = step @ problem.Z.T
    w_next, eta_next = w + step, eta + change
    value_next, residual, curvature = losses(problem, weights, w_next, eta_next)
    length = 1.0
    for _ in range(HALVINGS):
        rising = np.flatnonzero(~(value_next <= value + SLACK * np.abs(value)))
        if not len(rising):
            break
        length /= 2
        w_next[rising] = w[rising] + length * step[rising]
        eta_next[rising] = eta[rising] + length * change[rising]
        value_next[rising], residual[rising], curvature[rising] = losses(
            problem, weights[rising], w_next[rising], eta_next[rising]
        )
    return w_next, eta_next, value_next, residual, curvature
