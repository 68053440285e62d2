"""A table: the known rows of a grid with all their scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.grid.rows import Rows, in_words, keys
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and their scores.

    rows : (R, n) uint8; scores : (R, C) float64; objects : n names; columns : C names.
    complete : whether all 2**n clean rows are here; a published table may have holes.
    """

    rows: Rows
    scores: Floats
    objects: tuple[str, ...]
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def position(self) -> dict[bytes, int]:
        """Where each row stands, by its bytes."""
        return {key: i for i, key in enumerate(keys(self.rows))}

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
