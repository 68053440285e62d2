from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

import dataleverage as dl
from dataleverage.view.unveiled import as_json, unveiled


def make() -> dl.Grid:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(180, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=180) > 0).astype(int)
    learner = dl.learners.RidgeClassifier()
    return dl.Grid.from_arrays(X[:120], y[:120], np.arange(120) % 6, X[120:], y[120:], learner=learner)


def test_a_program_is_told_of_the_store_what_a_reader_is(tmp_path):
    path = tmp_path / "cells.db"
    first = make().keep_in(path)
    first.unveil()
    grid = make().keep_in(path)
    table = grid.unveil()
    told = json.loads(json.dumps(as_json(grid, table), allow_nan=False))["store"]
    with closing(sqlite3.connect(path)) as database:
        trained, seconds = database.execute("SELECT sum(trained), sum(seconds) FROM worlds").fetchone()
    assert (told["file"], told["rows"], told["trained"], told["seconds"]) == (str(path), 64, 64, seconds) and trained == 64
    assert grid.from_disk == 64 and told["seconds_saved"] == pytest.approx(seconds)  # all 64 rows were read, none trained
    log = tmp_path / "cells.db-wal"
    assert log.stat().st_size > 0, "what was just written is in SQLite's log"
    assert told["bytes"] == path.stat().st_size + log.stat().st_size
    said = dict(unveiled(grid, table))["Store"]
    assert f"64 rows of this grid, {told['bytes'] / 1e6:.1f} MB; {told['seconds_saved']:.2f} s of training saved" in said
    part = make().keep_in(path)
    part.scores(part.rows(["0", "1+2"]))
    assert as_json(part, table)["store"]["seconds_saved"] == pytest.approx(2 * seconds / 64)


def test_without_a_store_nothing_is_told_of_one():
    grid = make()
    assert as_json(grid, grid.unveil())["store"] is None and "Store" not in dict(unveiled(grid, grid.unveil()))
