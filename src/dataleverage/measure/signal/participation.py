"""Shares beyond the population's: what a learner that weighs examples sees, who keeps taking part, and gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GridError

if TYPE_CHECKING:
    from dataleverage.measure.signal.staircase import Staircase


def effective_alpha(alpha: float, collective: float, others: float = 1.0) -> float:
    """The share that a learner sees which weighs the collective's examples by `collective` and all else by `others`.

    α_eff = α·w_c/(α·w_c + (1−α)·w₀). Raises GridError for a share outside [0, 1], and weights that are negative or all 0.
    """
    if not 0 <= alpha <= 1:
        raise GridError(f"alpha is {alpha}, and a share is from 0 to 1", key="alpha", remedy="Give a share such as 0.05.")
    seen = alpha * collective + (1 - alpha) * others
    if not (0 <= collective < math.inf and 0 <= others < math.inf and seen > 0):
        raise GridError(f"weights of {collective} and {others} leave nothing to learn from", remedy="Give positive weights.")
    return alpha * collective / seen


def sustains(success: ArrayLike, cost: float, gamma: float) -> bool | np.ndarray:
    """Whether taking part pays: S(α) − c > γ·S(α), that is S(α) > c/(1−γ), for a member who enjoys γ·S without joining.

    success : S(α), any shape. cost : c ≥ 0, of taking part, in units of success. gamma : in [0, 1), what free riders get.
    """
    enough = np.asarray(success, dtype=np.float64) > threshold(cost, gamma)
    return bool(enough) if enough.ndim == 0 else enough


def tipping_share(stairs: Staircase, cost: float, gamma: float) -> float:
    """The share above which participation sustains itself for good; 0 where any member will do, inf where no share will."""
    return stairs.first(threshold(cost, gamma))


def gradient_alpha(g0: ArrayLike, B: float) -> float:
    """The share that can steer a gradient learner: α ≥ ‖g₀‖/(‖g₀‖ + B)   (Hardt et al. 2023, section 5).

    A learner that follows the mean gradient α·g' + (1−α)·g₀ stands still at a parameter θ* iff members can hand in
    examples whose mean gradient there is g' = −((1−α)/α)·g₀.

    g0 : the others' mean gradient at θ*, a vector (or its norm, a number). B : the longest gradient of a member's examples.
    Raises GridError for what is not finite, and a negative B.
    """
    norm = float(np.linalg.norm(np.atleast_1d(np.asarray(g0, dtype=np.float64)).ravel()))
    if not (math.isfinite(norm) and 0 <= B < math.inf):
        raise GridError(f"gradients of length {norm} and {B} cannot be compared", key="B", remedy="Give finite lengths ≥ 0.")
    return norm / (norm + B) if norm else 0.0


def threshold(cost: float, gamma: float) -> float:
    """c/(1−γ). Raises GridError for a negative cost and a γ outside [0, 1)."""
    if not (0 <= cost < math.inf and 0 <= gamma < 1):
        raise GridError(f"cost = {cost}, gamma = {gamma}", remedy="A cost is at least 0, and gamma from 0 to below 1.")
    return cost / (1 - gamma)
