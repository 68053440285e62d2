"""Semivalues: what an object adds to a row, averaged over rows by their size (Dubey, Neyman & Weber 1981).

`φ_i = Σ_{S∌i} w(|S|) (v(S∪i) − v(S))` with `Σ_s C(n−1, s) w(s) = 1`. All of them are read off one table of 2**n rows in
O(2**n) additions for all objects together: weigh every row once, and fold the lattice one object at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.table import Table
from dataleverage.measure.worth import frame, sizes, worth
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd

SUM = 1e-9  # how far the weights of a semivalue may be from 1 together


def shapley(table: Table) -> pd.DataFrame:
    """The Shapley value (Shapley 1953): `w(s) = s! (n−s−1)! / n!`. Values sum to `v(N) − v(∅)`.

    Returns a DataFrame (objects × columns). Raises MissingCell where the table has holes, GridError for NaN cells.
    """
    return beta_shapley(table, 1.0, 1.0)


def banzhaf(table: Table) -> pd.DataFrame:
    """The Banzhaf value (Banzhaf 1965): `w(s) = 2^{−(n−1)}`, every row alike. Values need not sum to anything.

    Returns a DataFrame (objects × columns). Raises MissingCell where the table has holes, GridError for NaN cells.
    """
    return weighed(table, np.full(n_of(table), -(n_of(table) - 1) * np.log(2.0)))


def beta_shapley(table: Table, alpha: float, beta: float) -> pd.DataFrame:
    """Beta Shapley (Kwon & Zou 2022): `w(s) = B(s+β, n−1−s+α) / B(α, β)`; Beta(1, 1) is the Shapley value.

    A large alpha looks at small rows, a large beta at large ones.

    Parameters
    ----------
    alpha, beta : above 0.

    Returns a DataFrame (objects × columns). Raises MissingCell where the table has holes, GridError for NaN cells and for
    parameters that are not positive.
    """
    return weighed(table, beta_weights(n_of(table), alpha, beta))


def beta_weights(n: int, alpha: float, beta: float) -> Floats:
    """(n,) logarithms of the weights of Beta Shapley for n objects, as `semivalue` and `estimate` take them.

    Raises GridError for parameters that are not positive.
    """
    from scipy.special import betaln

    if not (0 < alpha < np.inf and 0 < beta < np.inf):
        raise GridError(f"Beta({alpha}, {beta}) is not defined", remedy="Give alpha and beta above 0.")
    s = np.arange(n)
    return np.asarray(betaln(s + beta, n - 1 - s + alpha) - betaln(alpha, beta))


def semivalue(table: Table, weights: Sequence[float] | Floats, *, log: bool = False) -> pd.DataFrame:
    """The semivalue of any weights.

    Parameters
    ----------
    weights : (n,) w(0) … w(n−1), at least 0, with Σ_s C(n−1, s) w(s) = 1.
    log : whether the weights are given as logarithms, for many objects.

    Returns a DataFrame (objects × columns). Raises GridError for weights of another number, sign or sum.
    """
    return weighed(table, in_logs(weights, n_of(table), log=log))


def in_logs(weights: Sequence[float] | Floats, n: int, *, log: bool) -> Floats:
    """(n,) logarithms of the weights of a semivalue of n objects. Raises GridError for another number, sign or sum."""
    try:
        given = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GridError(f"the weights are not numbers: {error}", remedy=f"Give {n}, one for each size.") from error
    if given.shape != (n,):
        raise GridError(f"the weights have shape {given.shape}; {n} objects need ({n},), one for each size 0 … {n - 1}")
    if np.isnan(given).any() or (given == np.inf).any() or (not log and (given < 0).any()):
        raise GridError(f"the weights are not all finite and at least 0: {given.tolist()[:8]}")
    with np.errstate(divide="ignore"):
        logs = given if log else np.log(given)
    total = float(of_sizes(logs).sum())
    if abs(total - 1) > SUM:
        raise GridError(
            f"the weights sum to {total:.6g} over the rows without an object, not to 1", remedy="Divide them by that number."
        )
    return logs


def of_sizes(logs: Floats) -> Floats:
    """(n,) the weights C(n−1, s) w(s) of all rows of a size together, from the logarithms (n,) of w."""
    from scipy.special import gammaln

    n = len(logs)
    s = np.arange(n)
    return np.asarray(np.exp(gammaln(n) - gammaln(s + 1) - gammaln(n - s) + logs))


def n_of(table: Table) -> int:
    """The number of objects, at least 1."""
    n = len(getattr(table, "objects", ("?",)))  # what is no table is told by `worth`
    if not n:
        raise GridError("the table has no objects to value")
    return n


def weighed(table: Table, logs: Floats) -> pd.DataFrame:
    """The semivalue of logarithms of weights (n,)."""
    scores = worth(table)
    return frame(of_worth(scores, np.exp(logs)), table.objects, table.columns)


def of_worth(scores: Floats, weights: Floats) -> Floats:
    """(n, C): the semivalue of weights (n,) from the worth (2**n, C) of every row.

    Gains and losses are summed apart, so that no large sums cancel.
    """
    n = len(weights)
    size = sizes(n)
    held = np.concatenate([[0.0], weights])[size]  # the weight of a row as S ∪ i
    lacking = np.concatenate([weights, [0.0]])[size]  # and as S
    values = np.empty((n, scores.shape[1]))
    work = np.empty(2**n)
    for c in range(scores.shape[1]):
        column = np.ascontiguousarray(scores[:, c])
        np.multiply(held, column, out=work)
        values[:, c] = halves(work, present=True)
        np.multiply(lacking, column, out=work)
        values[:, c] -= halves(work, present=False)
    return values


def halves(weighed: Floats, *, present: bool) -> Floats:
    """(n,) for each object, the sum over the rows that hold it, or that lack it. Overwrites `weighed` (2**n,).

    The last object splits the rows in two halves; added up, they are the same question with an object less.
    """
    n = len(weighed).bit_length() - 1
    sums = np.empty(n)
    for j in range(n - 1, -1, -1):
        half = 2**j
        sums[j] = weighed[half : 2 * half].sum() if present else weighed[:half].sum()
        weighed[:half] += weighed[half : 2 * half]
    return sums
