"""A store on disk: one SQLite file that any number of processes share, and that outlives them.

Cells are found by what they depend on: the world's fingerprint, the learner's, the columns, and the row. So a changed metric,
slice, tactic or parameter never reads an old cell. Every row carries a checksum: what a broken disk or a torn write left
behind is refused by name, never read.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import StoreError
from dataleverage.grid.rows import Rows, keys
from dataleverage.world.world import Floats, Mask

APPLICATION = 0x444C4556  # "DLEV", which SQLite writes into the file's head to say whose it is
VERSION = 1
WAIT = 60.0  # seconds to wait for another process that is writing
CACHE = 65_536  # kB of pages kept in memory
SCAN = 4  # a world is read whole where at least one in so many of its rows is asked for
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS worlds (
    id INTEGER PRIMARY KEY, world TEXT NOT NULL, learner TEXT NOT NULL, columns TEXT NOT NULL, width INTEGER NOT NULL,
    title TEXT NOT NULL, trained INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0,
    UNIQUE (world, learner, columns))""",
    """CREATE TABLE IF NOT EXISTS cells (
    world INTEGER NOT NULL, row BLOB NOT NULL, scores BLOB NOT NULL, PRIMARY KEY (world, row)) WITHOUT ROWID""",
)


@dataclass(frozen=True)
class Key:
    """What all cells of a grid depend on. world, learner : fingerprints; columns : slices and metrics in order, as text."""

    world: str
    learner: str
    columns: str
    width: int
    title: str = ""


class DiskStore:
    """The rows of one grid in a store file.

    Parameters
    ----------
    path : the file; made where it does not exist.
    key : what the cells depend on.

    Raises StoreError for a file that is no store, is one of another version, or is broken.
    """

    def __init__(self, path: str | os.PathLike[str], key: Key) -> None:
        self.path, self.key = Path(path), key
        self._lock = threading.Lock()
        with self._told():
            self._database = connect(self.path)
            self._id = self._identify()

    def _identify(self) -> int:
        """The number of this grid in the file."""
        of = (self.key.world, self.key.learner, self.key.columns)
        with self._writing() as database:
            database.execute(
                "INSERT OR IGNORE INTO worlds (world, learner, columns, width, title) VALUES (?, ?, ?, ?, ?)",
                (*of, self.key.width, self.key.title),
            )
            found = database.execute("SELECT id, width FROM worlds WHERE (world, learner, columns) = (?, ?, ?)", of).fetchone()
        if found[1] != self.key.width:
            raise StoreError(f"the store {self.path} is broken: a grid of {self.key.width} columns is kept with {found[1]}")
        return int(found[0])

    def __len__(self) -> int:
        with self._lock, self._told():
            return int(self._database.execute("SELECT count(*) FROM cells WHERE world = ?", (self._id,)).fetchone()[0])

    def cost(self) -> tuple[int, float]:
        """Rows trained into this grid so far, by anyone, and the seconds that took."""
        with self._lock, self._told():
            trained, seconds = self._database.execute(
                "SELECT trained, seconds FROM worlds WHERE id = ?", (self._id,)
            ).fetchone()
        return int(trained), float(seconds)

    def find(self, rows: Rows) -> tuple[Mask, Floats]:
        """(R,) which rows are here, and (R, C) their scores; NaN where they are not."""
        with self._lock, self._told():
            few = self._at_most(len(rows) * SCAN + 1) > len(rows) * SCAN
            found = self._join(rows) if few else self._scan()
        known, scores = np.zeros(len(rows), dtype=bool), np.full((len(rows), self.key.width), np.nan)
        if found:
            stored, kept = self._unpacked(found, rows.shape[1])
            asked = sortable(rows)
            place = np.minimum(np.searchsorted(stored, asked), len(stored) - 1)
            known = np.asarray(stored[place] == asked)
            scores[known] = kept[place[known]]
        return known, scores

    def _at_most(self, most: int) -> int:
        """How many rows are here, counted no further than `most`."""
        counted = "SELECT count(*) FROM (SELECT 1 FROM cells WHERE world = ? LIMIT ?)"
        return int(self._database.execute(counted, (self._id, most)).fetchone()[0])

    def _scan(self) -> list[tuple[bytes, bytes]]:
        """All rows, in the order of their bytes, which is that of the table."""
        return self._database.execute("SELECT row, scores FROM cells WHERE world = ? ORDER BY row", (self._id,)).fetchall()

    def _join(self, rows: Rows) -> list[tuple[bytes, bytes]]:
        """The rows that are asked for, in the same order, through a temporary table."""
        database = self._database
        database.execute("CREATE TEMP TABLE IF NOT EXISTS asked (row BLOB PRIMARY KEY) WITHOUT ROWID")
        database.execute("DELETE FROM asked")
        database.executemany("INSERT OR IGNORE INTO asked VALUES (?)", ((key,) for key in keys(rows)))
        joined = (
            "SELECT cells.row, cells.scores FROM asked CROSS JOIN cells ON cells.world = ? AND cells.row = asked.row "
            "ORDER BY asked.row"
        )
        return database.execute(joined, (self._id,)).fetchall()

    def put(self, rows: Rows, scores: Floats, seconds: float = 0.0) -> Floats:
        """Keep the scores (R, C) of distinct rows, in one transaction. Returns what is kept: what came first, from anyone."""
        packed = np.concatenate([scores.view(np.uint64), checks(rows, scores)[:, None]], axis=1)
        blobs = packed.view(f"V{8 * packed.shape[1]}").ravel().tolist()
        with self._lock, self._told(), self._writing() as database:
            before = database.total_changes
            database.executemany(
                "INSERT OR IGNORE INTO cells VALUES (?, ?, ?)",
                ((self._id, key, blob) for key, blob in zip(keys(rows), blobs, strict=True)),
            )
            new = database.total_changes - before
            database.execute(
                "UPDATE worlds SET trained = trained + ?, seconds = seconds + ? WHERE id = ?", (new, seconds, self._id)
            )
        return scores if new == len(rows) else self.find(rows)[1]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _unpacked(self, found: list[tuple[bytes, bytes]], n_objects: int) -> tuple[NDArray[np.bytes_], Floats]:
        """(R,) rows to search in and (R, C) their scores from what is stored, each row checked."""
        size = 8 * (self.key.width + 1)
        found_rows, blobs = zip(*found, strict=True)
        joined, whole = b"".join(found_rows), b"".join(blobs)
        if set(map(len, blobs)) != {size} or set(map(len, found_rows)) != {n_objects}:
            raise self._broken("a row has another size than its grid")
        packed = np.frombuffer(whole, dtype=np.uint64).reshape(len(blobs), self.key.width + 1)
        scores = np.ascontiguousarray(packed[:, :-1]).view(np.float64)
        rows = np.frombuffer(joined, dtype=np.uint8).reshape(len(found), n_objects)
        if not np.array_equal(checks(rows, scores), packed[:, -1]):
            raise self._broken("a row does not fit its checksum")
        return sortable(rows), scores

    def _broken(self, how: str) -> StoreError:
        return StoreError(f"the store {self.path} is broken: {how}", remedy=REMEDY)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors as ours, with the file's name."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"the store {self.path} cannot be used: {error}", remedy=REMEDY) from error


