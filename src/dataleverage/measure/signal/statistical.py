"""The bound that a collective can compute from its own examples before it acts."""

from __future__ import annotations

import math

import numpy as np

from dataleverage.errors import GridError
from dataleverage.measure.signal.firm import slack
from dataleverage.measure.signal.planted import Signal


def statistical_bound(signal: Signal, *, n: int, N: int, N_test: int, delta: float = 0.05, epsilon: float = 0.0) -> float:
    """Success that feature-label planting reaches with probability 1 − δ (Gauthier et al. 2025, algorithm 1).

    S ≥ Pr_x̃[(n/N)(P(x̃) − 2R(n)) − ((N−n)/N)(Δ_x̃ + 2R(n) + 2R(N−n)) − ε/(1−ε) > 0] − R(n) − R(N_test), where x̃ follows P,
    the law of g(x) among the collective's own examples (not the mixture), and Δ_x = max_y P(x, y) − P(x, y*), in joint
    probability, is of those examples too. R is `radius` at δ̃ = δ/(2 + 2|X*| + 2|X*||Y|), X* = g(X) over all points.

    It is for feature-label planting alone. The paper has statements for goals of its own beside it (features alone with a
    point that other labels are moved to, unplanting), which are not those of `feature_only` and `erase` here; plan these by
    `staircase` on the examples at hand, which promises nothing of those of others.

    Parameters
    ----------
    signal : on the empirical law of the collective's n examples, `Signal(table.empirical(x, y), g, target)`; on P₀ itself
        to plan ahead.
    n, N, N_test : members of the collective, training examples in all, and examples that success is counted on.
    delta : the chance that the bound does not hold. epsilon : of the firm, as in `possible_labels`.

    Returns the bound, or 0 where the formula is below. Raises GridError unless 0 < n < N, N_test > 0 and 0 < δ < 1.
    """
    if not (0 < n < N and N_test > 0):
        raise GridError(
            f"n = {n}, N = {N}, N_test = {N_test}: a collective is 0 < n < N of the examples",
            key="n",
            remedy="Give n below N, and some examples to test on.",
        )
    if not 0 < delta < 1:
        raise GridError(f"delta is {delta}, and it is a probability between 0 and 1", key="delta", remedy="0.05 is usual.")
    table, size = signal.table, len(np.unique(signal.g))
    each = delta / (2 + 2 * size + 2 * size * len(table.labels))
    own, others, test = (radius(each, k) for k in (n, N - n, N_test))
    gaps = table.p.max(axis=1) - table.p[:, signal.target]
    lead = n / N * (signal.moved - 2 * own) - (N - n) / N * (gaps + 2 * own + 2 * others) - slack(epsilon)
    return max(0.0, float(signal.moved[lead > 0].sum()) - own - test)


def radius(delta: float, k: int) -> float:
    """R_δ(k) = √(log(1/δ)/(2k)): how far the mean of k draws from [0, 1] strays above its expectation, but for chance δ."""
    return math.sqrt(math.log(1 / delta) / (2 * k))
