"""A record: everything that happened in one run.

On disk a record is a directory: `run.json` (the manifest) and one Parquet file a table. It is written beside
its place and renamed into it, so that a record is whole or absent. `docs/reference/record.md` lists every column.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import RecordError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = 2
COLUMNS = {  # what every table has, besides columns with a colon in their name (`score:all`)
    "rounds": (
        *("round", "operator", "row", "holdings", "trained", "examples", "poisoned", "flagged", "false_positives", "kept_out"),
        *("acting", "quality", "company_quality", "share_retained", "users", "believed", "believed_error"),
        *("revenue", "transfers_in", "transfers_out", "costs", "unveiling", "payoff"),
    ),
    "moves": (
        *("round", "creator", "lever", "tactic", "target", "use", "called", "banned_by"),
        *("saw", "quality", "cost", "transfers", "payoff"),
    ),
    "transfers": ("round", "payer", "payee", "amount", "reason"),
    "creators": (
        *("creator", "group", "strategy", "objects", "examples", "audit_examples", "threshold", "status_quo", "judged_on"),
    ),
    "objects": ("object", "owner", "examples", "arrival", "price"),
    "edges": ("source", "target"),
    "columns": ("column", "slice", "metric", "part", "examples", "weight", "floor", "full", "greater_is_better"),
    "cells": ("row", "size", "column", "score", "by", "round", "exact"),
    "collectives": (
        *("round", "collective", "operator", "members", "share_of_creators", "alpha", "alpha_trained", "called", "followed"),
        *("acting", "fund", "demands", "granted", "rate", "wage", "promise"),
    ),
}
LATER = {"rounds": ("believed", "believed_error", "unveiling")}  # numbers that older records of this schema do not have: null
TABLES = tuple(COLUMNS)
MANIFEST = "run.json"
LABELS = {  # columns of few distinct texts: dictionary-encoded
    "moves": ("creator", "lever", "tactic", "target", "use", "called", "banned_by"),
    "transfers": ("payer", "payee", "reason"),
    "rounds": ("operator", "row", "holdings", "kept_out"),
    "edges": ("source", "target"),
    "cells": ("row", "column", "by"),
}

Columns = Mapping[str, Any]  # one table: arrays or lists of one length, by column name


@dataclass(eq=False)
class Record:
    """One run.

    manifest : what `run.json` holds: schema version, scenario as resolved, fingerprints, versions, seeds, wall time,
        cells trained and served, why the game stopped, normalisation, outcomes, warnings.
    tables : the columns of each of `TABLES`; read them as DataFrames: `record.rounds`, `record.moves` …
    """

    manifest: dict[str, Any]
    tables: Mapping[str, Columns]
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def column(self, table: str, name: str) -> NDArray[Any]:
        """One column as an array, without a DataFrame: texts as objects, missing numbers as NaN."""
        values = self.tables[table][name]
        return np.asarray(values.to_numpy(zero_copy_only=False) if hasattr(values, "to_numpy") else values)

    def along(self, name: str, operator: int = 0) -> NDArray[Any]:
        """One column of `rounds` for one operator, in the order of the scenario: an entry a round, from round 0."""
        count = int((self.column("rounds", "round") == 0).sum())
        found: NDArray[Any] = self.column("rounds", name)[operator::count]
        return found

    def frame(self, name: str) -> pd.DataFrame:
        """One table as a DataFrame; made once, then shared."""
        if name not in self._frames:
            self._frames[name] = arrow(name, self.tables[name]).to_pandas()
        return self._frames[name]

    rounds = property(lambda self: self.frame("rounds"), doc="One row a round and operator; round 0 is before anyone moves.")
    moves = property(lambda self: self.frame("moves"), doc="One row a creator and round.")
    transfers = property(lambda self: self.frame("transfers"), doc="Payer, payee, amount and reason of every payment.")
    creators = property(lambda self: self.frame("creators"), doc="Who plays.")
    objects = property(lambda self: self.frame("objects"), doc="What they own.")
    edges = property(lambda self: self.frame("edges"), doc="Who sees whom, one row a pair.")
    columns = property(lambda self: self.frame("columns"), doc="What the model is scored on.")
    cells = property(lambda self: self.frame("cells"), doc="Every cell unveiled, by whom and when.")
    collectives = property(lambda self: self.frame("collectives"), doc="One row a collective and round.")

    def save(self, directory: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the record as a new directory, whole or not at all.

        Raises RecordError where the directory cannot be written, or exists and is not to be overwritten.
        """
        with new_directory(Path(directory), overwrite=overwrite) as folder:
            self.write(folder)
        return Path(directory)

    def write(self, folder: Path) -> None:
        """Write the files of the record into a folder that exists (see `new_directory`)."""
        import pyarrow.parquet as pq

        for name in TABLES:
            pq.write_table(arrow(name, self.tables[name]), folder / f"{name}.parquet", compression="zstd")
        text = json.dumps(self.manifest, indent=1, ensure_ascii=False, allow_nan=False, default=plain)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Record:
        """Read a record. Raises RecordError where the directory holds none, or one of another schema version."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = Path(directory)
        remedy = "Name a directory written by `dataleverage run`."
        if not (folder / MANIFEST).is_file():
            raise RecordError(f"{folder} holds no record: there is no {MANIFEST} in it", remedy=remedy)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            version = manifest["schema"]
            if version != SCHEMA_VERSION:
                raise RecordError(
                    f"{folder} was written in schema version {version}; this version reads {SCHEMA_VERSION}",
                    remedy="Run the scenario again.",
                )
            tables: dict[str, Columns] = {}
            for name in TABLES:
                table = pq.read_table(folder / f"{name}.parquet")
                for column in LATER.get(name, ()):
                    if column not in table.column_names:
                        table = table.append_column(column, pa.nulls(table.num_rows, pa.float64()))
                lacking = [column for column in COLUMNS[name] if column not in table.column_names]
                if lacking:
                    what = f"{name}.parquet has no column {', '.join(map(repr, lacking))}"
                    raise RecordError(f"{folder} holds a broken record: {what}", remedy=remedy)
                tables[name] = dict(zip(table.column_names, table.columns, strict=True))
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise RecordError(f"{folder} holds a broken record: {error}", remedy=remedy) from error
        return cls(manifest, tables)


def arrow(name: str, columns: Columns) -> pa.Table:
    """A table as Arrow: NaN becomes null, columns of few texts become dictionaries."""
    import pyarrow as pa

    arrays = {}
    for column, values in columns.items():
        if isinstance(values, (pa.Array, pa.ChunkedArray)):
            arrays[column] = values
        elif column in LABELS.get(name, ()):
            arrays[column] = pa.array(values, type=pa.string()).dictionary_encode()
        else:
            given = np.asarray(values)  # a list of NaN alone would have no type
            arrays[column] = pa.array(given if given.dtype.kind in "biuf" else values, from_pandas=True)
    return pa.table(arrays)


def coded(index: NDArray[np.integer[Any]], texts: Sequence[str | None]) -> pa.DictionaryArray:
    """The texts of an index as Arrow's `dictionary_encode` makes them of a column of texts, without making that column.

    index : (R,) positions in `texts`; None among these is null.
    """
    import pyarrow as pa

    distinct = {text: i for i, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    which = np.array([-1 if text is None else distinct[text] for text in texts], dtype=np.int32)[index]
    found = pa.array(which, mask=which < 0).dictionary_encode()
    names = list(distinct)
    dictionary = pa.array([names[i] for i in found.dictionary.to_pylist()], type=pa.string())
    return pa.DictionaryArray.from_arrays(found.indices, dictionary)


def plain(value: Any) -> Any:
    """numpy numbers and arrays as JSON has them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} does not go into a record's manifest")


