"""Newton's method on the convex objectives of many rows: with few Hessians from close by, damped from anywhere.

A Hessian costs as much as several gradients, so from close by one factorisation serves several steps (the chord method;
Ortega and Rheinboldt 1970, ch. 10): each multiplies the distance by a factor that is the smaller the closer the
Hessian's point was. Gradients are in float64 and Hessians in float32, which limits how fast the iteration goes and not
where to. The damped method finds the one minimum of a convex objective from any start (Boyd and Vandenberghe 2004, ch. 9).
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np

from dataleverage.errors import FitError
from dataleverage.grid.cholesky import Factors, Floats32
from dataleverage.world.world import Floats, Ints, Mask

AHEAD = 3  # a row is slow if so many more chord steps, at the pace of the last one, would not do
SETTLED = 1e-11  # what the last step may have left of the error, in coefficients of features scaled to unit deviation
FLOOR = 1e-4  # of the tolerance: gradients so small are rounding
THIN = 0.6  # share of rows still going below which the others are dropped from the arrays
HALVINGS = 40  # of a step; a row that cannot go down after so many has no descent left in float64
SLACK = 1e-13  # relative rounding of the objective: differences below it are not rises


class Objectives(Protocol):
    """The objectives of R rows, each convex in p numbers, divided by C.

    total : (R,) examples in each row.
    """

    total: Floats

    def gradient(self, w: Floats) -> tuple[Floats, Any]:
        """(R, p) -> (R, p), and what the Hessian at the same point is computed from."""

    def hessians(self, seen: Any) -> Floats32:
        """(R, p, p): of which the upper triangles count."""

    def hessian(self, seen: Any, i: int) -> Floats:
        """(p, p) float64: the Hessian of row i."""

    def value(self, w: Floats) -> Floats:
        """(R, p) -> (R,)."""

    def take(self, which: Ints) -> Self:
        """The objectives of some of the rows."""


@np.errstate(all="ignore")  # rows given up may hold anything
def chords(rows: Objectives, start: Floats, max_iter: int, tol: float) -> tuple[Floats, Mask]:
    """Where each row's objective is least (R, p), and (R,) where that was found.

    Parameters
    ----------
    start : (R, p); rows whose start is far are given up, or slow.
    max_iter, tol : steps, and the largest part of the gradient of the mean loss of a row that has converged. Such a
        row takes one more step, and goes on if that may leave an error of more than `SETTLED`.

    A row whose gradient does not shrink in a step is given up, and so is one that is left after `max_iter` steps.
    """
    result, found = start.copy(), np.zeros(len(start), dtype=bool)
    w, which, factors = start, np.arange(len(start)), None
    going, before = np.ones(len(w), dtype=bool), np.full(len(w), np.inf)
    for _ in range(max_iter + 1):
        gradient, seen = rows.gradient(w)
        size = np.abs(gradient).max(axis=1) / rows.total
        pace = size / before
        slow = going & ~(size * pace**AHEAD <= tol)
        if factors is None or 2 * np.count_nonzero(slow) > np.count_nonzero(going):
            factors = Factors(rows.hessians(seen))
        step = factors.solve(gradient)
        settled = (np.abs(step).max(axis=1) * pace <= SETTLED) | (size <= FLOOR * tol)
        shrunk = size < before
        done = going & (size <= tol) & (settled | ~shrunk)
        w = w - step
        result[which[done]] = np.where(np.isfinite(w[done]), w[done], (w + step)[done])
        found[which[done]] = True
        going &= shrunk & ~done
        left = np.flatnonzero(going)
        if not len(left):
            break
        before = size
        if len(left) < THIN * len(w):
            rows, which, w, going, before = rows.take(left), which[left], w[left], going[left], before[left]
            factors = factors.take(left)
    return result, found


def damped(rows: Objectives, size: int, max_iter: int, tol: float) -> Floats:
    """Where each row's objective is least (R, p): Newton's method from zero, each step halved until it does not rise.

    A row that has converged takes one more step. Raises FitError where rows do not converge.

    Parameters
    ----------
    size : p. max_iter, tol : as for `chords`.
    """
    count = len(rows.total)
    result, going, w = np.zeros((count, size)), np.arange(count), np.zeros((count, size))
    reached, largest = np.zeros(count, dtype=bool), np.zeros(0)
    for _ in range(max_iter + 2):
        if reached.any():
            result[going[reached]] = w[reached]
            left = np.flatnonzero(~reached)
            rows, going, w = rows.take(left), going[left], w[left]
        if not len(going):
            return result
        gradient, seen = rows.gradient(w)
        largest = np.abs(gradient).max(axis=1) / rows.total
        reached = largest <= tol
        step = np.stack([newton_step(rows.hessian(seen, i), gradient[i]) for i in range(len(w))])
        w = descend(rows, w, step)
    raise FitError(
        f"{len(going)} of {count} rows did not converge in {max_iter} Newton steps "
        f"(largest gradient {largest.max():.2g}, tol {tol:.2g})",
        remedy="Set preprocess: standardize, lower C, raise max_iter, or raise tol.",
        key="learner",
    )


def newton_step(hessian: Floats, gradient: Floats) -> Floats:
    """(p,): minus the inverse Hessian times the gradient, in float64."""
    try:
        return np.asarray(np.linalg.solve(hessian, -gradient))
    except np.linalg.LinAlgError as error:
        raise FitError(
            "the Hessian of a row is singular in float64",
            remedy="Set preprocess: standardize, or lower C.",
            key="learner",
        ) from error


def descend(rows: Objectives, w: Floats, step: Floats) -> Floats:
    """w after one step for every row, halved for each row until its objective does not rise."""
    value, w_next, length = rows.value(w), w + step, 1.0
    rising = np.arange(len(w))
    for _ in range(HALVINGS):
        now = rows.take(rising).value(w_next[rising])
        rising = rising[~(now <= value[rising] + SLACK * np.abs(value[rising]))]
        if not len(rising):
            break
        length /= 2
        w_next[rising] = w[rising] + length * step[rising]
    return w_next
