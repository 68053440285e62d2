"""Data leverage games on really trained models.

Creators own data, operators train on it; creators strike, contribute or poison, and every round moves the operator over a grid
of training sets whose cells come from models trained on them. See `dataleverage --help` and the README.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataleverage.errors import DataleverageError
    from dataleverage.game.model import LeverageGame
    from dataleverage.grid import learners, surrogates
    from dataleverage.grid.grid import Grid
    from dataleverage.measure import curves, intervals, leverage, scaling, signal, subsets, values
    from dataleverage.record.record import Record
    from dataleverage.scenario.load import load, loads
    from dataleverage.scenario.scenario import Scenario

_PUBLIC = {
    "DataleverageError": "dataleverage.errors",
    "Grid": "dataleverage.grid.grid",
    "LeverageGame": "dataleverage.game.model",
    "Record": "dataleverage.record.record",
    "Scenario": "dataleverage.scenario.scenario",
    "load": "dataleverage.scenario.load",
    "loads": "dataleverage.scenario.load",
}
_MODULES = {
    "curves": "dataleverage.measure.curves",
    "intervals": "dataleverage.measure.intervals",
    "learners": "dataleverage.grid.learners",
    "leverage": "dataleverage.measure.leverage",
    "scaling": "dataleverage.measure.scaling",
    "signal": "dataleverage.measure.signal",
    "subsets": "dataleverage.measure.subsets",
    "surrogates": "dataleverage.grid.surrogates",
    "values": "dataleverage.measure.values",
}

__all__ = [
    "DataleverageError",
    "Grid",
    "LeverageGame",
    "Record",
    "Scenario",
    "curves",
    "intervals",
    "learners",
    "leverage",
    "load",
    "loads",
    "scaling",
    "signal",
    "subsets",
    "surrogates",
    "values",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'dataleverage' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
