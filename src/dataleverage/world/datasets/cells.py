"""Cells that somebody else measured, instead of examples to train on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from dataleverage.errors import DataError
from dataleverage.kinds import Many
from dataleverage.world.dataset import DataSource

Scores = float | dict[str, float]


class TableData(DataSource):
    """A published or hand-made table of cells: nothing is trained, and rows that are not in it cannot be visited."""

    kind: Literal["table"] = "table"
    columns: Many[str] = Field(min_length=1, description="The names of the columns.")
    cells: dict[str, Annotated[tuple[float, ...], Strict(False)]] = Field(
        min_length=1, description="For each row in words ('' is the empty row, AB holds A and B), a score for each column."
    )
    objects: Many[str] | None = Field(None, description="Object names; read from the rows unless given.")
    metric: str = Field("accuracy", description="What the cells measure: says whether more is better.")
    floor: Scores | None = Field(None, description="The score of guessing, where the empty row is not in the table.")
    full: Scores | None = Field(None, description="The score of the full row, where it is not in the table.")
    seed: int = Field(0, ge=0, description="Nothing is drawn for a table; accepted so that sweeps over worlds can name it.")

    @model_validator(mode="after")
    def _widths(self) -> TableData:
        for row, scores in self.cells.items():
            if len(scores) != len(self.columns):
                raise ValueError(
                    f"the row {row!r} has {len(scores)} cells and there are {len(self.columns)} columns: "
                    f"{', '.join(self.columns[:8])}"
                )
        return self

    def check(self) -> None:
        """Raise DataError where bounds name columns that are not there."""
        for key, given in (("floor", self.floor), ("full", self.full)):
            for name in given if isinstance(given, Mapping) else ():
                if name not in self.columns:
                    raise DataError(
                        f"there is no column {name!r}",
                        key=f"data.{key}.{name}",
                        remedy=f"Columns are {', '.join(self.columns[:20])}.",
                    )
