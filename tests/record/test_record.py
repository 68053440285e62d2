from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataleverage.errors import RecordError
from dataleverage.record import record as module
from dataleverage.record.record import (
    COLUMNS,
    MANIFEST,
    SCHEMA_VERSION,
    TABLES,
    Record,
    arrow,
    check_free,
    coded,
    new_directory,
)
from dataleverage.scenario.load import load, loads

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def played() -> Record:
    return load(ROOT / "scenarios/abcd.yaml").play()


FULL = OSError(28, "No space left on device")


def same(a: Record, b: Record) -> None:
    assert json.loads(json.dumps(a.manifest)) == json.loads(json.dumps(b.manifest))
    for name in TABLES:
        pd.testing.assert_frame_equal(a.frame(name), b.frame(name))


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------ there and back


def test_a_record_comes_back_as_it_was(tmp_path, played):
    played.save(tmp_path / "deep" / "run")
    assert listing(tmp_path / "deep" / "run") == sorted([MANIFEST, *(f"{name}.parquet" for name in TABLES)])
    back = Record.load(tmp_path / "deep" / "run")
    same(played, back)
    back.save(tmp_path / "again")
    same(played, Record.load(tmp_path / "again"))
    assert back.rounds is back.rounds, "frames are made once"


def test_an_outside_reader_sees_nulls_and_labels(tmp_path, played):
    folder = played.save(tmp_path / "run")
    rounds = pq.read_table(folder / "rounds.parquet")
    assert rounds["payoff"].to_pylist()[0] is None and rounds["payoff"].null_count == 1
    assert str(rounds.schema.field("row").type).startswith("dictionary<values=string")
    moves = pd.read_parquet(folder / "moves.parquet")
    assert moves.lever.tolist() == played.moves.lever.tolist()
    assert moves.tactic.isna().all()


def test_tables_without_rows_keep_their_types(tmp_path, played):
    folder = played.save(tmp_path / "run")
    empty = pq.read_table(folder / "transfers.parquet")
    assert empty.num_rows == 0
    assert [str(field.type).split("<")[0] for field in empty.schema] == [
        "int64",
        "dictionary",
        "dictionary",
        "double",
        "dictionary",
    ]


def test_nan_becomes_null_in_lists_and_arrays():
    table = arrow("creators", {"a": [float("nan"), 1.0], "b": np.array([np.nan, np.nan]), "c": [float("nan")] * 2})
    assert [table[name].null_count for name in "abc"] == [1, 2, 2]
    assert {str(field.type) for field in table.schema} == {"double"}


def test_numpy_numbers_go_into_the_manifest(tmp_path, played):
    record = Record({**played.manifest, "a": np.float64(0.5), "b": np.arange(2)}, played.tables)
    assert Record.load(record.save(tmp_path / "run")).manifest["b"] == [0, 1]
    for bad in (object(), float("nan")):
        with pytest.raises((TypeError, ValueError)):
            Record({**played.manifest, "a": bad}, played.tables).save(tmp_path / "bad")
        assert listing(tmp_path) == ["run"]


