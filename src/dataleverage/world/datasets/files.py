"""A user's own CSV or Parquet file."""

from __future__ import annotations

import csv
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataError, DataleverageError, Errors
from dataleverage.kinds import Many
from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.local_file import LocalPath, regular_file
from dataleverage.world.world import LARGEST, Feature, Floats, Task

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 20  # whole-number targets with more distinct values are taken for numbers


class TableFile(ExampleSource):
    """Base of files with one example a line and one feature a column."""

    path: LocalPath = Field(description="The file; a relative path starts at the scenario's folder. Local files only.")
    target: str = Field(description="The column to predict.")
    owner: str | None = Field(None, description="The column that says who owns an example.")
    categorical: Many[str] = Field((), description="Columns to spread into one 0/1 feature for each value.")
    drop: Many[str] = Field((), description="Columns to leave out.")
    task: Literal["auto", "classification", "regression"] = Field(
        "auto",
        description="auto: classification for text, true/false and up to 20 whole numbers, otherwise regression.",
    )

    @abstractmethod
    def frame(self, path: Path) -> pd.DataFrame:
        """The file as a DataFrame. Raises ValueError or OSError where it cannot be one."""

    def example(self, path: Path, number: int, total: int) -> str:
        """What an example of `total` is called in messages; `number` counts from 0."""
        return f"example {number + 1}"

    def read(self, folder: Path) -> Examples:
        path = regular_file(folder, self.path, "data.path")
        frame = self.load(path)

        def called(number: int) -> str:
            return self.example(path, number, len(frame))

        self.check_columns(frame, called)
        task: Task = self.task_of(frame[self.target])
        kept = [name for name in frame.columns if name not in {self.target, self.owner, *self.drop}]
        set_aside = set(self.grouping().values()) - set(self.categorical)
        kept = [name for name in kept if name not in set_aside]
        X, names = self.features(frame, kept, called)
        values = {
            str(name): frame[name].astype(str).to_numpy(dtype=str)
            for name in sorted(
                {*self.categorical, *self.drop, *self.grouping().values(), *([self.owner] if self.owner else [])}
            )
            if name in frame.columns
        }
        title = f"{Path(self.path).name}, {len(frame):,} examples"
        if task == "regression":
            return Examples(X, self.numbers(frame, called), task, (), values, self.owner, title, features=names)
        labels = frame[self.target].astype(str).to_numpy(dtype=str)
        classes, y = in_number_order(*np.unique(labels, return_inverse=True))
        values.setdefault("label", labels)
        return Examples(X, y.astype(np.int64), task, classes, values, self.owner, title, features=names)

    def load(self, path: Path) -> pd.DataFrame:
        """Read the file, with one clear error for each way in which that can fail."""
        try:
            frame = self.frame(path)
            frame.columns = [str(name) for name in frame.columns]
            twice = frame.columns[frame.columns.duplicated()]
            if len(twice):
                raise ValueError(f"it has two columns {twice[0]!r}")
        except (OSError, ValueError, NotImplementedError, OverflowError) as error:  # as the parsers of pandas and Arrow raise
            said = str(error).strip().splitlines()
            raise DataError(
                f"{self.path} cannot be read: {said[0] if said else type(error).__name__}",
                key="data.path",
                remedy=f"It has to be a {self.tag} file with one header and one example a line.",
            ) from error
        if frame.empty:
            raise DataError(f"{self.path} holds no examples", key="data.path", remedy="Add some lines below the header.")
        return frame

    def check_columns(self, frame: pd.DataFrame, called: Callable[[int], str]) -> None:
        """Every column that the scenario names must be there and do one thing only: all faults at once."""
        wanted = [("target", self.target), ("owner", self.owner)]
        wanted += [(f"categorical.{i}", name) for i, name in enumerate(self.categorical)]
        wanted += [(f"drop.{i}", name) for i, name in enumerate(self.drop)]
        errors: list[DataleverageError] = []
        for key, name in [*wanted, *self.grouping().items()]:
            if name is not None and name not in frame.columns and (name != "label" or (key, name) in wanted):
                errors.append(unknown_column(name, list(frame.columns), f"data.{key}", self.path))
            elif name == self.target and key != "target" and (key, name) in wanted:
                errors.append(
                    DataError(f"{name!r} is the target", key=f"data.{key}", remedy="Name another column, or none, here.")
                )
        if errors:
            raise together(errors)
        for key, name in (
            ("target", self.target),
            ("owner", self.owner),
            ("objects.column", self.grouping().get("objects.column")),
        ):
            if name in frame.columns and (empty := frame[name].isna().to_numpy()).any():
                errors.append(
                    DataError(
                        f"the column {name!r} is empty in {empty.sum()} of {len(frame)} examples, "
                        f"first in {called(int(np.argmax(empty)))}",
                        key=f"data.{key}",
                        remedy="Drop those examples, or fill them in.",
                    )
                )
        if errors:
            raise together(errors)

    def grouping(self) -> dict[str, str]:
        """Key -> column that objects or slices are made of: not features unless they are `categorical` too."""
        named = {"objects.column": getattr(self.objects, "column", None), "slices.column": self.slices.column}
        named |= {f"slices.{name}.column": part.column for name, part in self.slices.named.items()}
        return {key: name for key, name in named.items() if name}

    def task_of(self, target: pd.Series) -> Task:
        """What the target asks for."""
        if self.task != "auto":
            return self.task
        if target.dtype.kind not in "iuf":
            return "classification"
        whole = target.dtype.kind in "iu" or bool((target % 1 == 0).all())
        return "classification" if whole and target.nunique() <= MOST_CLASSES else "regression"

    def numbers(self, frame: pd.DataFrame, called: Callable[[int], str]) -> Floats:
        """The target of a regression."""
        import pandas as pd

        y = pd.to_numeric(frame[self.target], errors="coerce").to_numpy(dtype=np.float64)
        if not np.isfinite(y).all():
            bad = int(np.argmin(np.isfinite(y)))
            raise DataError(
                f"the target {self.target!r} is {frame[self.target].iloc[bad]!r} in {called(bad)}, and not a number",
                key="data.target",
                remedy="Mend that line, or set `task: classification`.",
            )
        return y

    def features(
        self, frame: pd.DataFrame, names: list[str], called: Callable[[int], str]
    ) -> tuple[Floats, tuple[Feature, ...]]:
        """(N, d) float64 from number columns, true/false columns and the categorical ones, and (d,) what they are called.

        All faults at once.
        """
        parts: list[Floats] = []
        found: list[Feature] = []
        errors: list[DataleverageError] = []
        for name in names:
            column = frame[name]
            if name in self.categorical:
                text = column.astype(str).to_numpy(dtype=str)
                values = np.unique(text)
                parts.append((text[:, None] == values).astype(np.float64))
                found += [Feature(name, str(value)) for value in values]
            elif column.dtype.kind in "biuf":
                number = column.to_numpy(dtype=np.float64)
                if (np.abs(number) <= LARGEST).all():
                    parts.append(number[:, None])
                    found.append(Feature(name))
                else:
                    errors.append(not_finite(name, number, called))
            else:
                errors.append(not_numbers(name, column))
        if errors:
            raise together(errors)
        if not parts:
            raise DataError("no feature is left", key="data", remedy="Keep at least one column beside target and owner.")
        return np.concatenate(parts, axis=1), tuple(found)


