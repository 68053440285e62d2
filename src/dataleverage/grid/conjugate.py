"""Newton's method along conjugate gradients, on the logistic objective of one row by itself.

A step solves its Newton equation no further than is worth while so far from the minimum (Dembo, Eisenstat and Steihaug
1982). A product with the Hessian takes two passes through the examples, in float32; gradients are in float64, and say where
the minimum is. Until near the minimum, and until so many products were taken as a factor of the Hessian costs, nothing but
its diagonal conditions them; then the factor does (of several classes, one of each class's block). Rows in batches have
objectives of their own (`learners.logistic.Binary`, `learners.multinomial.Softmax`), which have Hessians of many rows at once.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import spotrf, spotrs

from dataleverage.errors import FitError
from dataleverage.grid.cholesky import Floats32
from dataleverage.grid.newton import FLOOR, HALVINGS, SETTLED, SLACK
from dataleverage.world.world import Floats, Ints

ROUGH, FINE = 0.1, 1e-4  # shares of its right-hand side that a step leaves: the most, and the least that float32 allows
NEAR = 1e-2  # of the first gradient: a factor from farther away would have to be made again
PRICE = 0.05  # products with the Hessian that its factor costs, for each coefficient
PRICE_OF_BLOCKS = 1.0  # the same of the factors of several classes, which are not the Hessian's own and help less
STUCK = 0.5  # of the last gradient: what shrinks no faster, and is small enough, is rounding
ROUNDED = 1e-9  # relative: values nearer to each other than this may be equal, and slopes decide
MOST = 500  # products in a step
TINY, HUGE = float(np.finfo(np.float32).tiny), 1e30  # penalties beyond leave a coefficient at zero in any case


class Objective:
    """The objective of one row, divided by C, in coefficients (K, D): of the second of two classes, then K = 1, or of all.

    Parameters
    ----------
    X : (m, D), the last column ones. y : (m,) 0 … classes − 1. penalty : (D,) on squared coefficients, 0 for the intercept.
    """

    def __init__(self, X: Floats, y: Ints, classes: int, penalty: Floats) -> None:
        self.X, self.penalty = X, penalty
        self.single, self.penalty_single = X.astype(np.float32), np.minimum(penalty, HUGE).astype(np.float32)
        self.truth: Floats = (y == 1).astype(np.float64)[None] if classes == 2 else np.eye(classes)[:, y]
        # Of several classes the products are of thin matrices, and this way round they take two thirds of the time.
        self.turned = self.single.T if self.binary else np.ascontiguousarray(self.single.T)

    @property
    def binary(self) -> bool:
        return len(self.truth) == 1

    def at(self, w: Floats) -> tuple[float, Floats, Floats32]:
        """Value, gradient (K, D), and what products with the Hessian need: (K, m) chances, or (1, m) their variance."""
        z = w @ self.X.T
        if self.binary:
            shrunk = np.exp(-np.abs(z))
            loss = np.log1p(shrunk) + (np.maximum(z, 0) - self.truth * z)
            chance = np.where(z >= 0, 1.0, shrunk) / (1 + shrunk)
            seen = shrunk / (1 + shrunk) ** 2
        else:
            z -= z.max(axis=0)
            loss = -(self.truth * z).sum(axis=0)
            np.exp(z, out=z)
            total = z.sum(axis=0)
            loss += np.log(total)
            chance = seen = z / total
        value = float(loss.sum()) + float(np.vdot(self.penalty * w, w)) / 2
        return value, (chance - self.truth) @ self.X + self.penalty * w, seen.astype(np.float32)

    def product(self, seen: Floats32, v: Floats32) -> Floats32:
        """(K, D): the Hessian times (K, D)."""
        change = (v @ self.turned) * seen
        if not self.binary:
            change -= seen * change.sum(axis=0)
        return np.asarray(change @ self.single + self.penalty_single * v)

    def variance(self, seen: Floats32) -> Floats32:
        """(K, m): that of each example's class, by its chance."""
        return seen if self.binary else seen * (1 - seen)

    def factors(self, seen: Floats32) -> list[Floats32]:
        """Of the Hessian; of several classes, of the block of each. Empty where one is not positive definite in float32."""
        found = []
        for weight in self.variance(seen):
            Z = self.single * np.sqrt(weight)[:, None]
            hessian = Z.T @ Z
            diagonal = np.diag(hessian) + self.penalty_single
            np.fill_diagonal(hessian, diagonal)
            factor, failed = spotrf(hessian.T, lower=1, clean=0, overwrite_a=1)
            if failed:
                return []
            found.append(factor)
        return found


