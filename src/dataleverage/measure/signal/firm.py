"""The Bayes-optimal firm on a mixture, by enumeration: what every bound and staircase is held to."""

from __future__ import annotations

import numpy as np

from dataleverage.errors import GridError
from dataleverage.measure.signal.planted import Signal, Tactic, mixture
from dataleverage.world.finite_table import FiniteTable
from dataleverage.world.world import Mask

TIE = 1e-12  # conditional probabilities closer than this are equal, and ties fail


def possible_labels(table: FiniteTable, epsilon: float = 0.0) -> Mask:
    """(|X|, |Y|) bool: the labels that some ε-suboptimal firm predicts at each point; any label where P(x) = 0.

    A firm is ε-suboptimal where it predicts, at every x, an argmax of (1−ε)P(y|x) + εQ(y|x) for some law Q; ε = 0 is
    Bayes-optimal. So it may predict y where P(y|x) is within ε/(1−ε) of the largest.
    """
    given = table.conditional
    near = given >= given.max(axis=1, keepdims=True) - slack(epsilon) - TIE
    return np.asarray(near | (table.p_x == 0)[:, None])


def bayes_success(signal: Signal, alpha: float, tactic: Tactic = "feature_label", epsilon: float = 0.0) -> float:
    """Success against the worst ε-suboptimal firm on P = αP* + (1−α)P₀; ties fail.

    Planting: Pr_{x~P₀}[f(g(x)) = y*]. Erasing: Pr_{x~P₀}[f(x) = f(g(x))]. (Hardt et al. 2023, section 2.)

    Raises GridError for an α outside [0, 1], an ε outside [0, 1) and a tactic that is none.
    """
    possible = possible_labels(mixture(signal, alpha, tactic), epsilon)
    certain = possible.sum(axis=1) == 1
    if tactic == "erase":
        same = certain & certain[signal.g] & (possible == possible[signal.g]).all(axis=1)
        success = same | (signal.g == np.arange(len(same)))
    else:
        success = (certain & possible[:, signal.target])[signal.g]
    return float(signal.table.p_x[success].sum())


def slack(epsilon: float) -> float:
    """ε/(1−ε). Raises GridError for an ε outside [0, 1)."""
    if not 0 <= epsilon < 1:
        raise GridError(f"epsilon is {epsilon}, and a firm's is from 0 to below 1", key="epsilon", remedy="0 is optimal.")
    return epsilon / (1 - epsilon)
