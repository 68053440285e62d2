"""A finite table: the joint law P(x, y) of finitely many feature points and labels, known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import DataError
from dataleverage.world.arrays import numbers
from dataleverage.world.world import Floats, Ints

SUM = 1e-9  # how far from 1 probabilities may sum


@dataclass(frozen=True, eq=False)
class FiniteTable:
    """A joint law of feature points and labels.

    Parameters
    ----------
    p : (|X|, |Y|) P(x, y), not negative, summing to 1 within 1e-9 (and then made to sum to 1).
    points : |X| distinct points: a text each, or a tuple of texts, one a column; x0, x1 … unless given.
    columns : what the parts of a point are called; `x` unless given, or x1, x2 … where points have several parts.
    labels : |Y| distinct texts; y0, y1 … unless given.

    Raises DataError for shapes that do not fit, names that come twice, and probabilities that are none.
    """

    p: Floats
    points: tuple[tuple[str, ...], ...] = ()
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        p = probabilities(self.p)
        points = tuple((x,) if isinstance(x, str) else tuple(map(str, x)) for x in self.points)
        points = points or tuple((f"x{i}",) for i in range(len(p)))
        parts = len(points[0])
        columns = tuple(self.columns) or (("x",) if parts == 1 else tuple(f"x{i + 1}" for i in range(parts)))
        labels = tuple(str(name) for name in self.labels) or tuple(f"y{k}" for k in range(p.shape[1]))
        distinct_names("point", points, p.shape[0])
        distinct_names("label", labels, p.shape[1])
        distinct_names("column", columns, parts)
        uneven = [x for x in points if len(x) != len(columns)]
        if uneven:
            raise DataError(
                f"the point {' '.join(uneven[0])!r} has {len(uneven[0])} parts, and there are {len(columns)} columns",
                remedy="Give every point one value a column.",
            )
        for name, value in (("p", p / p.sum()), ("points", points), ("columns", columns), ("labels", labels)):
            object.__setattr__(self, name, value)

    @cached_property
    def p_x(self) -> Floats:
        """(|X|,) P(x)."""
        total: Floats = self.p.sum(axis=1)
        return total

    @cached_property
    def conditional(self) -> Floats:
        """(|X|, |Y|) P(y | x); NaN where P(x) = 0."""
        with np.errstate(invalid="ignore"):
            given: Floats = self.p / self.p_x[:, None]
        return given

    def label(self, name: str) -> int:
        """The position of a label. Raises DataError for one that the table does not have."""
        if name not in self.labels:
            raise DataError(f"there is no label {name!r}", key="target", remedy=f"Labels are {', '.join(self.labels[:20])}.")
        return self.labels.index(name)

    def point(self, *values: str) -> int:
        """The position of a point, given by its value in every column. Raises DataError where there is none."""
        if values not in self.points:
            known = ", ".join(" ".join(x) for x in self.points[:8])
            raise DataError(f"the table has no point {' '.join(values)!r}", remedy=f"Its points are {known} ….")
        return self.points.index(values)

    def sample(self, size: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """(size,) positions of points and (size,) positions of labels, drawn independently from the law."""
        drawn = rng.choice(self.p.size, size=size, p=self.p.ravel())
        return drawn // self.p.shape[1], drawn % self.p.shape[1]

    def empirical(self, x: ArrayLike, y: ArrayLike) -> FiniteTable:
        """The law of a sample of positions (as `sample` gives them), on the same points and labels."""
        counts = np.zeros(self.p.shape)
        np.add.at(counts, (np.asarray(x), np.asarray(y)), 1.0)
        return FiniteTable(counts / max(counts.sum(), 1.0), self.points, self.columns, self.labels)


def probabilities(given: ArrayLike) -> Floats:
    """(|X|, |Y|) float64. Raises DataError for what is no joint law."""
    p = numbers(given, "the table of probabilities")
    if p.ndim != 2 or not p.shape[0] or p.shape[1] < 2:
        raise DataError(
            f"the table of probabilities has shape {p.shape}; expected (points, labels), with at least two labels",
            remedy="Give a row for every feature point and a column for every label.",
        )
    if not (p >= 0).all():  # NaN too
        i, j = np.argwhere(~(p >= 0))[0]
        raise DataError(f"the probability of point {i} and label {j} is {p[i, j]:g}", remedy="Give numbers from 0 to 1.")
    if not abs(p.sum() - 1) <= SUM:
        raise DataError(
            f"the probabilities sum to {p.sum():.10g}, and not to 1", remedy="Give P(x, y), or divide counts by their sum."
        )
    return p


def distinct_names(what: str, names: Sequence[object], count: int) -> None:
    """Raise DataError unless there are as many names as wanted, all different."""
    if len(names) != count:
        raise DataError(f"there are {len(names)} {what}s named, and the table has {count}", remedy="Name each once.")
    if len(set(names)) != count:
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"the {what} {twice!r} comes twice", remedy="Add their probabilities, or rename one.")
