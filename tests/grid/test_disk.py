"""The store on disk: what is kept, shared, refused, and never read wrong."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataleverage as dl
from dataleverage.errors import GridError, StoreError
from dataleverage.grid.block import ROWS, hashed
from dataleverage.grid.disk import DiskStore, Key
from dataleverage.grid.rows import all_rows

SCENARIO = """
title: Stored
data: {{kind: sklearn, name: wine, objects: {{by: random, count: 6}}, slices: {{by: owner}}, seed: {seed}}}
learner: {{kind: ridge_classifier, alpha: {alpha}, preprocess: {preprocess}}}
columns: {{metric: {metric}}}
creators: [{{name: all}}]
"""


def grid(seed: int = 0, alpha: float = 1.0, metric: str = "accuracy", preprocess: str = "standardize") -> dl.Grid:
    """A fresh grid, not the one that scenarios share."""
    scenario = dl.loads(SCENARIO.format(seed=seed, alpha=alpha, metric=metric, preprocess=preprocess))
    return dl.Grid.of_world(scenario.world(), scenario.learner, metric)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cells.db"


def key(width: int = 2, **parts: str) -> Key:
    return Key(**{"world": "w", "learner": "l", "columns": "c", **parts}, width=width)


def test_what_was_trained_is_read_back_bit_for_bit_and_not_trained_again(path):
    first = grid().keep_in(path).unveil()
    again = grid().keep_in(path)
    assert np.array_equal(again.unveil().scores, first.scores)
    assert (again.trained, again.from_disk) == (0, 64)
    assert again.disk.cost()[0] == 64
    assert again.disk.cost()[1] > 0


def test_some_rows_are_read_and_the_others_trained(path):
    half = grid().keep_in(path)
    half.scores(all_rows(6)[::2])
    whole = grid().keep_in(path)
    assert np.array_equal(whole.unveil().scores, grid().unveil().scores)
    assert (whole.trained, whole.from_disk) == (32, 32)


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"alpha": 2.0}, {"metric": "balanced_accuracy"}, {"preprocess": "min_max"}], ids=str
)
def test_another_world_learner_metric_or_scaling_reads_nothing(path, other):
    grid().keep_in(path).unveil()
    changed = grid(**other).keep_in(path)
    changed.unveil()
    assert (changed.trained, changed.from_disk) == (64, 0)
    kept = grid().keep_in(path)
    kept.unveil()
    assert kept.trained == 0


def test_the_first_stored_answer_stands(path):
    one, two = DiskStore(path, key()), DiskStore(path, key())
    rows = all_rows(2)
    assert np.array_equal(one.put(rows[:3], np.ones((3, 2))), np.ones((3, 2)))
    kept = two.put(rows, np.full((4, 2), 7.0))
    assert kept[:, 0].tolist() == [1, 1, 1, 7]
    assert two.find(rows)[1][:, 1].tolist() == [1, 1, 1, 7]
    assert len(one) == 4


def test_an_interrupt_keeps_what_was_trained(path):
    broken = grid().keep_in(path)
    broken.oracle.workers, broken.oracle.memory = 1, 1  # a row at a time

    def interrupt(done, seen=[]):  # noqa: B006
        seen.append(done)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken.unveil(progress=interrupt)
    again = grid().keep_in(path)
    again.unveil()
    assert again.from_disk == 5


def test_threads_and_chunks_give_the_same_cells(path):
    plain = grid().unveil().scores
    for workers, memory in ((1, 1), (3, 1), (4, 10**6), (2, 10**9)):
        other = grid()
        other.oracle.workers, other.oracle.memory = workers, memory
        assert np.array_equal(other.unveil().scores, plain)


def test_processes_that_write_at_once_lose_nothing(path):
    code = textwrap.dedent(
        """
        import pathlib, sys, time, numpy as np
        from dataleverage.grid.disk import DiskStore, Key
        from dataleverage.grid.rows import all_rows
        path, seed = sys.argv[1], int(sys.argv[2])
        store = DiskStore(path, Key("w", "l", "c", 3))
        rows = all_rows(10)
        pathlib.Path(f"{path}.ready{seed}").touch()
        end = time.monotonic() + 60
        while not all(pathlib.Path(f"{path}.ready{other}").exists() for other in (1, 2, 3)):
            time.sleep(0.001)
            assert time.monotonic() < end, "the others did not come"
        for part in np.array_split(np.random.default_rng(seed).permutation(1024), 64):
            kept = store.put(rows[part], np.full((len(part), 3), float(seed)))
            assert set(np.unique(kept)) <= {1.0, 2.0, 3.0}
            time.sleep(0.002)  # let the others in
        """
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), str(seed)]) for seed in (1, 2, 3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    known, scores = DiskStore(path, key(3)).find(all_rows(10))
    assert known.all()
    assert (scores == scores[:, :1]).all()
    assert len(np.unique(scores)) > 1, "the processes should have met"


def test_processes_that_make_a_store_at_once_all_have_it(path):
    code = textwrap.dedent(
        """
        import sys, time
        from dataleverage.grid.disk import DiskStore, Key
        path, start = sys.argv[1], float(sys.argv[2])
        for i in range(30):
            while time.time() < start + 0.05 * i:
                pass
            DiskStore(f"{path}-{i}", Key("w", "l", "c", 3)).close()
        """
    )
    start = str(time.time() + 3)
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), start]) for _ in range(5)]
    assert [process.wait(timeout=120) for process in running] == [0] * 5


def test_a_killed_writer_leaves_a_store_that_works(path):
    code = textwrap.dedent(
        """
        import os, signal, sys, numpy as np
        from dataleverage.grid.disk import DiskStore, Key
        from dataleverage.grid.rows import all_rows
        store = DiskStore(sys.argv[1], Key("w", "l", "c", 2))
        store.put(all_rows(8)[:100], np.ones((100, 2)))
        with store._transaction("BEGIN IMMEDIATE") as database:
            database.execute("DELETE FROM blocks")
            database.execute("INSERT INTO blocks VALUES (NULL, 1, 1, x'0101010101010101', x'00', x'00')")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], timeout=60).returncode == -9
    known, scores = DiskStore(path, key()).find(all_rows(8))
    assert known.sum() == 100
    assert (scores[known] == 1).all()


