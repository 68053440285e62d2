import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


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
