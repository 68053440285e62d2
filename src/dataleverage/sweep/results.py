"""The results of a sweep: its table of runs beside what its file said, and outcomes by point, world and replicate."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import Place, SweepError
from dataleverage.scenario.schema import listed, nearest
from dataleverage.sweep.design import Sweep
from dataleverage.sweep.table import SWEEP
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BAD = ("failed", "timed_out", "set_aside")  # runs that were tried and brought nothing


@dataclass(frozen=True, eq=False)
class Results:
    """What a sweep brought.

    sweep : its file. runs : a line a run, with the columns of `table.schema`.
    """

    sweep: Sweep
    runs: pd.DataFrame

    @classmethod
    def of(cls, table: pa.Table) -> Results:
        """From the table of runs, which says what sweep it is of. Raises SweepError where it does not."""
        about = (table.schema.metadata or {}).get(SWEEP)
        if about is None:
            raise SweepError(
                "this table does not say what sweep it is of", remedy="Read the Parquet file that `sweep export` wrote."
            )
        said = json.loads(about)
        # designs at random depend on the order of paths, which JSON's sorted keys lose and the table's columns keep
        said["vary"] = {path: said["vary"][path] for path in table.column_names if path in said["vary"]}
        return cls(Sweep.model_validate(said), table.replace_schema_metadata(None).to_pandas())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Results:
        """From the Parquet file that `sweep export --parquet` wrote. Raises SweepError for any other file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        where = Place(file=os.fspath(path))
        try:
            return cls.of(pq.read_table(path))
        except (OSError, pa.ArrowInvalid) as error:
            said = f"it cannot be read as Parquet: {str(error).splitlines()[0][:200]}"
            raise SweepError(said, place=where, remedy="Name the file that `sweep export --parquet` wrote.") from error
        except SweepError as error:
            raise error.at(where) from None

    @property
    def paths(self) -> tuple[str, ...]:
        """What was varied."""
        return tuple(self.sweep.vary)

    @cached_property
    def points(self) -> pd.DataFrame:
        """A line a point (the index), a column a varied path, with its values as they stand in the table."""
        lines = self.runs.drop_duplicates("point").set_index("point").sort_index()
        return lines[list(self.paths)]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What was kept of each run."""
        return self.sweep.outcomes

    def values(self, outcome: str) -> Floats:
        """An outcome by point, world and replicate, (P, W, R); NaN where a run has none.

        Points are in the order of `points`. Raises SweepError for an outcome that was not kept.
        """
        if outcome not in self.outcomes:
            near = nearest(outcome, self.outcomes)
            remedy = f"Did you mean `{near}`?" if near else f"There are {listed(self.outcomes)}."
            raise SweepError(f"the sweep kept no outcome {outcome[:80]!r}", remedy=remedy)
        runs = self.runs
        places = np.searchsorted(self.points.index.to_numpy(), runs["point"].to_numpy())
        shape = len(self.points), int(runs["world"].max()) + 1, int(runs["replicate"].max()) + 1
        found = np.full(shape, np.nan)
        found[places, runs["world"], runs["replicate"]] = runs[outcome].to_numpy(dtype=np.float64, na_value=np.nan)
        return found

    def counts(self) -> pd.DataFrame:
        """Runs of each point by how they ended: done, failed (in any way), no_gap, waiting."""
        import pandas as pd

        ended = self.runs["status"].replace(dict.fromkeys(BAD, "failed"))
        made = pd.crosstab(self.runs["point"], ended)
        return made.reindex(columns=["done", "failed", "no_gap", "waiting"], fill_value=0)
