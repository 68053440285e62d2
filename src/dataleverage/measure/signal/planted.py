"""A signal on a finite table: what a collective plants, and the numbers that say how hard that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from dataleverage.errors import DataError, GridError
from dataleverage.world.finite_table import FiniteTable
from dataleverage.world.world import Floats, Ints, Mask

Tactic = Literal["feature_label", "feature_only", "erase"]

Moves = Mapping[str, str] | Callable[[tuple[str, ...]], tuple[str, ...]] | Sequence[int]
"""g: a value to set for some columns, a function of points, or the position of g(x) for every point."""


class Signal:
    """A change of features g, and the label y* that it should stand for (Hardt et al. 2023, section 2).

    Parameters
    ----------
    table : P₀, the law of those who are not in the collective.
    g : `{column: value}` to set, a function from point to point, or |X| positions of points.
    target : y*, by name; not needed for erasing.

    Raises DataError for points and labels that the table does not have, and for a `g` that is empty.
    """

    def __init__(self, table: FiniteTable, g: Moves, target: str | None = None) -> None:
        self.table = table
        self.g = moves(table, g)
        self._target = None if target is None else table.label(target)

    @property
    def target(self) -> int:
        """Position of y*. Raises GridError where the signal has none."""
        if self._target is None:
            raise GridError("this signal has no target label", key="target", remedy="Give `target`, a label of the table.")
        return self._target

    @cached_property
    def moved(self) -> Floats:
        """(|X|,) the law of g(x) for x from P₀: what P* puts on each point when features are planted."""
        return np.bincount(self.g, weights=self.table.p_x, minlength=len(self.g)).astype(np.float64)

    @cached_property
    def points(self) -> Ints:
        """(m,) positions of the signal set X* = {g(x): P₀(x) > 0}."""
        return np.unique(self.g[self.table.p_x > 0])

    @cached_property
    def xi(self) -> float:
        """ξ = P₀(X*): how common the signal is without the collective."""
        return min(1.0, float(self.table.p_x[self.points].sum()))

    @cached_property
    def gaps(self) -> Floats:
        """(|X|,) Δ_x = max_y P₀(y|x) − P₀(y*|x); 0 where P₀(x) = 0."""
        given = np.nan_to_num(self.table.conditional)
        gaps: Floats = given.max(axis=1) - given[:, self.target]
        return gaps

    @cached_property
    def gap(self) -> float:
        """Δ, the largest of the suboptimality gaps over X*."""
        return float(self.gaps[self.points].max())

    @cached_property
    def p(self) -> float:
        """min P₀(y*|x) over all x with P₀(x) > 0, not over X* alone: those who move in come from everywhere."""
        return float(self.table.conditional[self.table.p_x > 0, self.target].min())

    @cached_property
    def erased(self) -> Ints:
        """(|X|,) the label argmax_y P₀(y|g(x)) that erasing gives x, the first of equals; 0 where P₀(x) = 0.

        Raises GridError where g is not idempotent, or leads from where P₀ is positive to where it is 0.
        """
        here = self.erasable()
        return np.where(here, self.table.p.argmax(axis=1)[self.g], 0).astype(np.int64)

    @cached_property
    def tau(self) -> float:
        """τ = E_x max_y |P₀(y|x) − P₀(y|g(x))|: how much the signal says. Raises GridError as `erased` does."""
        here, given = self.erasable(), self.table.conditional
        apart = np.abs(given[here] - given[self.g[here]]).max(axis=1)
        return min(1.0, float(self.table.p_x[here] @ apart))

    def erasable(self) -> Mask:
        """(|X|,) where P₀ is positive. Raises GridError where the signal cannot be erased, having no meaning to erase."""
        here: Mask = self.table.p_x > 0
        if (self.g[self.g] != self.g).any():
            raise GridError(
                "erasing needs g(g(x)) = g(x), and g moves a point twice", key="g", remedy="Set a column to a value."
            )
        lost = np.flatnonzero(here & ~here[self.g])
        if len(lost):
            where = " ".join(self.table.points[self.g[lost[0]]])
            raise GridError(
                f"erasing gives x the label of g(x), and {where!r} has probability 0", key="g", remedy="Choose another g."
            )
        return here

    def numbers(self, tactic: Tactic = "feature_label") -> dict[str, float]:
        """What the bound of a tactic needs, by name: `planting_bound(alpha, **signal.numbers())`."""
        known(tactic)
        if tactic == "feature_label":
            return {"xi": self.xi, "gap": self.gap}
        return {"xi": self.xi, "p": self.p} if tactic == "feature_only" else {"tau": self.tau}

    def star(self, tactic: Tactic = "feature_label") -> Floats:
        """(|X|, |Y|) P*: the law of what members of the collective hand in.

        feature_label: (g(x), y*). feature_only: (g(x), y) where y = y*, otherwise (x, y) unchanged. erase: (x, `erased`).
        """
        known(tactic)
        p = self.table.p
        star = np.zeros(p.shape)
        if tactic == "feature_label":
            star[:, self.target] = self.moved
        elif tactic == "feature_only":
            star[:] = p
            star[:, self.target] = np.bincount(self.g, weights=p[:, self.target], minlength=len(p))
        else:
            star[np.arange(len(p)), self.erased] = self.table.p_x
        return star


def mixture(signal: Signal, alpha: float, tactic: Tactic = "feature_label") -> FiniteTable:
    """P = αP* + (1−α)P₀, what the firm learns from. Raises GridError for an α that is not in [0, 1]."""
    if not 0 <= alpha <= 1:
        raise GridError(f"alpha is {alpha}, and a share is from 0 to 1", key="alpha", remedy="Give a share such as 0.05.")
    table = signal.table
    p = alpha * signal.star(tactic) + (1 - alpha) * table.p
    return FiniteTable(p, table.points, table.columns, table.labels)


def known(tactic: str) -> None:
    """Raise GridError for a tactic that is none."""
    if tactic not in get_args(Tactic):
        raise GridError(f"{tactic!r} is no tactic", key="tactic", remedy=f"Tactics are {', '.join(get_args(Tactic))}.")


def moves(table: FiniteTable, g: Moves) -> Ints:
    """(|X|,) positions of g(x)."""
    if callable(g):
        return np.array([table.point(*g(x)) for x in table.points], dtype=np.int64)
    if isinstance(g, Mapping):
        unknown = [name for name in g if name not in table.columns]
        if unknown:
            raise DataError(
                f"the table has no column {unknown[0]!r}", key="g", remedy=f"Its columns are {', '.join(table.columns)}."
            )
        if not g:
            raise DataError("the signal is empty: g sets no column", key="g", remedy="Give `{column: value}`.")
        planted = [tuple(g.get(name, value) for name, value in zip(table.columns, x, strict=True)) for x in table.points]
        return np.array([table.point(*x) for x in planted], dtype=np.int64)
    given = np.asarray(g)
    size = len(table.points)
    if given.dtype.kind not in "iu" or given.shape != (size,) or (given < 0).any() or (given >= size).any():
        raise DataError(
            f"g is to be the positions of {size} points, and is {given.dtype} of shape {given.shape}",
            key="g",
            remedy=f"Give {size} whole numbers from 0 to {size - 1}, `{{column: value}}`, or a function of points.",
        )
    return given.astype(np.int64)
