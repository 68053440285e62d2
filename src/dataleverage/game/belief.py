"""Beliefs: what creators that do not know the grid take rows to score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from dataleverage.game.board import Board
from dataleverage.game.setup import GameSetup
from dataleverage.game.strategy import Knows
from dataleverage.grid.rows import Rows
from dataleverage.grid.surrogate import Additive, NeighbourMean
from dataleverage.world.world import Floats

Score = Callable[[int, Rows, "Floats | None"], Floats]


def guess(setup: GameSetup, boards: Sequence[Board], served: Iterable[tuple[Rows, Floats]], knows: Knows) -> Score:
    """How rows are scored by who does not know the grid: by operators' boards, or by the audit scores of rows served."""
    if knows == "belief":
        every = published(served, setup.grid.n_present)
        return lambda k, rows, weights: every.predict(rows)
    each = [on_board(setup, board) for board in boards]
    return lambda k, rows, weights: each[k].predict(rows)


def published(known: Iterable[tuple[Rows, Floats]], n_present: int) -> Additive:
    """An additive model of the audit scores of the rows (n,) that operators have served so far."""
    rows, scores = zip(*known, strict=True)
    return Additive(np.array(rows), np.array(scores), n_present)


def on_board(setup: GameSetup, board: Board) -> NeighbourMean:
    """The mean of the nearest rows on an operator's board, told as audit scores."""
    columns = setup.grid.columns
    rows_seen, monitor = board.table()
    as_audit = np.full((len(rows_seen), len(columns)), np.nan)
    twins = setup.twins(board.columns)
    monitored = twins >= 0
    quality, looked = setup.quality, board.columns[twins[monitored]]
    # a monitor score is as good as it is beside the monitor score of the full row: nothing of the audit part is told
    as_audit[:, monitored] = quality.full[monitored] + monitor[:, twins[monitored]] - quality.full[looked]
    # what is not monitored is taken to be as good as the first weighted column that is
    known = np.flatnonzero((quality.weight > 0) & monitored)[:1]
    as_good = quality.full + quality.scale * (quality.of(as_audit)[:, known] - 1)
    return NeighbourMean(rows_seen, np.where(monitored, as_audit, as_good))
