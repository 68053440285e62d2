"""A grid that is watched: it tells how many rows it has answered, to whoever waits for a measure that asks for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from dataleverage.grid.grid import Grid
from dataleverage.world.world import Floats


class Watched(Grid):
    """The same grid: what it knows, trains and counts is the grid's own. A pickled copy is not watched.

    Parameters
    ----------
    grid : what is watched.
    progress : called with the number of rows that have been answered since it was called last, trained or known.
    """

    __slots__ = ("_told",)

    def __init__(self, grid: Grid, progress: Callable[[int], object]) -> None:
        self.__dict__ = grid.__dict__
        self._told = progress

    def scores(
        self, rows: ArrayLike, weights: ArrayLike | None = None, *, progress: Callable[[int], object] | None = None
    ) -> Floats:
        trained = 0

        def tell(count: int) -> None:
            nonlocal trained
            trained += count
            self._told(count)
            if progress is not None:
                progress(count)

        found = super().scores(rows, weights, progress=tell)
        self._told(len(found) - trained)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return unwatched, (self.__getstate__(),)


def unwatched(state: dict[str, Any]) -> Grid:
    """A grid of the state that another one pickled."""
    grid = Grid.__new__(Grid)
    grid.__setstate__(state)
    return grid
