"""What all tests share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from dataleverage.sweep.design import Sweep
    from dataleverage.sweep.results import Results

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

LONG = {"test_cli_grid", "test_docs", "test_cli", "test_learners", "test_effects", "test_texts", "test_call", "test_policies"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take long begin first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture
def played() -> Callable[[Sweep, Callable[..., float | None]], Results]:
    """Results that nobody played: `formula(values, world, replicate)` in every run, which failed where that is None."""

    def make(sweep: Sweep, formula: Callable[..., float | None]) -> Results:
        import numpy as np
        import pandas as pd

        from dataleverage.sweep.points import points
        from dataleverage.sweep.results import Results

        lines: list[dict[str, Any]] = []
        for point, values in enumerate(points(sweep).to_dict(orient="records")):
            for world in range(sweep.worlds or 1):
                for replicate in range(sweep.replicates or 1):
                    value = formula(values, world, replicate)
                    one = {"point": point, "world": world, "replicate": replicate, "seed": 0, "data_seed": world, **values}
                    kept = dict.fromkeys(sweep.outcomes, np.nan if value is None else value)
                    lines.append({**one, **kept, "status": "failed" if value is None else "done"})
        return Results(sweep, pd.DataFrame(lines))

    return make


@pytest.fixture
def dataleverage() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command as a user would: its words, and `cwd`."""

    def run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dataleverage", *map(str, words)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)

    return run


@pytest.fixture
def mistake() -> Callable[..., None]:
    """Hold that a command ended as a user's mistake: exit code 2, what is wrong on standard error, and no traceback."""

    def told(done: subprocess.CompletedProcess[str], *said: str) -> None:
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        for words in said:
            assert words in done.stderr

    return told