def test_lookups_agree_with_a_dictionary_whether_scanned_or_joined(path):
    rng = np.random.default_rng(0)
    rows = np.unique(rng.integers(0, 3, (3000, 9)).astype(np.uint8), axis=0)
    rows = rows[rng.permutation(len(rows))]
    scores = rng.normal(size=(len(rows), 2))
    store = DiskStore(path, key())
    store.put(rows[:2000], scores[:2000])
    told = {row.tobytes(): values for row, values in zip(rows[:2000], scores[:2000], strict=True)}
    for count in (1, 7, 300, len(rows)):
        asked = rows[rng.permutation(len(rows))[:count]]
        known, found = store.find(asked)
        assert known.tolist() == [row.tobytes() in told for row in asked]
        assert np.array_equal(found[known], [told[row.tobytes()] for row in asked[known]] or np.empty((0, 2)))
        assert np.isnan(found[~known]).all()


@pytest.mark.parametrize("change", ["scores", "row", "size", "hashes", "order", "grid"])
def test_a_row_that_was_tampered_with_is_refused_by_name(path, change):
    DiskStore(path, key()).put(all_rows(4), np.arange(32.0).reshape(16, 2))
    other = DiskStore(path, key(world="other"))
    database = sqlite3.connect(path)
    hashes, cells = database.execute("SELECT hashes, cells FROM blocks").fetchone()
    if change == "scores":
        cells = cells[:-3] + bytes([cells[-3] ^ 1]) + cells[-2:]
    elif change == "row":
        cells = bytes([cells[0] ^ 1]) + cells[1:]
    elif change == "size":
        cells = cells[:-3]
    elif change == "hashes":
        hashes = hashes[:8] + hashes[:8] + hashes[16:]
    elif change == "order":
        cells = cells[4:8] + cells[:4] + cells[8:]
    database.execute("UPDATE blocks SET hashes = ?, cells = ?", (hashes, cells))
    if change == "grid":
        database.execute("UPDATE blocks SET world = world + 1")
    database.commit()
    database.close()
    with pytest.raises(StoreError, match=r"cells\.db is broken") as caught:
        (other if change == "grid" else DiskStore(path, key())).find(all_rows(4))
    assert caught.value.remedy