def fresh(folder: Path) -> Path:
    """The folder, or the first of folder-2, folder-3 … that does not exist."""
    number = 1
    candidate = folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def check_free(directory: Path, *, overwrite: bool) -> None:
    """Raise RecordError where a record cannot be written there. Called before a game is played, not after."""
    try:
        exists = directory.exists()
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise RecordError(f"{directory} cannot be written: {error.strerror or error}") from error
    if directory.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise RecordError(f"{directory} is the folder that you work in", remedy="Name a new directory in it.")
    if exists:
        ours = (directory / MANIFEST).is_file()
        if not directory.is_dir():
            raise RecordError(f"{directory} is a file", remedy="Name a new directory.")
        if any(directory.iterdir()) and not (ours and overwrite):
            what = "already holds a record" if ours else "is not empty and holds no record"
            remedy = "Name another directory, or pass --overwrite." if ours else "Name a new directory."
            raise RecordError(f"{directory} {what}", remedy=remedy)
    parent = next(path for path in directory.absolute().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise RecordError(f"{directory} cannot be written: {parent} is not a directory that you may write to")


@contextmanager
def new_directory(directory: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A fresh folder beside `directory` that takes its place when the block ends well, and is removed when it does not."""
    check_free(directory, overwrite=overwrite)
    directory = directory.resolve()  # a link stays, and what it leads to is replaced
    scratch = None
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", suffix=".part", dir=directory.parent))
        scratch.chmod(0o755)
        yield scratch
        if directory.exists():
            aside = scratch.with_suffix(".old")
            try:
                directory.rename(aside)
                scratch.rename(directory)
            except BaseException:  # an interrupt too
                if aside.exists() and not directory.exists():
                    aside.rename(directory)
                raise
            shutil.rmtree(aside, ignore_errors=True)
        else:
            scratch.rename(directory)
    except OSError as error:
        raise RecordError(f"{directory} cannot be written: {error.strerror or error}") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
