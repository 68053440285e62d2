"""Learners, one family a file; `dl.learners.RidgeClassifier` and so on, with scikit-learn's names and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataleverage.grid.learner import Learner


def by_name() -> dict[str, type[Learner]]:
    """Every registered learner by the name of its class."""
    from dataleverage.grid import learner
    from dataleverage.kinds import family

    return {kind.__name__: kind for kind in family("learner").members.values() if issubclass(kind, learner.Learner)}


def __getattr__(name: str) -> type[Learner]:
    """A learner by the name of its class."""
    found = None if name.startswith("_") else by_name().get(name)
    if found is None:
        raise AttributeError(f"there is no learner {name!r}")
    return found


def __dir__() -> list[str]:
    return [*by_name(), "by_name"]
