"""What a grid with a surrogate says in a few lines: how good the surrogate is, and what it predicts; every number marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows
from dataleverage.grid.surrogate_grid import SurrogateGrid, number
from dataleverage.view.unveiled import SHOWN, Lines, saved, trained

if TYPE_CHECKING:
    import pandas as pd

FEW = 5  # objects named at either end
MOST_WRITTEN = 1000  # objects up to which the rows without each of them are written to a file: n rows of n names


def estimated(lookup: SurrogateGrid, asked: Rows) -> Lines:
    """(label, text) pairs. asked : (R, n) the rows that somebody wants to know of."""
    grid, fit = lookup.grid, lookup.fit
    audit = [c for c, column in enumerate(grid.columns) if column.part == "audit"]
    size = f"{grid.n_objects:,} objects, {len(fit.rows):,} rows trained, {len(grid.columns)} columns ({len(audit)} audit)"
    lines = [("Grid", size), ("Trained", trained(grid))]
    if grid.disk is not None:
        lines.append(("Store", saved(grid)))
    lines.append(("Surrogate", fit.kind.named))
    lines += [("Held out", fit.judged_in_words(c)) for c in audit[:SHOWN]]
    if len(audit) > SHOWN:
        lines.append(("", f"and {len(audit) - SHOWN} more audit columns: --json tells them all"))
    first = audit[0]
    ends = np.stack([np.ones(grid.n_objects, np.uint8), np.zeros(grid.n_objects, np.uint8)])
    lines += list(zip(("All objects", "No object"), cells(lookup, ends, first), strict=True))
    singles = without_each(grid.n_objects)
    better = 1 if METRICS[grid.columns[first].metric].greater_is_better else -1
    order = np.argsort(better * lookup.scores(singles)[:, first], kind="stable")
    few = min(FEW, grid.n_objects // 2)
    for label, which in (("Most missed", order[:few]), ("Least missed", order[::-1][:few])):
        told = cells(lookup, singles[which], first)
        lines += [(label, f"without {grid.objects[j]}: {text}") for j, text in zip(which.tolist(), told, strict=True)]
    answers = zip(grid.words(asked), cells(lookup, asked, first), strict=True)
    return lines + [("Asked", f"{words or 'nothing'}: {text}") for words, text in answers]


def cells(lookup: SurrogateGrid, rows: Rows, c: int) -> list[str]:
    """One column of some rows: `0.912 (trained)`, `0.905 ± 0.0041 (predicted)`."""
    scores, errors, exact = lookup.scores(rows)[:, c], lookup.errors(rows)[:, c], lookup.exact(rows)

    def told(score: float, error: float, true: bool) -> str:
        if true:
            return f"{score:.3f} (trained)"
        if not np.isfinite(error):
            return f"{score:.3f} (predicted; nothing says how well, as no row so far from all data was trained)"
        return f"{score:.3f} ± {error:.4f} (predicted)"

    return [told(*cell) for cell in zip(scores.tolist(), errors.tolist(), exact.tolist(), strict=True)]


def without_each(n: int) -> Rows:
    """(n, n): the full row without each of its objects."""
    return 1 - np.eye(n, dtype=np.uint8)


def frame(lookup: SurrogateGrid, asked: Rows) -> pd.DataFrame:
    """A line a row, in words: whether it was trained (`exact`), its scores, and their standard errors (`error:…`).

    The rows trained, those asked for, and, up to 1,000 objects, the full row without each of them.
    """
    import pandas as pd

    grid = lookup.grid
    singles = without_each(grid.n_objects) if grid.n_objects <= MOST_WRITTEN else asked[:0]
    rows = np.concatenate([lookup.fit.rows, singles, asked])
    index = pd.Index(grid.words(rows), name="row")
    errors = lookup.errors(rows)
    data = {"exact": lookup.exact(rows), **dict(zip(grid.column_names, lookup.scores(rows).T, strict=True))}
    data |= {f"error:{name}": errors[:, c] for c, name in enumerate(grid.column_names)}
    table = pd.DataFrame(data, index=index)
    return table[~table.index.duplicated()]


def as_json(lookup: SurrogateGrid, asked: Rows) -> dict[str, Any]:
    """The same for a program: the rows asked for, and the full row without each object, in the order of `objects`."""
    grid = lookup.grid

    def told(rows: Rows) -> dict[str, Any]:
        errors = [[number(e) for e in row] for row in lookup.errors(rows).tolist()]
        return {"scores": lookup.scores(rows).tolist(), "errors": errors, "exact": lookup.exact(rows).tolist()}

    return {
        "objects": list(grid.objects),
        "columns": list(grid.column_names),
        "trained": grid.trained,
        "from_store": grid.from_disk,
        "surrogate": lookup.fit.account(range(len(grid.columns))),
        "rows": grid.words(asked),
        **told(asked),
        "without": told(without_each(grid.n_objects)),
    }
