"""Subsets: rows chosen and compared, by what they cost, by what they forgot, and by what nobody looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.rows import from_words, in_words
from dataleverage.grid.table import Table
from dataleverage.measure.curves import positions
from dataleverage.measure.worth import check_numbers
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd


def budgeted(table: Table, budgets: Sequence[int] | None = None, *, column: str | None = None) -> pd.DataFrame:
    """The best clean row that a budget of training examples buys, and what it forgoes.

    Parameters
    ----------
    budgets : training examples; those of the rows there are unless given.
    column : what is best; the first unless given.

    Returns a DataFrame indexed by `budget`: the `row` in words, its `examples` and `score`, and the `regret`: by how much the
    full row is better (negative where less data is). Raises MissingCell without the full row, GridError where nothing fits and
    for cells that are not numbers.
    """
    import pandas as pd

    where = table.column(column)
    sign = float(table.sign[where])
    clean = (table.rows <= 1).all(axis=1)
    rows, score = table.rows[clean], table.scores[clean, where]
    check_numbers(rows, score[:, None], table.objects, [table.columns[where]])
    size = rows @ table.examples
    full = table.known(np.ones((1, len(table.objects)), dtype=np.uint8))[0, where]
    lines = []
    wanted = sorted(set(size.tolist())) if budgets is None else list(budgets)
    for budget in wanted:
        fits = np.flatnonzero(size <= budget)
        if not len(fits):
            raise GridError(f"no row has at most {budget} examples", remedy=f"The smallest has {size.min()}.")
        best = fits[np.lexsort((size[fits], -sign * score[fits]))[0]]
        lines.append((in_words(rows[best], table.objects), int(size[best]), score[best], sign * (full - score[best])))
    return pd.DataFrame(lines, index=pd.Index(wanted, name="budget"), columns=["row", "examples", "score", "regret"])


def unlearning(
    table: Table, forgotten: Sequence[str], candidate: pd.Series | Mapping[str, float], *, base: str | None = None
) -> pd.DataFrame:
    """What a model that claims to have forgotten scores against one that never knew: the retrained row is the reference.

    Parameters
    ----------
    forgotten : objects that were to be forgotten.
    candidate : the claiming model's scores by column, as a Series or a mapping.
    base : the row in words before forgetting; the full clean row unless given.

    Returns a DataFrame indexed by column: `before`, `retrained`, `candidate`, `difference` (candidate − retrained), and `left`,
    the share of the way from before to retrained that is still to go (0: forgotten, 1: nothing happened; NaN where forgetting
    changes nothing). Raises MissingCell where the table lacks a row, GridError for columns there are not and for scores, of
    either, that are not numbers.
    """
    import pandas as pd

    before = np.ones(len(table.objects), dtype=np.uint8) if base is None else from_words(base, table.objects)
    after = before.copy()
    after[positions(forgotten, table.objects, None)] = 0
    rows = np.stack([before, after])
    columns, given = claimed(candidate)
    at = [table.column(name) for name in columns]
    known = table.known(rows)[:, at]
    check_numbers(rows, known, table.objects, columns)
    old, new = known
    change = old - new
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(change == 0, np.nan, (given - new) / change)
    lines = {"before": old, "retrained": new, "candidate": given, "difference": given - new, "left": left}
    return pd.DataFrame(lines, index=pd.Index(columns, name="column"))


def claimed(candidate: pd.Series | Mapping[str, float]) -> tuple[list[str], Floats]:
    """Columns, and (C,) the scores that a model claims there. Raises GridError for what is no score by column."""
    import pandas as pd

    remedy = "Give `{column: score}`, or a Series of scores indexed by column."
    if not isinstance(candidate, pd.Series | Mapping):
        raise GridError(f"scores by column are not a {type(candidate).__name__}", remedy=remedy, key="candidate")
    scores = dict(candidate)
    try:
        given = np.array([float(score) for score in scores.values()])
    except (TypeError, ValueError) as error:
        raise GridError(f"a score is a number: {error}", remedy=remedy, key="candidate") from error
    broken = [str(name) for name, finite in zip(scores, np.isfinite(given), strict=True) if not finite]
    if broken:
        raise GridError(f"no finite score is given for {', '.join(broken[:8])}", remedy=remedy, key="candidate")
    return [str(name) for name in scores], given


def pareto(table: Table, monitored: str, unmonitored: str) -> pd.DataFrame:
    """The clean rows that no other beats on what is monitored and on what is not: where the two can be had together.

    Returns a DataFrame indexed by row in words, from the best on the monitored column down, with both scores. Of rows with
    equal scores on both, all are kept. Raises GridError for columns there are not and for cells that are not numbers.
    """
    import pandas as pd

    clean = (table.rows <= 1).all(axis=1)
    at = [table.column(monitored), table.column(unmonitored)]
    scores = table.scores[clean][:, at]
    check_numbers(table.rows[clean], scores, table.objects, [monitored, unmonitored])
    gain = scores * table.sign[at]
    order = np.lexsort((-gain[:, 1], -gain[:, 0]))
    best = np.maximum.accumulate(gain[order, 1])
    before = np.concatenate([[-np.inf], best[:-1]])
    same = np.concatenate([[False], (np.diff(gain[order], axis=0) == 0).all(axis=1)])
    front = gain[order, 1] > before
    for i in np.flatnonzero(same):  # copies of a row on the front are on it too
        front[i] = front[i - 1]
    chosen = order[front]
    words = [in_words(row, table.objects) for row in table.rows[clean][chosen]]
    return pd.DataFrame(scores[chosen], index=pd.Index(words, name="row"), columns=[monitored, unmonitored])
