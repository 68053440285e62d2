import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import dataleverage as dl


def load_records() -> ModuleType:
    """The builder of records beside this file, whatever the import mode."""
    name = "dataleverage_view_records"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "records.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def records() -> ModuleType:
    return load_records()


@pytest.fixture(scope="session")
def grid() -> dl.Grid:
    """A ridge classifier of six objects, with a column for everyone and one for a half."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(180, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=180) > 0).astype(int)
    learner = dl.learners.RidgeClassifier()
    groups, slices = np.arange(120) % 6, {"half": range(30)}
    return dl.Grid.from_arrays(X[:120], y[:120], groups, X[120:], y[120:], learner=learner, slices=slices)


@pytest.fixture
def many_objects() -> Callable[[], dl.Grid]:
    """Makes a ridge classifier of 24 objects, whose rows are too many to enumerate."""

    def make() -> dl.Grid:
        rng = np.random.default_rng(1)
        X = rng.normal(size=(300, 3))
        y = (X[:, 0] > 0).astype(int)
        learner = dl.learners.RidgeClassifier()
        return dl.Grid.from_arrays(X[:240], y[:240], np.arange(240) % 24, X[240:], y[240:], learner=learner)

    return make
