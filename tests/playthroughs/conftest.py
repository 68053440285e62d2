"""`pytest tests/playthroughs --regenerate` writes the transcripts anew, to be read before they are committed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent


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
