"""Examples drawn from a finite table: categorical points and labels whose law is written down."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Many, Model
from dataleverage.streams import Streams
from dataleverage.world.categories import Categories
from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.finite_table import FiniteTable


class Cell(Model):
    """One point of the table with its probabilities."""

    x: Many[str] = Field(min_length=1, description="The point: its value in every column.")
    p: Many[float] = Field(min_length=2, description="P(x, y) for every label.")


class FiniteTableData(ExampleSource):
    """Examples drawn independently from a joint law of points and labels; columns are spread into 0/1 features.

    Known exactly, such data has a Bayes-optimal firm to compare a trained one with: see `dl.signal`.
    """

    kind: Literal["finite_table"] = "finite_table"
    columns: Many[str] = Field(min_length=1, description="What the parts of a point are called.")
    labels: Many[str] = Field(min_length=2, description="What the labels are called.")
    cells: Many[Cell] = Field(min_length=1, description="Points with the probability of each label; all sum to 1.")
    examples: int = Field(1000, ge=2, le=300_000, description="How many examples are drawn.")

    @property
    def table(self) -> FiniteTable:
        """The law. Raises DataError where the cells are none."""
        if "label" in self.columns:
            raise DataError("a column is called `label`, as the labels are", key="data.columns", remedy="Rename it.")
        uneven = [i for i, cell in enumerate(self.cells) if len(cell.p) != len(self.labels)]
        if uneven:
            raise DataError(
                f"{len(self.cells[uneven[0]].p)} probabilities are given for {len(self.labels)} labels",
                key=f"data.cells.{uneven[0]}.p",
                remedy="Give one a label, 0 where it does not occur.",
            )
        try:
            return FiniteTable(
                np.array([cell.p for cell in self.cells]), tuple(c.x for c in self.cells), self.columns, self.labels
            )
        except DataError as error:
            raise DataError(error.message, key="data.cells", remedy=error.remedy) from error

    @property
    def categories(self) -> Categories:
        """The columns with the values that occur in the table, in order of first appearance."""
        return Categories({name: tuple(dict.fromkeys(c.x[i] for c in self.cells)) for i, name in enumerate(self.columns)})

    def read(self, folder: Path) -> Examples:
        """X (N, d) and y (N,), drawn; `folder` is not looked at. All columns are in `values`, and `label`."""
        table, categories = self.table, self.categories
        x, y = table.sample(self.examples, Streams(self.seed)["finite table"])
        codes = {
            name: np.array([categories.values[name].index(point[i]) for point in table.points])[x]
            for i, name in enumerate(table.columns)
        }
        present, y = np.unique(y, return_inverse=True)
        classes = tuple(table.labels[k] for k in present)
        values = categories.words(codes) | {"label": np.array(classes)[y]}
        title = f"a finite table of {len(table.points)} points, {self.examples:,} examples"
        X = categories.spread(codes)
        return Examples(X, y.astype(np.int64), "classification", classes, values, None, title, features=categories.features)
