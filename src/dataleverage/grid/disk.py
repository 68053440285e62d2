"""A store on disk: one SQLite file that any number of processes share, and that outlives them.

Cells are found by what they depend on: the world's fingerprint, the learner's, the columns, and the row. So a changed metric,
slice, tactic or parameter never reads an old cell. Rows are kept in blocks, each with a checksum: what a broken disk or a torn
write left behind is refused by name, never read. A block is never changed: a new one that is not much smaller than the one
before takes it in, so that there are few blocks however few rows are kept at a time (the logarithmic method; Bentley and Saxe
1980), and each row is written again a dozen times at most.
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

from dataleverage.errors import StoreError
from dataleverage.grid.block import Block, Hashes, digested, hashed, most, positions
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Mask

APPLICATION = 0x444C4556  # "DLEV", which SQLite writes into the file's head to say whose it is
VERSION = 2  # 1 kept every row by itself
WAIT = 60.0  # seconds to wait for another process that is writing
CACHE = 2**26  # bytes of blocks kept in memory
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS worlds (
    id INTEGER PRIMARY KEY, world TEXT NOT NULL, learner TEXT NOT NULL, columns TEXT NOT NULL, width INTEGER NOT NULL,
    title TEXT NOT NULL, trained INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0,
    UNIQUE (world, learner, columns))""",
    """CREATE TABLE IF NOT EXISTS blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, world INTEGER NOT NULL, count INTEGER NOT NULL,
    hashes BLOB NOT NULL, digest BLOB NOT NULL, cells BLOB NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS blocks_of_world ON blocks (world)",
    "CREATE TABLE IF NOT EXISTS gaps (world INTEGER PRIMARY KEY, digest BLOB NOT NULL, content BLOB NOT NULL)",
)
INHERITED: list[
    sqlite3.Connection
] = []  # by a forked process: to close one would give up locks of the process that it came from


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
        self._connect()

    def _connect(self) -> None:
        self._process, self._lock = os.getpid(), threading.Lock()
        self._hashes: dict[int, Hashes] = {}  # of every block, by its number, in order
        self._blocks: dict[int, Block] = {}  # those in memory
        with self._told():
            self._database = connect(self.path)
            self._id = self._identify()

    def __getstate__(self) -> tuple[Path, Key]:
        return self.path, self.key

    def __setstate__(self, state: tuple[Path, Key]) -> None:
        self.path, self.key = state
        self._connect()

    def _identify(self) -> int:
        """The number of this grid in the file."""
        of = (self.key.world, self.key.learner, self.key.columns)
        with self._transaction("BEGIN IMMEDIATE") as database:
            database.execute(
                "INSERT OR IGNORE INTO worlds (world, learner, columns, width, title) VALUES (?, ?, ?, ?, ?)",
                (*of, self.key.width, self.key.title),
            )
            found = database.execute("SELECT id, width FROM worlds WHERE (world, learner, columns) = (?, ?, ?)", of).fetchone()
        if found[1] != self.key.width:
            raise StoreError(f"the store {self.path} is broken: a grid of {self.key.width} columns is kept with {found[1]}")
        return int(found[0])

    def __len__(self) -> int:
        with self._open():
            counted = "SELECT coalesce(sum(count), 0) FROM blocks WHERE world = ?"
            return int(self._database.execute(counted, (self._id,)).fetchone()[0])

    @property
    def size(self) -> int:
        """Bytes on disk of the file, and of the log beside it that SQLite has not moved into it yet."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def cost(self) -> tuple[int, float]:
        """Rows trained into this grid so far, by anyone, and the seconds that took."""
        with self._open():
            trained, seconds = self._database.execute(
                "SELECT trained, seconds FROM worlds WHERE id = ?", (self._id,)
            ).fetchone()
        return int(trained), float(seconds)

    def find(self, rows: Rows) -> tuple[Mask, Floats]:
        """(R,) which rows are here, and (R, C) their scores; NaN where they are not."""
        with self._open(), self._transaction("BEGIN"):
            return self._found(rows)

    def put(self, rows: Rows, scores: Floats, seconds: float = 0.0) -> Floats:
        """Keep the scores (R, C) of distinct rows, in one transaction. Returns what is kept: what came first, from anyone."""
        with self._open(), self._transaction("BEGIN IMMEDIATE"):
            known, kept = self._found(rows)
            if not known.all():
                kept[~known] = scores[~known]
                self._add(rows[~known], kept[~known])
            self._database.execute(
                "UPDATE worlds SET trained = trained + ?, seconds = seconds + ? WHERE id = ?",
                (int((~known).sum()), seconds, self._id),
            )
        return kept

    def gaps(self) -> Floats | None:
        """(C, 3) what `put_gaps` kept; None where nothing is."""
        with self._open():
            found = self._database.execute("SELECT digest, content FROM gaps WHERE world = ?", (self._id,)).fetchone()
        if found is None:
            return None
        if len(found[1]) != 24 * self.key.width or found[0] != digested(self._id, found[1]):
            raise self._broken("the gaps do not fit their checksum")
        return np.frombuffer(found[1], dtype="<f8").reshape(self.key.width, 3).astype(np.float64)

    def put_gaps(self, gaps: Floats) -> Floats:
        """Keep floor, full and error of every column (C, 3). Returns what is kept: what came first, from anyone."""
        content = gaps.astype("<f8").tobytes()
        with self._open(), self._transaction("BEGIN IMMEDIATE") as database:
            database.execute("INSERT OR IGNORE INTO gaps VALUES (?, ?, ?)", (self._id, digested(self._id, content), content))
        kept = self.gaps()
        return gaps if kept is None else kept

    def _found(self, rows: Rows) -> tuple[Mask, Floats]:
        """What `find` returns, within a transaction."""
        self._catch_up()
        hashes = hashed(rows)
        known, scores = np.zeros(len(rows), dtype=bool), np.full((len(rows), self.key.width), np.nan)
        left = np.argsort(hashes)
        for number, stored in self._hashes.items():
            place = positions(stored, hashes[left])
            here = place >= 0
            if not here.any():
                continue
            block, which, place = self._block(number), left[here], place[here]
            if block.rows.shape[1] != rows.shape[1]:
                raise self._broken("a row has another size than its grid")
            same = (block.rows[place] == rows[which]).all(axis=1)
            known[which[same]], scores[which[same]] = True, block.scores[place[same]]
            left = left[~known[left]]
        return known, scores

    def _catch_up(self) -> None:
        """Take note of blocks that came or went since."""
        told = self._database.execute("SELECT id FROM blocks WHERE world = ? ORDER BY id", (self._id,)).fetchall()
        numbers = [number for (number,) in told]
        for gone in self._hashes.keys() - set(numbers):
            del self._hashes[gone]
            self._blocks.pop(gone, None)
        for number in numbers:
            if number not in self._hashes:
                (hashes,) = self._database.execute("SELECT hashes FROM blocks WHERE id = ?", (number,)).fetchone()
                if not hashes or len(hashes) % 8:
                    raise self._broken("a block has another size than it says")
                self._hashes[number] = np.frombuffer(hashes, dtype="<u8")

    def _block(self, number: int) -> Block:
        """A block, from memory or checked."""
        if number not in self._blocks:
            digest, cells = self._database.execute("SELECT digest, cells FROM blocks WHERE id = ?", (number,)).fetchone()
            block = Block.read(self._hashes[number].tobytes(), cells, digest, self._id, self.key.width)
            if block is None:
                raise self._broken("a block does not fit its checksum")
            self._blocks[number] = block
            while len(self._blocks) > 1 and sum(each.size for each in self._blocks.values()) > CACHE:
                del self._blocks[next(iter(self._blocks))]
        return self._blocks[number]

    def _add(self, rows: Rows, scores: Floats) -> None:
        """Write rows that are not here. The last block takes in those before it that are not much larger."""
        size = most(rows.shape[1], self.key.width)
        blocks = [Block.of(rows[at : at + size], scores[at : at + size]) for at in range(0, len(rows), size)]
        taken = []
        for number in reversed(self._hashes):
            count = len(self._hashes[number])
            if count > 2 * len(blocks[-1]) or count + len(blocks[-1]) > size:
                break
            blocks[-1] = blocks[-1].joined(self._block(number))
            taken.append((number,))
        self._database.executemany("DELETE FROM blocks WHERE id = ?", taken)
        self._database.executemany(
            "INSERT INTO blocks (world, count, hashes, digest, cells) VALUES (?, ?, ?, ?, ?)",
            ((self._id, len(block), *block.written(self._id)) for block in blocks),
        )

    def close(self) -> None:
        """Close the file."""
        with self._open():
            self._database.close()

    def _broken(self, how: str) -> StoreError:
        return StoreError(f"the store {self.path} is broken: {how}", remedy=REMEDY)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """All that is read is of one moment, and all that is written is kept, or nothing."""
        self._database.execute(begin)
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[None]:
        """One thread at a time, with a connection of this process: SQLite's do not survive a fork."""
        if self._process != os.getpid():
            INHERITED.append(self._database)
            self._connect()
        with self._lock, self._told():
            yield

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
        database.execute("BEGIN")  # one state of the file is looked at, also where others make it a store just now
        application, version = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        database.execute("COMMIT")
        if application != APPLICATION and (application or version or tables):
            raise StoreError(f"{path} is no store: it is an SQLite file of another program", remedy="Name another file.")
        if application == APPLICATION and version != VERSION:
            raise StoreError(f"the store {path} has version {version}; this program reads {VERSION}", remedy=REMEDY)
        share(database)
        database.execute("PRAGMA synchronous = NORMAL")
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