class CsvData(TableFile):
    """A CSV file with a header and one example a line."""

    kind: Literal["csv"] = "csv"
    separator: str = Field(",", min_length=1, max_length=1, description="What stands between two fields.")

    def frame(self, path: Path) -> pd.DataFrame:
        import pandas as pd

        def read(**options: Any) -> pd.DataFrame:
            # pandas would unpack a file called .gz, however large what is in it
            frame: pd.DataFrame = pd.read_csv(path, sep=self.separator, skipinitialspace=True, compression=None, **options)
            return frame

        # Left to itself pandas renames the second of two columns `a`, and shifts lines with one field too many.
        try:
            header = read(header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
        except UnicodeError as error:
            raise ValueError(not_text(path)) from error
        except pd.errors.ParserError as error:
            raise ValueError(self.torn(path, None, str(error))) from error
        twice = header[header.duplicated() & (header != "")]
        if len(twice):
            raise ValueError(f"it has two columns {twice.iloc[0]!r}")
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                return read(index_col=False)
            except UnicodeError as error:
                raise ValueError(not_text(path)) from error
            except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
                raise ValueError(self.torn(path, len(header), str(error))) from error

    def records(self, path: Path) -> Iterator[tuple[int, int]]:
        """The line on which each record of the file starts, and its number of fields; blank lines are none."""
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self.separator, skipinitialspace=True)
            line = 1
            for fields in reader:
                if any(fields) or len(fields) > 1:
                    yield line, len(fields)
                line = reader.line_num + 1

    def example(self, path: Path, number: int, total: int) -> str:
        """With its line, where Python's csv module counts as many records in the file as pandas does."""
        try:
            lines = [line for line, _ in self.records(path)]
        except (csv.Error, ValueError, TypeError, OSError):
            lines = []
        said = super().example(path, number, total)
        return f"{said}, line {lines[number + 1]}" if len(lines) == total + 1 else said

    def torn(self, path: Path, header: int | None, said: str) -> str:
        """What is wrong with a file that pandas cannot parse, whose own words speak of tokens and buffers."""
        if "EOF inside string" in said:
            return "it opens quotes that are never closed"
        try:
            long = next(((line, fields) for line, fields in self.records(path) if header and fields > header), None)
        except (csv.Error, ValueError, TypeError, OSError):
            long = None
        if long is not None:
            return f"line {long[0]} has {long[1]} fields, and its header {header}"
        if header is not None:
            return f"its lines have more fields than the {header} of its header"
        return f"it is no table with {self.separator!r} between its fields"


