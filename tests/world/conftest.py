"""Examples without a file: what a source hands to objects, holdout and slices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.lot import Lot
from dataleverage.world.slices import Slices
from dataleverage.world.world import World


def make_examples(count: int = 120, classes: int = 3, seed: int = 0, regression: bool = False, **columns) -> Examples:
    """Random examples; `columns` are columns of text by name, of which `owner` owns."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 3))
    values = {name: np.asarray(column, dtype=str) for name, column in columns.items()}
    owner = "owner" if "owner" in values else None
    if regression:
        return Examples(X, rng.normal(size=count), "regression", (), values, owner)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, count)])[:count]
    return Examples(X, y.astype(np.int64), "classification", tuple(f"c{k}" for k in range(classes)), values, owner)


class Given(ExampleSource):
    """A source of examples that a test made; without a literal tag it is not registered."""

    def read(self, folder: Path) -> Examples:
        return self._examples

    _examples: Examples


def make_source(examples: Examples, **parameters) -> Given:
    source = Given(**parameters)
    source._examples = examples
    return source


@pytest.fixture(scope="session")
def examples_of() -> Callable[..., Examples]:
    return make_examples


@pytest.fixture(scope="session")
def source_of() -> Callable[..., Given]:
    return make_source


def make_lot(world: World, **values) -> Lot:
    """The training examples of a world whose slices are `all`; `values` are columns of text of these."""
    columns = {name: np.asarray(column, dtype=str) for name, column in values.items()}
    return Lot.training(world, columns, np.arange(len(world.y)), Slices())


@pytest.fixture(scope="session")
def lot_of() -> Callable[..., Lot]:
    return make_lot