@np.errstate(over="ignore", invalid="ignore")  # a step that is no number is no descent, and halved away
def minimum(row: Objective, max_iter: int, tol: float) -> Floats:
    """Coefficients (K, D) where the objective is least: from zero, each step halved until the objective does not rise.

    max_iter, tol : Newton steps, and the largest part of the gradient of the mean loss. Raises FitError beyond them.
    """
    count = row.X.shape[0]
    w = np.zeros((len(row.truth), row.X.shape[1]))
    value, gradient, seen = row.at(w)
    first = size = np.abs(gradient).max() / count
    before, products = np.inf, 0
    factors: list[Floats32] = []
    price = row.X.shape[1] * (PRICE if row.binary else PRICE_OF_BLOCKS)
    for _ in range(max_iter + 1):
        pace = size / before
        if products > price and size <= NEAR * first:
            factors, products, price = row.factors(seen) or factors, 0, 2 * price
        share = float(np.clip(np.sqrt(size), FINE, ROUGH))
        step, taken, solved = inexact_step(row, seen, gradient, share, factors)
        products += taken
        settled = (solved and np.abs(step).max() * max(pace, share) <= SETTLED) or size <= FLOOR * tol
        if size <= tol and (settled or pace > STUCK):
            return w - step if pace < 1 else w
        if not step.any():
            break
        length, now = 1.0, row.at(w - step)
        while not lower(now, value, size * count) and length > 0.5**HALVINGS:
            length /= 2
            now = row.at(w - length * step)
        w = w - length * step
        value, gradient, seen = now
        before, size = size, np.abs(gradient).max() / count
    raise FitError(
        f"no convergence in {max_iter} Newton steps along conjugate gradients (largest gradient {size:.2g}, tol {tol:.2g})",
        remedy="Set preprocess: standardize, lower C, raise max_iter, or raise tol.",
        key="learner",
    )


def lower(now: tuple[float, Floats, Floats32], value: float, slope: float) -> bool:
    """Whether the value has not risen; where that may be rounding, whether the largest slope has fallen will do."""
    fallen = now[0] <= value + SLACK * abs(value)
    return bool(fallen or (now[0] <= value + ROUNDED * abs(value) and np.abs(now[1]).max() < slope))


def inexact_step(
    row: Objective, seen: Floats32, gradient: Floats, share: float, factors: list[Floats32]
) -> tuple[Floats, int, bool]:
    """The inverse Hessian times the gradient (K, D), but for a share of the (conditioned) gradient.

    With it come the products that took, and whether no more than that share is left.
    """
    norm = float(np.sqrt(np.vdot(gradient, gradient)))
    # Nearly the Hessian's diagonal, since features have unit deviation.
    diagonal = np.maximum(row.variance(seen).sum(axis=1, keepdims=True) + row.penalty_single, TINY)
    rest = (gradient / max(norm, TINY)).astype(np.float32)
    step, along, first, weight = np.zeros_like(rest), np.zeros_like(rest), 0.0, np.inf
    taken, solved = 0, False
    while taken < MOST:
        turned = conditioned(rest, factors) if factors else rest / diagonal
        last, weight = weight, float(np.vdot(rest, turned))
        first = first or weight
        solved = weight <= share**2 * first
        if solved:
            break
        taken += 1
        along = turned + np.float32(weight / last) * along
        product = row.product(seen, along)
        curvature = float(np.vdot(along, product))
        if not 0 < curvature < np.inf:  # no more than rounding is left of it
            break
        length = np.float32(weight / curvature)
        step += length * along
        rest -= length * product
    result = norm * step.astype(np.float64)
    if not row.binary:  # a constant added to all intercepts changes nothing
        result[:, -1] -= result[:, -1].mean()
    return result, taken, solved


def conditioned(rest: Floats32, factors: list[Floats32]) -> Floats32:
    """(K, D): each class's part by its factor."""
    return np.stack([spotrs(factor, part, lower=1)[0] for factor, part in zip(factors, rest, strict=True)])
