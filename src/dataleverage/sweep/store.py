"""The store of a sweep: one SQLite file that only its coordinator writes, a transaction at a time.

What is written stays, whatever ends the coordinator. A run is known by what it depends on: the scenario at its point, its seeds
and the version of the code; a line that does not fit the plan is as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from dataleverage.errors import Place, StoreError
from dataleverage.scenario.document import MOST_BYTES
from dataleverage.sweep import version
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.table import STATUSES, Line
from dataleverage.sweep.work import Result

APPLICATION = 0x444C5357  # "DLSW", which SQLite writes into the file's head to say whose it is
VERSION = 1
RUNS = "runs.db"
CELLS = "cells.db"
SCENARIO = "scenario file"  # under this the store holds the scenario's text, which earlier stores do not
LOCK = "lock.db"
HOLDER = "coordinator.json"
SCHEMA = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE runs (run INTEGER PRIMARY KEY, key BLOB NOT NULL, status INTEGER NOT NULL, outcomes BLOB NOT NULL, "
    "error TEXT NOT NULL, seconds REAL NOT NULL)",
)
WHAT = {
    "sweep": "another sweep",
    "scenario": "another scenario, or its data have changed",
    "code": "another version of the code",
}


class Store:
    """The store of a plan in a folder. Whoever writes holds the lock of the folder (`locked`).

    older : its runs were played by another version of the code or of the data: they can be read, and none can be added.
    """

    def __init__(
        self, plan: Plan, folder: Path, database: sqlite3.Connection, about: dict[str, str], *, older: bool = False
    ) -> None:
        self.plan, self.folder, self._database, self._about, self.older = plan, folder, database, about, older
        self._points: dict[int, bytes] = {}
        self._width = len(plan.sweep.outcomes)

    @classmethod
    def opened(cls, plan: Plan, folder: Path, *, reading: bool = False) -> Store:
        """The store of a plan in a folder that exists, made where there is none.

        reading : take what is there (`kept`), also of another version of the code or of the data, and add nothing.
        Raises StoreError where the folder holds something else, or the store of another sweep, scenario or version.
        """
        about = identity(plan)
        file = folder / RUNS
        if not file.exists() and any(not path.name.startswith((LOCK, HOLDER)) for path in folder.iterdir()):
            raise StoreError(f"{folder} is not empty and holds no sweep", remedy="Name a new folder.")
        with told(file):
            database = connected(file)
            try:
                made(database, about)
                held = dict(database.execute("SELECT name, value FROM about").fetchall())
                others = [what for name, what in WHAT.items() if held.get(name) != about[name]]
                if reading and (SCENARIO in held or others == [WHAT["code"]]):
                    return cls(plan, folder, database, about, older=bool(others))
                if others:
                    raise StoreError(
                        f"{folder} holds the runs of {others[0]}", remedy="Name another folder, or remove this one."
                    )
                if not reading:  # stores of old do not say all of it
                    database.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())
            except BaseException:
                database.close()
                raise
        return cls(plan, folder, database, about)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()

    @property
    def cells(self) -> Path:
        """The file that workers share trained cells through."""
        return self.folder / CELLS

    def write(self, results: Sequence[Result]) -> None:
        """Keep results, all of them or none. Raises StoreError where the disk is full, say."""
        lines = [
            (r.number, self.key(r.number), STATUSES.index(r.status), packed(r.outcomes, self._width), r.error, r.seconds)
            for r in results
        ]
        with told(self.folder / RUNS):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)", lines)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def lines(self) -> Iterator[Line]:
        """Every run that is here: its number, status and outcomes, in order of number."""
        for number, key, status, outcomes in self._read("SELECT run, key, status, outcomes FROM runs ORDER BY run"):
            if self.older or key == self.key(number):  # what another version made of the scenario is not known
                yield number, STATUSES[status], unpacked(outcomes)

    def errors(self, most: int = 10) -> list[tuple[int, str, str]]:
        """Of the first runs that ended badly: number, status and what went wrong."""
        bad = [STATUSES.index(name) for name in ("failed", "timed_out", "set_aside")]
        found = self._read(
            f"SELECT run, status, error FROM runs WHERE status IN ({','.join('?' * 3)}) ORDER BY run LIMIT ?", *bad, most
        )
        return [(number, STATUSES[status], error) for number, status, error in found]

    def forget(self, statuses: Sequence[str]) -> int:
        """Take out the runs that ended so, to be played again; returns how many."""
        marks = ",".join("?" * len(statuses))
        with told(self.folder / RUNS):
            done = self._database.execute(f"DELETE FROM runs WHERE status IN ({marks})", [STATUSES.index(s) for s in statuses])
            return done.rowcount

    def key(self, number: int) -> bytes:
        """What a run depends on, hashed: its scenario as resolved, its world, its seed, the code and the data."""
        run = self.plan.run(number)
        if run.point not in self._points:
            resolved = version.digest([self.plan.scenario(run.point).resolved(), self._about["scenario"], self._about["code"]])
            self._points[run.point] = bytes.fromhex(resolved)
        seeds = struct.pack("<qq", -1 if run.data_seed is None else run.data_seed, -1 if run.seed is None else run.seed)
        return hashlib.blake2b(self._points[run.point] + seeds, digest_size=16).digest()

    def _read(self, query: str, *values: Any) -> Iterator[Any]:
        with told(self.folder / RUNS):
            yield from self._database.execute(query, values)


def identity(plan: Plan) -> dict[str, str]:
    """What a store says it is of."""
    sweep, scenario = plan.sweep.model_dump(exclude={"scenario"}), version.written(plan.base)
    found = {
        "sweep": version.digest(sweep),
        "scenario": version.of_scenario(plan),
        "code": version.of_code(plan.sweep.outcomes),
        "file": version.written(plan.sweep.model_dump(exclude_unset=True)),
        "folder": str(plan.sweep.folder),
        "scenario folder": str(plan.folder),
    }
    # what was nearly too long as a file can be too long as one line: such a sweep goes on being read with its scenario's file
    return found | ({SCENARIO: scenario} if len(scenario) <= MOST_BYTES else {})


class Kept(NamedTuple):
    """What a folder says that its runs are of: texts of files as YAML on one line, and where the paths in each start.

    scenario, beside : None in stores that do not hold it; the sweep names the file.
    """

    sweep: str
    folder: Path
    scenario: str | None
    beside: Path | None


def kept(folder: Path) -> Kept:
    """What a folder holds the runs of. Raises StoreError where it holds none."""
    file = folder / RUNS
    if not file.is_file():
        raise StoreError(f"{folder} holds no sweep: there is no {RUNS} in it", remedy="Name the folder that `sweep run` wrote.")
    with told(file):
        database = connected(file)
        try:
            held = dict(database.execute("SELECT name, value FROM about").fetchall())
            sweep, start = held["file"], Path(held["folder"])
        except KeyError:
            raise StoreError(f"{file} is no store of runs", remedy="Name the folder that `sweep run` wrote.") from None
        finally:
            database.close()
    return Kept(sweep, start, *((held[SCENARIO], Path(held["scenario folder"])) if SCENARIO in held else (None, None)))


def connected(file: Path) -> sqlite3.Connection:
    """Open the file of runs. Raises StoreError for a file of somebody else's, or of another version of the format."""
    database = sqlite3.connect(file, timeout=10, isolation_level=None)
    try:
        application, form = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and (application or form or tables):
            raise StoreError(f"{file} is a file of another program", remedy="Name another folder.")
        if application == APPLICATION and form != VERSION:
            raise StoreError(f"{file} has format {form}; this program reads {VERSION}", remedy="Name another folder.")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        database.close()
        raise
    return database


