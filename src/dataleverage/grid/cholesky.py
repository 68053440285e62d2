"""Cholesky factors of many small symmetric matrices at once, in float32.

Matrices of R problems lie side by side, (packed, R), so that each operation runs over all problems in one sweep: for
matrices of some dozens of rows this is twice as fast as one call of LAPACK a matrix. Larger matrices, and few of them,
go to LAPACK.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotrs

from dataleverage.world.world import Floats, Ints, Mask

Floats32 = NDArray[np.float32]

FEW = 48  # problems: below, a call of LAPACK for each is faster
WIDE = 64  # rows of a matrix: above, LAPACK's own blocking is faster


class Factors(Protocol):
    """What can solve R systems, again and again."""

    def solve(self, right: Floats) -> Floats:
        """(D, R) -> (D, R); NaN or infinite where the matrix is not positive definite."""

    def take(self, which: Ints) -> Factors:
        """The factors of some of the problems."""


@cache
def triangle(size: int) -> tuple[Ints, Ints]:
    """Row and column indices of the packed upper triangle of a size × size matrix, row by row."""
    rows, columns = np.triu_indices(size)
    return rows.astype(np.int64), columns.astype(np.int64)


def factor(packed: Floats32, size: int) -> Factors:
    """(D (D + 1) / 2, R) packed upper triangles -> their factors. What is given is overwritten."""
    if size > WIDE or packed.shape[1] < FEW:
        return OneByOne.of(packed, size)
    return SideBySide.of(packed, size)


class SideBySide:
    """L D Lᵀ of R matrices, element by element over all of them.

    above : for each row k of the matrix, (D − k − 1, R): the k-th column of L below its diagonal. pivots : (D, R).
    """

    def __init__(self, above: list[Floats32], pivots: Floats32) -> None:
        self.above, self.pivots = above, pivots

    @classmethod
    def of(cls, packed: Floats32, size: int) -> SideBySide:
        ends = np.cumsum(np.arange(size, 0, -1))
        rows = [packed[end - size + k : end] for k, end in enumerate(ends)]  # row k of the upper triangle
        scaled, change = np.empty_like(packed[: size - 1]), np.empty_like(packed[: size - 1])
        with np.errstate(all="ignore"):  # a matrix that is not positive definite ends as NaN, which its solution shows
            for k, row in enumerate(rows[:-1]):
                column = np.divide(row[1:], row[0], out=scaled[k:])
                for i in range(size - 1 - k):
                    below = rows[k + 1 + i]
                    below -= np.multiply(column[i], row[1 + i :], out=change[k + i :])
                row[1:] = column
            pivots = np.stack([row[0] for row in rows])
            pivots[pivots <= 0] = np.nan
        return cls([row[1:] for row in rows], pivots)

    def solve(self, right: Floats) -> Floats:
        x = right.astype(np.float32)
        size = len(x)
        change = np.empty_like(x)
        with np.errstate(all="ignore"):
            for k in range(size - 1):
                x[k + 1 :] -= np.multiply(self.above[k], x[k], out=change[k + 1 :])
            x /= self.pivots
            for k in range(size - 2, -1, -1):
                x[k] -= np.einsum("ir,ir->r", self.above[k], x[k + 1 :])
        return x.astype(np.float64)

    def take(self, which: Ints) -> SideBySide:
        return SideBySide([part[:, which] for part in self.above], self.pivots[:, which])


class OneByOne:
    """LAPACK's Cholesky factor of each matrix; None where it is not positive definite."""

    def __init__(self, factors: list[Any]) -> None:
        self.factors = factors

    @classmethod
    def of(cls, packed: Floats32, size: int) -> OneByOne:
        full = np.zeros((packed.shape[1], size, size), dtype=np.float32)
        rows, columns = triangle(size)
        full[:, columns, rows] = packed.T  # the lower triangle, whose transpose LAPACK sees without a copy
        factors = []
        for each in full:
            found, failed = spotrf(each.T, lower=0, clean=0, overwrite_a=1)
            factors.append(None if failed else found)
        return cls(factors)

    def solve(self, right: Floats) -> Floats:
        result = np.full(right.shape, np.nan)
        for i, found in enumerate(self.factors):
            if found is not None:
                result[:, i] = spotrs(found, right[:, i].astype(np.float32), lower=0)[0]
        return result

    def take(self, which: Ints) -> OneByOne:
        return OneByOne([self.factors[i] for i in which])


def indefinite(solution: Floats) -> Mask:
    """(R,): where a solution (D, R) is none."""
    return np.asarray(~np.isfinite(solution).all(axis=0))
