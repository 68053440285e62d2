"""Influence values: leave-one-out from one fit and no further training, for ridge and logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.influence import Influence, Step
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.measure.worth import frame

if TYPE_CHECKING:
    import pandas as pd


def influence(grid: Grid, *, step: Step = "first_order", base: str | None = None) -> pd.DataFrame:
    """What the score of a row would lose without each of its objects, by influence functions: `v(N) − v̂(N∖i)`.

    An estimate of `leave_one_out` that trains one row: `first_order` is the derivative in the object's weight (Koh & Liang
    2017, eq. 1), `newton` one Newton step (Pregibon 1981), which is exact for ridge. Objects that hold much of the data are
    changes that are too large for the first order.

    Parameters
    ----------
    grid : trained by ridge (classifier or regressor) or logistic regression, of any number of objects.
    base : the row to leave them out of, in words; the full clean row unless given. It needs examples of every class.

    Returns a DataFrame (objects × columns). Raises GridError for a table and for learners without influence functions.
    """
    if not isinstance(grid, Grid) or not isinstance(grid.oracle, TrainedOracle):
        raise GridError(
            "influence functions need a grid that is trained",
            remedy="Use leave_one_out for a table, or give a world and a learner.",
        )
    oracle = grid.oracle
    start = grid.full_row[0] if base is None else grid.rows([base])[0]
    held = np.flatnonzero(start)
    without = np.repeat(start[None, :], len(held), axis=0)
    without[np.arange(len(held)), held] = 0
    fitted = Influence(oracle.learner, oracle.pool, start, step)
    rows = np.concatenate([start[None, :], without])
    size = oracle.chunk(len(rows))
    parts = [oracle.measure(oracle.decided_by(fitted, rows[i : i + size])) for i in range(0, len(rows), size)]
    scores = np.concatenate(parts)
    return frame(scores[0] - scores[1:], [grid.objects[j] for j in held], grid.column_names)
