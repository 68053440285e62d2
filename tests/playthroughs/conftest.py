"""`pytest tests/playthroughs --regenerate` writes the transcripts anew, to be read before they are committed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dataleverage.scenario.load import load

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "scenarios"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="Write the transcripts of the shipped scenarios anew.")


@pytest.fixture(scope="session")
def transcripts() -> ModuleType:
    """The module that writes and compares transcripts."""
    spec = importlib.util.spec_from_file_location("transcript", HERE / "transcript.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def plays() -> Callable[..., Iterator[Any]]:
    """(scenario, worlds, settings) -> records of it in worlds 0, 1 …, each with its own examples, objects and holdout."""

    def records(name: str, worlds: int, settings: Sequence[str] = ()) -> Iterator[Any]:
        scenario = load(SCENARIOS / f"{name}.yaml", settings=settings)
        return (scenario.in_world(seed).play() for seed in range(worlds))

    return records


@pytest.fixture(scope="session")
def spread() -> Callable[[Sequence[float]], tuple[float, float]]:
    """The mean of an outcome over worlds, and its standard error."""
    return lambda found: (float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(len(found))))
