"""A table: the known rows of a grid with all their scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import GridError
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.oracle import missing_cells
from dataleverage.grid.rows import Rows, in_brief, in_words, keys
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and their scores.

    rows : (R, n) uint8; scores : (R, C) float64; objects : n names; columns : C names.
    metrics : C names of what columns measure, or nothing where nobody said: then more is better.
    sizes : (n,) training examples in each object; 1 each where nobody said.
    complete : whether all 2**n clean rows are here; a published table may have holes.
    """

    rows: Rows
    scores: Floats
    objects: tuple[str, ...]
    columns: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def position(self) -> dict[bytes, int]:
        """Where each row stands, by its bytes."""
        return {key: i for i, key in enumerate(keys(self.rows))}

    @property
    def sign(self) -> NDArray[np.float64]:
        """(C,) 1 where more is better, −1 for losses."""
        return np.array(
            [1.0 if METRICS[name].greater_is_better else -1.0 for name in self.metrics] or [1.0] * len(self.columns)
        )

    @property
    def examples(self) -> NDArray[np.int64]:
        """(n,) training examples in each object; 1 each where nobody said."""
        return np.array(self.sizes or [1] * len(self.objects), dtype=np.int64)

    def column(self, name: str | None = None) -> int:
        """The position of a column, the first unless named. Raises GridError for a name there is not."""
        if name is None:
            return 0
        if name not in self.columns:
            raise GridError(f"there is no column {name!r}", remedy=f"Columns are {', '.join(self.columns[:20])}.")
        return self.columns.index(name)

    @property
    def complete(self) -> bool:
        return self.holes == 0

    @property
    def holes(self) -> int:
        """Clean rows that are not known."""
        clean: int = (self.rows <= 1).all(axis=1).sum().item()
        return int(2 ** len(self.objects)) - clean

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The scores, indexed by the row in words, one column a column."""
        import pandas as pd

        index = pd.Index([in_words(row, self.objects) for row in self.rows], name="row")
        return pd.DataFrame(self.scores, index=index, columns=list(self.columns))

    def __repr__(self) -> str:
        holes = "" if self.complete else f", {self.holes} of the {2 ** len(self.objects)} clean rows unknown"
        return f"Table({len(self)} rows x {len(self.columns)} columns, objects {', '.join(self.objects)}{holes})"

    def _repr_html_(self) -> str:
        return str(self.frame._repr_html_())  # type: ignore[operator]

    def find(self, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """(R,) where each row stands, -1 where it is not known."""
        return np.array([self.position.get(key, -1) for key in keys(rows)], dtype=np.intp)

    def known(self, rows: Rows) -> NDArray[np.float64]:
        """(R, n) rows -> (R, C) their scores. Raises MissingCell for rows that are not here."""
        at = self.find(rows)
        if (at < 0).any():
            raise missing_cells([in_brief(row, self.objects) for row in rows[at < 0]])
        found: NDArray[np.float64] = self.scores[at]
        return found
