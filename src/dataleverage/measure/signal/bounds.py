"""Bounds on success that need two numbers of the population, and the share of a collective that they ask for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GridError
from dataleverage.measure.signal.firm import slack
from dataleverage.measure.signal.planted import Tactic, known
from dataleverage.world.world import Floats

NEEDS: dict[str, tuple[str, ...]] = {"feature_label": ("xi", "gap"), "feature_only": ("xi", "p"), "erase": ("tau",)}


def planting_bound(alpha: ArrayLike, *, xi: float, gap: float, epsilon: float = 0.0) -> np.float64 | Floats:
    """Feature-label planting: S(α) ≥ 1 − ((1−α)/α)·Δξ − ε/((1−ε)α)   (Hardt et al. 2023, section 3).

    Parameters
    ----------
    alpha : shares in (0, 1], any shape.
    xi : ξ, how common the signal is. gap : Δ, the suboptimality gap.
    epsilon : of the firm, as in `possible_labels`.

    Returns a bound for every share; where the formula is below 0 it says nothing, and is 0.
    Raises GridError for numbers out of range.
    """
    return floor_at_zero(alpha, *cost("feature_label", epsilon, xi=xi, gap=gap))


def feature_only_bound(alpha: ArrayLike, *, xi: float, p: float, epsilon: float = 0.0) -> np.float64 | Floats:
    """Feature-only planting: S(α) ≥ 1 − ((1−p)/(pα))·ξ − ε/((1−ε)pα), and 0 where p = 0   (Hardt et al. 2023, section 3).

    `p` is the least P₀(y*|x) over all x, not over the signal set alone. Otherwise as `planting_bound`.
    """
    return floor_at_zero(alpha, *cost("feature_only", epsilon, xi=xi, p=p))


def erasing_bound(alpha: ArrayLike, *, tau: float, epsilon: float = 0.0) -> np.float64 | Floats:
    """Erasing: S(α) ≥ 1 − 2((1−α)/α)·τ − ε/((1−ε)α)   (Hardt et al. 2023, section 3). Otherwise as `planting_bound`."""
    return floor_at_zero(alpha, *cost("erase", epsilon, tau=tau))


def alpha_bound(
    success: float,
    tactic: Tactic = "feature_label",
    *,
    xi: float | None = None,
    gap: float | None = None,
    p: float | None = None,
    tau: float | None = None,
    epsilon: float = 0.0,
) -> float:
    """The share that a bound asks for: the least α at which it promises this success; inf where no share is enough.

    Feature-label: α* = Δξ/(1 − S* + Δξ). Feature-only: (1−p)ξ/(p(1−S*)). Erasing: 2τ/(1 − S* + 2τ). Give the numbers that
    the tactic needs, by name: `alpha_bound(0.9, **signal.numbers())`.

    Raises GridError for numbers that are missing or out of range, and a success outside (0, 1].
    """
    if not 0 < success <= 1:
        raise GridError(f"a success of {success} is not in (0, 1]", key="success", remedy="Give a share such as 0.9.")
    given = {name: value for name, value in (("xi", xi), ("gap", gap), ("p", p), ("tau", tau)) if value is not None}
    outside, always = cost(tactic, epsilon, **given)
    if outside + always == 0:
        return 0.0
    short = 1 - success + outside
    alpha = (outside + always) / short if short > 0 else math.inf
    return alpha if alpha <= 1 else math.inf


def cost(tactic: Tactic, epsilon: float, **numbers: float) -> tuple[float, float]:
    """(k, m) of a tactic's bound 1 − (k(1−α) + m)/α, which all of them are."""
    known(tactic)
    if set(numbers) != set(NEEDS[tactic]):
        raise GridError(
            f"the bound of {tactic} needs {' and '.join(NEEDS[tactic])}, and {', '.join(numbers) or 'nothing'} is given",
            remedy=f"Take them from `signal.numbers({tactic!r})`.",
        )
    for name, value in numbers.items():
        if not 0 <= value <= 1:
            raise GridError(f"{name} is {value}, and it is from 0 to 1", key=name, remedy="Probabilities are shares.")
    off = slack(epsilon)
    if tactic == "feature_label":
        return numbers["gap"] * numbers["xi"], off
    if tactic == "erase":
        return 2 * numbers["tau"], off
    always = (1 - numbers["p"]) * numbers["xi"] + off
    return 0.0, always / numbers["p"] if numbers["p"] > 0 else math.inf


def floor_at_zero(alpha: ArrayLike, outside: float, always: float) -> np.float64 | Floats:
    """max(0, 1 − (k(1−α) + m)/α). Raises GridError for shares outside (0, 1]."""
    share = np.asarray(alpha, dtype=np.float64)
    if not ((share > 0) & (share <= 1)).all():
        raise GridError(f"alpha is {share}, and a collective's share is in (0, 1]", key="alpha", remedy="Give 0.05, say.")
    result: np.float64 | Floats = np.maximum(0.0, 1 - (outside * (1 - share) + always) / share)
    return result
