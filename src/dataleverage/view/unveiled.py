"""What a grid says in a few lines: its size, what was trained and what a store saved, and its scores by row size."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import in_brief
from dataleverage.grid.table import Table

SHOWN = 6  # columns told one by one
Lines = list[tuple[str, str]]


def unveiled(grid: Grid, table: Table) -> Lines:
    """(label, text) pairs."""
    audit = [c for c, column in enumerate(grid.columns) if column.part == "audit"]
    lines = [("Grid", f"{len(grid.objects)} objects, {len(table):,} rows, {len(grid.columns)} columns ({len(audit)} audit)")]
    lines.append(("Trained", trained(grid)))
    if grid.trained:
        lines.append(("Path", grid.oracle.path))
    if grid.disk is not None:
        lines.append(("Store", saved(grid)))
    for c in audit[:SHOWN]:
        column = grid.columns[c]
        lines.append((f"{METRICS[column.metric].label}, {column.slice}", scores(grid, table, c)))
    if len(audit) > SHOWN:
        lines.append(("", f"and {len(audit) - SHOWN} more audit columns: --out FILE writes them all"))
    first = audit[0]
    sizes = (table.rows > 0).sum(axis=1)
    for size in np.unique(sizes):
        of_size = table.scores[sizes == size, first]
        text = f"{of_size.mean():.3f} (from {of_size.min():.3f} to {of_size.max():.3f}) over {len(of_size):,} rows"
        lines.append((f"{size} objects", text))
    return lines


def trained(grid: Grid) -> str:
    """How many rows were trained now."""
    if grid.world is None:
        return "nothing: the cells come from a table"
    return f"{grid.trained:,} rows now, {grid.from_disk:,} read from the store" if grid.disk else f"{grid.trained:,} rows"


def saved(grid: Grid) -> str:
    """What the store holds and saved."""
    assert grid.disk is not None
    size, spared = grid.disk.size / 1e6, spared_by(grid, *grid.disk.cost())
    return f"{grid.disk.path}: {len(grid.disk):,} rows of this grid, {size:.1f} MB; {spared:.2f} s of training saved"


def spared_by(grid: Grid, trained: int, seconds: float) -> float:
    """The seconds that rows read from the store would have taken, at what `trained` of them took in the mean."""
    return grid.from_disk * seconds / trained if trained else 0.0


def scores(grid: Grid, table: Table, c: int) -> str:
    """The best and the worst row of a column, and the full one."""
    column = table.scores[:, c]
    better = 1 if METRICS[grid.columns[c].metric].greater_is_better else -1
    best, worst = int(np.argmax(better * column)), int(np.argmin(better * column))
    words = [in_brief(row, grid.objects) for row in table.rows[[best, worst]]]
    return f"best {column[best]:.3f} ({words[0] or 'nothing'}), worst {column[worst]:.3f} ({words[1] or 'nothing'})"


def as_json(grid: Grid, table: Table) -> dict[str, Any]:
    """The same for a program, with every score."""
    disk = None
    if grid.disk is not None:
        count, seconds = grid.disk.cost()
        disk = {
            "file": str(grid.disk.path),
            "bytes": grid.disk.size,
            "rows": len(grid.disk),
            "trained": count,
            "seconds": seconds,
            "seconds_saved": spared_by(grid, count, seconds),
        }
    return {
        "objects": list(grid.objects),
        "columns": list(grid.column_names),
        "trained": grid.trained,
        "path": grid.oracle.path,
        "from_store": grid.from_disk,
        "store": disk,
        "rows": grid.words(table.rows),
        "scores": table.scores.tolist(),
    }
