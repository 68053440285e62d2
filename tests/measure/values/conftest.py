"""Games as tables: worth as a formula of who is there, or drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes

import dataleverage as dl
from dataleverage.grid.table import Table

NAMES = "ABCDEFGHIJKLMNOPQRST"


def lattice(n: int) -> NDArray[np.uint8]:
    """(2**n, n): row i holds object j iff bit j of i is set; made without the package."""
    return np.array([[i >> j & 1 for j in range(n)] for i in range(2**n)], dtype=np.uint8)


def game(worth: Callable[[list[int]], float], n: int, **others: Any) -> Table:
    """The table of a game: `worth` of the list of positions of those who are there."""
    rows = lattice(n)
    scores = np.array([[worth(np.flatnonzero(row).tolist())] for row in rows], dtype=np.float64)
    return Table(rows, scores, tuple(NAMES[:n]), ("v",), **others)


def random_table(n: int, columns: int = 2, seed: int = 0, scale: float = 1.0) -> Table:
    """A table of normal scores."""
    scores = scale * np.random.default_rng(seed).normal(size=(2**n, columns))
    return Table(lattice(n), scores, tuple(NAMES[:n]), tuple("xyz"[:columns]))


@pytest.fixture(scope="session")
def game_of() -> Callable[..., Table]:
    return game


@pytest.fixture(scope="session")
def table_of() -> Callable[..., Table]:
    return random_table


@pytest.fixture(scope="session")
def ridge_grid() -> dl.Grid:
    """A ridge regression on the diabetes data in 8 groups of different sizes, measured by R² and on a half."""
    X, y = load_diabetes(return_X_y=True)
    groups = np.sort(np.random.default_rng(3).choice(8, size=240, p=np.arange(1, 9) / 36))
    half = np.arange(202) % 2 == 0
    return dl.Grid.from_arrays(
        X[:240], y[:240], groups, X[240:], y[240:], slices={"half": half}, learner=dl.learners.Ridge(alpha=1.0), metric="r2"
    )