def made(database: sqlite3.Connection, about: dict[str, str]) -> None:
    """Make the tables where there are none yet."""
    if database.execute("PRAGMA application_id").fetchone()[0] == APPLICATION:
        return
    database.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        database.execute(statement)
    database.executemany("INSERT INTO about VALUES (?, ?)", about.items())
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Within this, no other coordinator has the folder: the operating system gives the lock up however this one ends.

    Raises StoreError with the process and the host of the one that has it.
    """
    holder = folder / HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(folder / LOCK, timeout=0.2, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{folder} cannot be written: {error}", remedy="Name another folder.") from error
    try:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise StoreError(f"{folder} cannot be locked: {error}", remedy="Check that the disk has room.") from error
            try:
                held = json.loads(holder.read_text(encoding="utf-8"))
                who = f"process {held['pid']} on {held['host']}"
            except (OSError, ValueError, KeyError):
                who = "another process"
            raise StoreError(
                f"{who} is running the sweep in {folder}", remedy="Wait for it, or stop it: what it did is kept."
            ) from None
        with suppress(OSError):  # a full disk: the lock holds without a name
            holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}), encoding="utf-8")
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)
    finally:
        database.close()


REMEDY = "Make room, or mend what is wrong with the disk, and run the same command again: what was kept is not played again."


@contextmanager
def told(file: Path) -> Iterator[None]:
    """SQLite's errors as ours, with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        where = Place(file=str(file))
        if "not a database" in str(error) or "malformed" in str(error):
            raise StoreError(f"it is broken, or no store: {error}", place=where, remedy="Name another folder.") from error
        raise StoreError(f"it cannot be written or read: {error}", place=where, remedy=REMEDY) from error


def packed(outcomes: Sequence[float | None], width: int) -> bytes:
    """Outcomes as doubles, NaN for none."""
    return struct.pack(f"<{width}d", *(float("nan") if x is None else x for x in outcomes)) if outcomes else b""


def unpacked(held: bytes) -> list[float | None]:
    """The outcomes again."""
    return [None if x != x else x for x in struct.unpack(f"<{len(held) // 8}d", held)]