REMEDY = "Move it away, or name another file; what it held will be trained again."


def connect(path: Path) -> sqlite3.Connection:
    """Open a store file, or make one. Raises StoreError for a file of somebody else's, or of another version."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        what = "is a directory" if path.is_dir() else "is in a folder that does not exist"
        raise StoreError(f"the store {path} {what}", remedy="Name a file in a folder that exists.")
    if path.exists() and path.stat().st_size:
        head = path.open("rb").read(16)
        if head != b"SQLite format 3\x00":
            raise StoreError(f"{path} is no store: it is not an SQLite file", remedy="Name another file.")
    database = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        application, version = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and (application or version or tables):
            raise StoreError(f"{path} is no store: it is an SQLite file of another program", remedy="Name another file.")
        if application == APPLICATION and version != VERSION:
            raise StoreError(f"the store {path} has version {version}; this program reads {VERSION}", remedy=REMEDY)
        share(database)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA cache_size = -{CACHE}")  # SQLite's own 2 MB make looking up rows here and there slow
        database.execute("PRAGMA temp_store = MEMORY")
        if application != APPLICATION:
            database.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database


def share(database: sqlite3.Connection) -> None:
    """Let readers and a writer work at once. SQLite does not wait for that by itself where others open the file just now."""
    end = time.monotonic() + WAIT
    while database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def sortable(rows: Rows) -> NDArray[np.bytes_]:
    """(R,) each row as bytes that compare as SQLite compares them."""
    found: NDArray[np.bytes_] = np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").ravel()
    return found


def checks(rows: Rows, scores: Floats) -> NDArray[np.uint64]:
    """(R,) a checksum of each row and its scores."""
    padded = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    words = np.concatenate([padded.view(np.uint64), np.ascontiguousarray(scores).view(np.uint64)], axis=1)
    with np.errstate(over="ignore"):
        weights = (np.arange(1, words.shape[1] + 1, dtype=np.uint64) * MIX) | np.uint64(1)
        mixed = (words ^ (words >> np.uint64(29))) * weights
        total: NDArray[np.uint64] = (mixed ^ (mixed >> np.uint64(32))).sum(axis=1, dtype=np.uint64)
    return total