def not_text(path: Path) -> str:
    """What is wrong with a file that is not UTF-8."""
    with path.open("rb") as stream:
        start = stream.read(4)
    packed = start.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd"))
    return "it is compressed; unpack it first" if packed else "it is not UTF-8 text"


class ParquetData(TableFile):
    """A Parquet file with one example a row."""

    kind: Literal["parquet"] = "parquet"

    def frame(self, path: Path) -> pd.DataFrame:
        import pandas as pd

        frame = pd.read_parquet(path)
        return frame.reset_index() if any(frame.index.names) else frame  # a named index is a column as any other


def in_number_order(classes: NDArray[np.str_], y: NDArray[np.intp]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Classes sorted as numbers where all of them are numbers (2 before 10), and labels that follow."""
    try:
        order = np.argsort(classes.astype(np.float64), kind="stable")
    except ValueError:
        order = np.arange(len(classes))
    return tuple(str(name) for name in classes[order]), np.argsort(order)[y]


def together(errors: list[DataleverageError]) -> DataleverageError:
    """One error as it is, several as one."""
    return errors[0] if len(errors) == 1 else Errors(errors)


def unknown_column(name: str, known: list[str], key: str, path: str) -> DataError:
    """The error for a column that a file does not have."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    if len(known) == 1 and (signs := [sign for sign in ";\t|" if sign in known[0]]):
        hint = f"Is `separator: {signs[0]!r}` missing? "
    return DataError(f"{path} has no column {name!r}", key=key, remedy=f"{hint}Columns are {', '.join(known[:20])}.")


def not_finite(name: str, values: Floats, called: Callable[[int], str]) -> DataError:
    """The error for a feature with holes, infinities or numbers too large to compute with."""
    bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
    first = values[bad[0]]
    what = "missing" if np.isnan(first) else "infinite" if np.isinf(first) else f"beyond {LARGEST:g}"
    return DataError(
        f"the feature {name!r} is {what} in {len(bad)} of {len(values)} examples, first in {called(int(bad[0]))}",
        key="data.path",
        remedy=f"Mend the file, or leave the column out with `drop: [{name}]`.",
    )


def not_numbers(name: str, column: pd.Series) -> DataError:
    """The error for a feature of text."""
    example = next((str(value) for value in column if isinstance(value, str)), str(column.iloc[0]))
    return DataError(
        f"the feature {name!r} holds text such as {example!r}",
        key="data.categorical",
        remedy=f"Add it to `categorical`, or leave it out with `drop: [{name}]`.",
    )