WORKED = """
title: worked
data: {kind: sklearn, name: iris, objects: {by: random, count: 5}, holdout: {audit: 0.4}, slices: {by: owner}}
learner: gaussian_nb
creators:
  - {name: some, count: 2, strategy: {kind: random, p: 0.4}}
  - {name: rest, strategy: {kind: threshold, mean: 0.3, sd: 0.2}}
operators: [{name: firm, response: {kind: dividend, rate: 0.1}}]
payoffs: {revenue: 2.0}
rounds: 6
"""
SAVE = """
import sys
from dataleverage.scenario.load import loads
loads(sys.argv[1]).play(seed=3).save(sys.argv[2])
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    for name, hashing in (("one", "1"), ("two", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": hashing}
        subprocess.run([sys.executable, "-c", SAVE, WORKED, str(tmp_path / name)], check=True, env=environment)
    loads(WORKED).play(seed=4).save(tmp_path / "other")
    for name in TABLES:
        one, two, other = [(tmp_path / run / f"{name}.parquet").read_bytes() for run in ("one", "two", "other")]
        assert one == two, name
        if name == "moves":
            assert one != other, "another seed is another record"


# ------------------------------------------------------------------ whole or absent


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), SystemExit(143), ValueError("x")])
@pytest.mark.parametrize("at", ["moves", "cells"])
def test_what_fails_while_writing_leaves_nothing(tmp_path, played, monkeypatch, error, at):
    real = pq.write_table

    def failing(table, where, **kwargs):
        if Path(where).stem == at:
            Path(where).write_bytes(b"half")
            raise error
        real(table, where, **kwargs)

    monkeypatch.setattr(pq, "write_table", failing)
    expected = RecordError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        played.save(tmp_path / "run")
    assert listing(tmp_path) == []


def test_a_failed_overwrite_keeps_the_old_record(tmp_path, played, monkeypatch):
    folder = played.save(tmp_path / "run")
    newer = Record({**played.manifest, "title": "newer"}, played.tables)
    monkeypatch.setattr(pq, "write_table", lambda *_, **__: (_ for _ in ()).throw(FULL))
    with pytest.raises(RecordError, match="No space left"):
        newer.save(folder, overwrite=True)
    assert listing(tmp_path) == ["run"]
    same(Record.load(folder), played)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", [1, 2])
def test_an_overwrite_that_fails_between_its_renames_keeps_the_old_record(tmp_path, played, monkeypatch, error, step):
    folder = played.save(tmp_path / "run")
    real, calls = Path.rename, []

    def failing(self, target):
        calls.append(target)
        if len(calls) == step:
            raise error
        return real(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((RecordError, KeyboardInterrupt)):
        Record({**played.manifest, "title": "newer"}, played.tables).save(folder, overwrite=True)
    monkeypatch.undo()
    assert listing(tmp_path) == ["run"]
    same(Record.load(folder), played)


def test_overwriting_replaces_the_whole_record(tmp_path, played):
    folder = played.save(tmp_path / "run")
    (folder / "page.html").write_text("old")
    Record({**played.manifest, "title": "newer"}, played.tables).save(folder, overwrite=True)
    assert "page.html" not in listing(folder) and listing(tmp_path) == ["run"]
    assert Record.load(folder).manifest["title"] == "newer"


# ------------------------------------------------------------------ where it may be written


def test_an_empty_folder_is_filled(tmp_path, played):
    (tmp_path / "run").mkdir()
    same(Record.load(played.save(tmp_path / "run")), played)
    assert listing(tmp_path) == ["run"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_ours_is_left_alone(tmp_path, played, overwrite):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("x")
    for name, said in (("foreign", "holds no record"), ("file", "is a file")):
        with pytest.raises(RecordError, match=said):
            played.save(tmp_path / name, overwrite=overwrite)
    with pytest.raises(RecordError, match="not a directory that you may write to"):
        played.save(tmp_path / "file" / "run", overwrite=overwrite)
    assert listing(tmp_path) == ["file", "foreign"]
    assert listing(tmp_path / "foreign") == ["thesis.tex"]


def test_a_record_is_overwritten_only_if_so_told(tmp_path, played):
    folder = played.save(tmp_path / "run")
    with pytest.raises(RecordError, match="already holds a record") as caught:
        played.save(folder)
    assert "--overwrite" in caught.value.remedy
    with pytest.raises(RecordError, match="already holds a record"):
        check_free(folder, overwrite=False)


def test_a_name_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # messages are cut after 400 characters, and the folder's own name may be long
    with pytest.raises(RecordError, match="File name too long"):
        check_free(Path("x" * 300), overwrite=False)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path, played):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(RecordError, match="cannot be written"):
        played.save(tmp_path / "locked" / "run")


def test_a_folder_that_may_not_be_written_to_as_the_system_says_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    with pytest.raises(RecordError, match="not a directory that you may write to"), new_directory(tmp_path / "run"):
        pass
    assert listing(tmp_path) == []


# ------------------------------------------------------------------ what is no record


def test_what_holds_no_record(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RecordError, match="holds no record") as caught:
            Record.load(folder)
        assert "dataleverage run" in caught.value.remedy


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 0, "1", None])
def test_another_schema_version_is_refused(tmp_path, played, version):
    folder = played.save(tmp_path / "run")
    (folder / MANIFEST).write_text(json.dumps({**played.manifest, "schema": version}))
    with pytest.raises(RecordError, match=f"schema version {version}; this version reads {SCHEMA_VERSION}"):
        Record.load(folder)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"{}", b'"run"', b"3", b"\xff\xfe"])
def test_a_manifest_that_cannot_be_read(tmp_path, played, text):
    folder = played.save(tmp_path / "run")
    (folder / MANIFEST).write_bytes(text)
    with pytest.raises(RecordError, match="broken record"):
        Record.load(folder)


@pytest.mark.parametrize("harm", ["missing", "empty", "torn", "text", "folder"])
def test_a_table_that_cannot_be_read(tmp_path, played, harm):
    folder = played.save(tmp_path / "run")
    table = folder / "moves.parquet"
    whole = table.read_bytes()
    table.unlink()
    if harm == "folder":
        table.mkdir()
        (table / "x").write_text("x")
    elif harm != "missing":
        table.write_bytes({"empty": b"", "torn": whole[: len(whole) // 2], "text": b"round,creator\n"}[harm])
    with pytest.raises(RecordError, match="broken record"):
        Record.load(folder)


@pytest.mark.parametrize("name", TABLES)
def test_what_every_table_has_is_what_is_written_and_documented(played, name):
    assert sorted(column for column in played.tables[name] if ":" not in column) == sorted(COLUMNS[name])
    lines = (ROOT / "docs/reference/record.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"| `{name}` ")]
    assert all(f"`{column}`" in line for column in COLUMNS[name])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_a_column_is_named(tmp_path, played, name):
    folder = played.save(tmp_path / "run")
    table = pq.read_table(folder / f"{name}.parquet")
    lost = COLUMNS[name][-1]
    pq.write_table(table.drop_columns([lost]), folder / f"{name}.parquet")
    with pytest.raises(RecordError, match=f"{name}.parquet has no column '{lost}'"):
        Record.load(folder)


def test_a_record_from_before_a_column_was_written_is_read_with_nulls(tmp_path, played):
    folder = played.save(tmp_path / "run")
    table = pq.read_table(folder / "rounds.parquet")
    pq.write_table(table.drop_columns(["believed", "believed_error", "unveiling"]), folder / "rounds.parquet")
    older = Record.load(folder)
    assert older.rounds[["believed", "believed_error", "unveiling"]].isna().all(axis=None)
    assert older.rounds.costs.equals(played.rounds.costs)
    assert sorted(older.tables["rounds"]) == sorted(played.tables["rounds"])
    older.save(tmp_path / "again")
    same(older, Record.load(tmp_path / "again"))


@given(
    texts=st.lists(st.none() | st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=6),
    picks=st.lists(st.integers(0, 5), max_size=30),
)
def test_coded_texts_are_those_that_arrow_encodes(texts, picks):
    index = np.array([pick % len(texts) for pick in picks], dtype=np.int64)
    expected = pa.array([texts[i] for i in index], type=pa.string()).dictionary_encode()
    found = coded(index, texts)
    assert found.type == expected.type
    assert found.indices.to_pylist() == expected.indices.to_pylist()
    assert found.dictionary.to_pylist() == expected.dictionary.to_pylist()
