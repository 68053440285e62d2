"""Training examples as iterative fits see them: scaled, with an intercept, and with their outer products at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dataleverage.grid.cholesky import Floats32
from dataleverage.grid.learner import Pool
from dataleverage.world.world import Floats, Ints, Mask

MOST = 0.85  # share of the examples above which picking them takes longer than carrying the others along
PRODUCTS = 2**24  # float32 numbers that the outer products of all examples may take: 64 MB


@dataclass(frozen=True, eq=False)
class Examples:
    """What the fits of all rows share. D = features + 1; the last coefficient is the intercept.

    Z : (M, D) features scaled to unit deviation, and a one. y, unit : (M,) the class and the unit of each example.
    penalty : (D,) on squared coefficients, in scaled coordinates, divided by C. shift, scale : (d,) of the features.
    """

    Z: Floats
    y: Ints
    unit: Ints
    penalty: Floats
    shift: Floats
    scale: Floats

    @classmethod
    def of(cls, pool: Pool, C: float, classes: tuple[int, ...]) -> Examples:
        """Those of some classes. Features are scaled for the arithmetic alone; the penalty undoes it."""
        inside = np.isin(pool.y, classes)
        X = pool.X if inside.all() else pool.X[inside]
        constant = np.ptp(X, axis=0) == 0
        # A shift of the features moves the unpenalised intercept only. The scale of w enters the penalty.
        shift = np.where(constant, X[0], X.mean(axis=0))
        Z = np.ones((len(X), X.shape[1] + 1))  # filled in place: copies of many examples take long
        np.subtract(X, shift, out=Z[:, :-1])
        scale = np.where(constant, 1.0, np.sqrt(np.einsum("md,md->d", Z[:, :-1], Z[:, :-1]) / len(X)))
        Z[:, :-1] /= scale
        penalty = np.append(1 / (C * scale**2), 0.0)
        return cls(Z, pool.y[inside].astype(np.int64), pool.unit[inside], penalty, shift, scale)

    @property
    def size(self) -> int:
        """D."""
        return int(self.Z.shape[1])

    def scaled(self, X: Floats) -> Floats:
        """(E, d) features as the fits see them: (E, D)."""
        return np.concatenate([(X - self.shift) / self.scale, np.ones((len(X), 1))], axis=1)

    def within(self, units: Mask) -> Examples:
        """The examples of these units (n_units,), scaled as before; all examples where those are most of them."""
        inside = units[self.unit]
        if inside.mean() > MOST:
            return self
        part = replace(self, Z=self.Z[inside], y=self.y[inside], unit=self.unit[inside])
        products = None if self.products is None else self.products[inside]
        part.__dict__.update(products=products, triangle=self.triangle, unpack=self.unpack)  # what is computed already
        return part

    @cached_property
    def triangle(self) -> tuple[Ints, Ints]:
        """Row and column indices of the upper triangle of a D × D matrix."""
        upper = np.triu_indices(self.size)
        return upper[0].astype(np.int64), upper[1].astype(np.int64)

    @cached_property
    def unpack(self) -> Ints:
        """(D, D): where each entry of a symmetric matrix stands in its packed upper triangle."""
        position = np.zeros((self.size, self.size), dtype=np.int64)
        position[self.triangle] = np.arange(len(self.triangle[0]))
        return np.maximum(position, position.T)

    @cached_property
    def single(self) -> Floats32:
        """Z in float32."""
        return self.Z.astype(np.float32)

    @cached_property
    def products(self) -> Floats32 | None:
        """(M, D (D + 1) / 2): the packed z zᵀ of each example; None where they would not fit in memory."""
        if len(self.Z) * len(self.triangle[0]) > PRODUCTS:
            return None
        return np.asarray(self.single[:, self.triangle[0]] * self.single[:, self.triangle[1]])

    def weighted(self, weights: Floats32) -> Floats32:
        """(m, R) -> (R, D, D): Σ weight z zᵀ of each row, in float32."""
        if self.products is not None:
            return np.asarray((weights.T @ self.products)[:, self.unpack])
        result = np.empty((weights.shape[1], self.size, self.size), dtype=np.float32)
        for i, each in enumerate(weights.T):
            inside = each != 0
            Z, weight = (self.single, each) if inside.all() else (self.single[inside], each[inside])
            if weight.min(initial=0.0) < 0:
                np.matmul((Z * weight[:, None]).T, Z, out=result[i])
            else:  # a product of a matrix with itself takes half of the time
                Z = Z * np.sqrt(weight)[:, None]
                np.matmul(Z.T, Z, out=result[i])
        return result
