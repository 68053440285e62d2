from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from dataleverage.errors import FitError
from dataleverage.grid import path, workers
from dataleverage.grid.learners.sklearn import Sklearn
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle


def test_results_of_every_part_come_back_from_other_processes():
    found = list(workers.over(2, lambda part: (part, part**2, os.getpid()), iter(range(40))))
    assert sorted((part, square) for part, square, _ in found) == [(i, i * i) for i in range(40)]
    assert os.getpid() not in {process for *_, process in found}
    assert workers.running(2) and not workers.running(3)


def test_errors_come_back_whole():
    def fail(part):
        raise FitError(f"part {part} is wrong", key="learner.estimator", remedy="Mend it.")

    with pytest.raises(FitError) as caught:
        list(workers.over(2, fail, [7]))
    assert (caught.value.message, caught.value.remedy) == ("part 7 is wrong", "Mend it.")
    assert caught.value.place.key == "learner.estimator"


def test_a_worker_that_dies_is_an_error_and_the_next_call_has_others():
    with pytest.raises(FitError, match="has ended"):
        list(workers.over(2, lambda part: os._exit(3), [1]))
    assert list(workers.over(2, lambda part: part + 1, [1])) == [2]


@pytest.fixture
def eager(monkeypatch):
    """Workers are started for anything."""
    monkeypatch.setattr(path, "STARTING", 0.0)
    monkeypatch.setattr(path, "SENDING", 0.0)
    monkeypatch.setattr(path, "SLICE", 0.02)
    monkeypatch.setattr(path, "BRIEF", 0.0)


def oracle_of(world, learner, count):
    return TrainedOracle(world, learner, columns_of(world, [("all", "accuracy"), ("left", "log_loss")]), workers=count)


def test_decisions_are_the_same_bits_in_one_process_and_in_two(world_named, eager):
    world = world_named("wine, poisoned")
    rows = np.random.default_rng(1).integers(0, 3, (60, 5)).astype(np.uint8)
    rows[0] = 0
    learner = Sklearn(RandomForestClassifier(n_estimators=5))
    one, two = oracle_of(world, learner, 1), oracle_of(world, learner, 2)
    first, second = one.scores(rows), two.scores(rows)
    assert np.array_equal(first[:, 0], second[:, 0]) and np.abs(first - second).max() < 1e-9
    decided = list(workers.over(2, two.loop, [rows[1:21], rows[21:]]))
    assert any(np.array_equal(decided[0], one.loop(part)) for part in (rows[1:21], rows[21:]))
    assert "in 2 processes" in two.path and "processes" not in one.path
    assert (one.empty, one.single_class) == (two.empty, two.single_class) and one.empty >= 1
    done = [len(where) for where, _, _ in two.batches(rows)]
    assert sum(done) == 60 and len(done) > 4


class Fails(DecisionTreeClassifier):
    """Cannot be fitted on the smallest rows."""

    def fit(self, X, y):
        if len(y) < 40:
            raise ValueError("too few")
        return super().fit(X, y)


def test_what_a_worker_cannot_fit_names_the_row(world_named, eager):
    world = world_named("wine")
    rows = np.array([[1] * 6] * 20 + [[1, 0, 0, 0, 0, 1]] * 20, dtype=np.uint8)
    oracle = oracle_of(world, Sklearn(Fails()), 2)
    with pytest.raises(FitError, match=r"Fails could not be fitted on a row of \d+ examples: too few") as caught:
        oracle.scores(rows)
    assert caught.value.remedy


class Unsendable(DecisionTreeClassifier):
    def __reduce__(self):
        raise TypeError("stays here")


def test_an_estimator_that_cannot_be_sent_stays_in_one_process_and_that_is_said(world_named, eager):
    rows = np.random.default_rng(1).integers(0, 2, (30, 6)).astype(np.uint8)
    oracle = oracle_of(world_named("wine"), Sklearn(Unsendable()), 2)
    expected = oracle_of(world_named("wine"), Sklearn(DecisionTreeClassifier()), 1).scores(rows)
    scores = oracle.scores(rows)
    assert np.array_equal(scores[:, 0], expected[:, 0]) and np.abs(scores - expected).max() < 1e-9
    assert "in one process, because the learner cannot be sent to another" in oracle.path and "stays here" in oracle.path


STOPPED = """
import glob, os, sys, time
import numpy as np
from sklearn.tree import DecisionTreeClassifier
import dataleverage as dl
from dataleverage.grid.rows import all_rows

class Slow(DecisionTreeClassifier):
    def fit(self, X, y):
        time.sleep(0.05)
        open(f"{os.getpid()}.fits", "w").close()
        return super().fit(X, y)

X = np.random.default_rng(0).normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int)
grid = dl.Grid.from_arrays(X[:100], y[:100], np.arange(100) % 12, X[100:], y[100:], learner=dl.learners.Sklearn(Slow()))
grid.oracle.workers = 2
grid.keep_in(sys.argv[1])
def told(done):
    if len(glob.glob("*.fits")) > 2 and grid.trained > 20:
        print("busy", flush=True)
grid.scores(all_rows(12), progress=told)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them_and_what_was_done_is_kept(tmp_path, number):
    mark = f"STOPPED_{os.getpid()}_{number}"
    (tmp_path / "long.py").write_text(STOPPED)
    command = [sys.executable, "long.py", "cells.db"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "MARK": mark}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None and running.stdout.readline() == "busy\n"
    assert len(marked(mark)) >= 3
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode != 0
    for _ in range(100):
        if not marked(mark):
            break
        time.sleep(0.1)
    assert marked(mark) == []
    import sqlite3

    with sqlite3.connect(tmp_path / "cells.db") as database:
        assert database.execute("select sum(count) from blocks").fetchone()[0] > 20


def marked(mark: str) -> list[int]:
    """The processes that were started with the mark in their environment and still run."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            ours = each.name.isdigit() and f"MARK={mark}\0".encode() in (each / "environ").read_bytes()
            if ours and (each / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                found.append(int(each.name))
        except OSError:
            continue  # it has ended, or is not ours
    return found