@given(parts=st.lists(st.integers(1, 700), min_size=1, max_size=40), seed=st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_however_rows_come_they_are_few_blocks_that_hold_each_once(tmp_path_factory, parts, seed):
    path = tmp_path_factory.mktemp("blocks") / "cells.db"
    rng = np.random.default_rng(seed)
    rows = rng.permutation(all_rows(13))
    scores = rng.normal(size=(len(rows), 2))
    one, two = DiskStore(path, key()), DiskStore(path, key())
    end = 0
    for i, size in enumerate(parts):
        start, end = max(0, end - 5), min(end + size, len(rows))  # some come twice
        kept = (one, two)[i % 2].put(rows[start:end], scores[start:end])
        assert np.array_equal(kept, scores[start:end])
    known, found = two.find(rows)
    assert known.tolist() == [True] * end + [False] * (len(rows) - end)
    assert np.array_equal(found[:end], scores[:end])
    database = sqlite3.connect(path)
    sizes = [count for (count,) in database.execute("SELECT count FROM blocks ORDER BY id")]
    assert sum(sizes) == end == len(one)
    assert len(sizes) <= 2 + np.log2(end) + 2 * end / ROWS
    database.close()


def test_rows_of_the_same_hash_are_told_apart(path, monkeypatch):
    monkeypatch.setattr("dataleverage.grid.disk.hashed", lambda rows: np.zeros(len(rows), dtype=np.uint64))
    monkeypatch.setattr("dataleverage.grid.block.hashed", lambda rows: np.zeros(len(rows), dtype=np.uint64))
    store, rows = DiskStore(path, key()), all_rows(3)
    for i in range(8):
        store.put(rows[i : i + 1], np.full((1, 2), float(i)))
    known, found = store.find(rows)
    assert known.any()
    assert np.array_equal(found[known][:, 0], np.flatnonzero(known))


def test_hashes_of_rows_differ():
    rng = np.random.default_rng(0)
    many = np.unique((rng.random((50_000, 400)) < 0.02).astype(np.uint8), axis=0)
    for rows in (all_rows(16), all_rows(16).repeat(3, axis=1), many, 2 * many):
        assert len(np.unique(hashed(rows))) == len(rows)


def test_a_store_goes_where_a_pickle_goes(path):
    store = DiskStore(path, key())
    store.put(all_rows(3), np.arange(16.0).reshape(8, 2))
    copy = pickle.loads(pickle.dumps(store))
    assert np.array_equal(copy.find(all_rows(3))[1], np.arange(16.0).reshape(8, 2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes can fork")
def test_a_forked_process_shares_no_connection(path):
    code = textwrap.dedent(
        """
        import os, sys, numpy as np
        from dataleverage.grid.disk import DiskStore, Key
        from dataleverage.grid.rows import all_rows
        store = DiskStore(sys.argv[1], Key("w", "l", "c", 2))
        rows = all_rows(6)
        store.put(rows[:20], np.ones((20, 2)))
        store._lock.acquire()  # as a thread would hold it that does not exist in the child
        child = os.fork()
        if child == 0:
            store.put(rows[20:40], np.full((20, 2), 2.0))
            os._exit(0 if store.find(rows)[0].sum() >= 40 else 1)
        store._lock.release()
        store.put(rows[40:], np.full((24, 2), 3.0))
        assert os.waitpid(child, 0)[1] == 0
        assert store.find(rows)[1][:, 0].tolist() == [1] * 20 + [2] * 20 + [3] * 24
        """
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], timeout=60).returncode == 0


def test_gaps_are_kept_once_and_checked(path):
    store = DiskStore(path, key())
    assert store.gaps() is None
    first = np.array([[0.1, 0.9, 0.01], [0.5, 0.6, np.inf]])
    store.put_gaps(first)
    store.put_gaps(first + 1)
    assert np.array_equal(DiskStore(path, key()).gaps(), first)
    assert DiskStore(path, key(world="other")).gaps() is None
    database = sqlite3.connect(path)
    database.execute("UPDATE gaps SET content = zeroblob(48)")
    database.commit()
    database.close()
    with pytest.raises(StoreError, match="is broken"):
        store.gaps()


def test_a_torn_file_is_refused_or_read_right(path):
    store = DiskStore(path, key())
    truth = np.random.default_rng(0).normal(size=(1024, 2))
    store.put(all_rows(10), truth)
    store.close()
    content = path.read_bytes()
    refused = 0
    for cut in range(100, len(content), len(content) // 12):
        path.write_bytes(content[:cut])
        try:
            known, found = DiskStore(path, key()).find(all_rows(10))
        except StoreError:
            refused += 1
        else:
            assert np.array_equal(found[known], truth[known])
    assert refused > 5


@pytest.mark.parametrize("kind", ["text", "other", "version", "directory", "nowhere"])
def test_what_is_no_store_of_ours_is_refused_and_left_alone(path, kind):
    target = path
    if kind == "text":
        path.write_text("a file of somebody's\n" * 9)
    elif kind == "directory":
        path.mkdir()
    elif kind == "nowhere":
        target = path / "deeper" / "x.db"
    else:
        if kind == "version":
            DiskStore(path, key()).close()
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99" if kind == "version" else "CREATE TABLE mine (x)")
        database.commit()
        database.close()
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as caught:
        DiskStore(target, key())
    assert caught.value.remedy
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_table_has_nothing_to_keep(path):
    table = dl.load(Path(__file__).parents[2] / "scenarios" / "abcd.yaml").grid()
    with pytest.raises(GridError, match="trains nothing"):
        table.keep_in(path)
    assert not path.exists()
