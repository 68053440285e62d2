from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import DataError, DataleverageError, Errors
from dataleverage.world.datasets.files import CsvData, ParquetData
from dataleverage.world.objects import ByCluster, ByColumn, Random
from dataleverage.world.slices import Slices

LINES = [f"{i / 7},{i % 5},{'ab'[i % 2]},{['ann', 'bob', 'zoe'][i % 3]},{'nsw'[i % 3]},{i % 2}" for i in range(60)]
HEAD = "height,rooms,kind,seller,region,sold"
TEXT = "\n".join([HEAD, *LINES]) + "\n"
NAMED = {"target": "sold", "owner": "seller", "categorical": ("kind",), "drop": ("region",)}


@pytest.fixture
def csv(tmp_path) -> Callable[..., CsvData]:
    """A function of a file's content and of parameters, that gives the source."""

    def write(content: str | bytes = TEXT, **parameters) -> CsvData:
        (tmp_path / "homes.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        return CsvData(path="homes.csv", **(NAMED | parameters))

    return write


def test_a_csv_becomes_examples(csv, tmp_path):
    examples = csv().read(tmp_path)
    i = np.arange(60)
    expected = np.column_stack([i / 7, i % 5, i % 2 == 0, i % 2 == 1])
    assert np.allclose(examples.X, expected, rtol=0, atol=1e-12)
    assert examples.classes == ("0", "1") and np.array_equal(examples.y, i % 2)
    assert examples.owner == "seller" and examples.values["seller"][:3].tolist() == ["ann", "bob", "zoe"]
    assert examples.values["region"][:3].tolist() == ["n", "s", "w"] and examples.values["label"][:2].tolist() == ["0", "1"]
    assert examples.title == "homes.csv, 60 examples"


def test_a_parquet_is_read_as_the_same_csv(csv, tmp_path):
    source = csv()
    pd.read_csv(tmp_path / "homes.csv").to_parquet(tmp_path / "homes.parquet")
    twin = ParquetData(path="homes.parquet", **NAMED)
    assert twin.world(tmp_path).fingerprint == source.world(tmp_path).fingerprint


def test_objects_and_slices_by_a_column(csv, tmp_path):
    slices = Slices.model_validate({"by": "column", "column": "region", "low": {"column": "rooms", "equals": 0}})
    source = csv(owner=None, drop=(), objects=ByColumn(column="seller"), slices=slices)
    world = source.world(tmp_path)
    assert world.objects == ("ann", "bob", "zoe")
    assert [part.name for part in world.slices] == ["all", "region n", "region s", "region w", "low"]
    assert world.X.shape[1] == 3  # height and the two kinds: what groups examples is no feature
    assert np.array_equal(world.slices[1].mask, world.eval_object == 0)  # ann sells in the north


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace(",", ", "),
        TEXT.replace("\n", "\n\n"),
        TEXT.replace("sold\n", 'sold\n"').replace("0.0", '0.0"', 1),
    ],
    ids=["CRLF", "BOM", "spaces", "blank lines", "quotes"],
)
def test_ways_to_write_the_same_file(csv, tmp_path, content):
    expected = csv().world(tmp_path).fingerprint
    assert csv(content).world(tmp_path).fingerprint == expected


def test_other_separators_and_names(csv, tmp_path):
    expected = csv().world(tmp_path).fingerprint
    assert csv(TEXT.replace(",", ";"), separator=";").world(tmp_path).fingerprint == expected
    renamed = csv(TEXT.replace("seller", "Verkäufer 人"), owner="Verkäufer 人")
    assert renamed.world(tmp_path).fingerprint == expected


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["yes", "no"], "classification", ("no", "yes")),
        (["true", "false"], "classification", ("False", "True")),
        (["2", "10", "1"], "classification", ("1", "2", "10")),
        ([str(k) for k in range(20)], "classification", tuple(map(str, range(20)))),
        ([str(k) for k in range(21)], "regression", ()),
        (["0.5", "1"], "regression", ()),
    ],
)
def test_the_target_says_what_the_task_is(csv, tmp_path, values, task, classes):
    text = "\n".join(["height,sold", *(f"{i},{values[i % len(values)]}" for i in range(84))])
    parts = {"owner": None, "categorical": (), "drop": ()}
    examples = csv(text, **parts).read(tmp_path)
    assert examples.task == task and examples.classes == classes
    if task == "classification":
        shown = [examples.classes[k] for k in examples.y[: len(values)]]
        assert [word.lower() for word in shown] == values
    assert csv(text, task="classification", **parts).read(tmp_path).task == "classification"


FAULTS = {
    "empty file": (b"", {}, "data.path"),
    "blank file": (b"\n\n", {}, "data.path"),
    "header only": (HEAD + "\n", {}, "data.path"),
    "binary": (bytes(range(256)) * 8, {}, "data.path"),
    "utf-16": (TEXT.encode("utf-16"), {}, "data.path"),
    "parquet called csv": (b"PAR1" + bytes(50), {}, "data"),
    "open quote": (TEXT + '"1,2\n', {}, "data.path"),
    "lines too long": (HEAD + "\n" + "\n".join(f"{line},7" for line in LINES), {}, "data.path"),
    "one line too long": (TEXT + LINES[0] + ",7\n", {}, "data.path"),
    "first line too long": (f"{HEAD}\n{LINES[0]},7\n" + "\n".join(LINES), {}, "data.path"),
    "a line too short": (TEXT + "1,2\n", {}, "data"),
    "two columns of one name": (TEXT.replace("rooms", "height"), {}, "data.path"),
    "another separator": (TEXT.replace(",", ";"), {}, "data"),
    "target not there": (TEXT, {"target": "sould"}, "data.target"),
    "owner not there": (TEXT, {"owner": "x"}, "data.owner"),
    "categorical not there": (TEXT, {"categorical": ("kind", "x")}, "data.categorical.1"),
    "dropped not there": (TEXT, {"drop": ("x",)}, "data.drop.0"),
    "objects' column not there": (TEXT, {"objects": ByColumn(column="regoin")}, "data.objects.column"),
    "slices' column not there": (TEXT, {"slices": Slices(by="column", column="x")}, "data.slices.column"),
    "a slice's column not there": (TEXT, {"slices": Slices(a={"column": "x", "equals": 1})}, "data.slices.a.column"),
    "target is owner": (TEXT, {"owner": "sold"}, "data.owner"),
    "target is dropped": (TEXT, {"drop": ("region", "sold")}, "data.drop.1"),
    "target is categorical": (TEXT, {"categorical": ("kind", "sold")}, "data.categorical.1"),
    "hole in the target": (TEXT + "1,2,a,ann,n,\n", {}, "data.target"),
    "hole in the owner": (TEXT + "1,2,a,,n,1\n", {}, "data.owner"),
    "hole in the objects' column": (
        TEXT + "1,2,a,ann,,1\n",
        {"objects": ByColumn(column="region"), "owner": None, "drop": ("seller",)},
        "data.objects.column",
    ),
    "hole in a feature": (TEXT + ",2,a,ann,n,1\n", {}, "data.path"),
    "NaN": (TEXT + "nan,2,a,ann,n,1\n", {}, "data.path"),
    "infinity": (TEXT + "-inf,2,a,ann,n,1\n", {}, "data.path"),
    "too large": (TEXT + "1e200,2,a,ann,n,1\n", {}, "data.path"),
    "huge whole number": (TEXT + f"1,{10**40},a,ann,n,1\n", {}, "data"),
    "text feature": (TEXT, {"categorical": ()}, "data.categorical"),
    "word in a number column": (TEXT + "tall,2,a,ann,n,1\n", {}, "data.categorical"),
    "one class": (TEXT.replace(",1\n", ",0\n"), {}, "data.target"),
    "no feature": (TEXT, {"drop": ("region", "height", "rooms", "kind"), "categorical": ()}, "data"),
    "infinite number as target": (TEXT + "1,2,a,ann,n,inf\n", {"task": "regression"}, "data.target"),
    "text as number": (TEXT, {"task": "regression", "target": "kind", "categorical": ()}, "data.target"),
    "12 objects from 5 examples": ("\n".join([HEAD, *LINES[:5]]), {"objects": Random(), "owner": None}, "data"),
    "too few clusters": (
        TEXT,
        {"objects": ByCluster(count=61), "owner": None, "drop": ("seller", "region")},
        "data.objects.count",
    ),
    "no such class": (TEXT, {"slices": Slices(a={"label": 7})}, "data.slices.a.label"),
    "odd separator": (TEXT, {"separator": "\n"}, "data.path"),
}


@pytest.mark.filterwarnings("ignore::pandas.errors.ParserWarning")
@pytest.mark.parametrize("fault", FAULTS)
def test_nonsense_is_one_clear_error(csv, tmp_path, fault):
    content, parameters, key = FAULTS[fault]
    with pytest.raises(DataleverageError) as caught:
        csv(content, **parameters).world(tmp_path)
    errors = caught.value.errors if isinstance(caught.value, Errors) else [caught.value]
    assert any(error.place.key.startswith(key) for error in errors)
    assert all(error.place.key and error.remedy and error.message for error in errors)


def test_several_faults_come_at_once(csv, tmp_path):
    def keys(source):
        with pytest.raises(Errors) as caught:
            source.read(tmp_path)
        return [error.place.key for error in caught.value.errors]

    slices = Slices(by="column", column="e")
    missing = csv(target="a", owner="b", categorical=("kind", "c"), drop=("d",), objects=ByColumn(column="f"), slices=slices)
    wanted = ["data.target", "data.owner", "data.categorical.1", "data.drop.0", "data.objects.column", "data.slices.column"]
    assert keys(missing) == wanted
    assert keys(csv(TEXT + "1,2,a,,n,\n")) == ["data.target", "data.owner"]
    assert keys(csv(TEXT + "nan,inf,a,ann,n,1\n", categorical=())) == ["data.path", "data.path", "data.categorical"]


def test_remedies_help(csv, tmp_path):
    def remedy(**parameters):
        with pytest.raises(DataError) as caught:
            csv(**parameters).read(tmp_path)
        return caught.value.remedy

    assert "Did you mean 'sold'?" in remedy(target="sould")
    assert "drop: [kind]" in remedy(categorical=())
    assert "separator: ';'" in remedy(content=TEXT.replace(",", ";"), owner=None, categorical=(), drop=())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none.csv", "does not exist"),
        ("sub/none.csv", "does not exist"),
        ("homes.**", "does not exist"),
        (".", "is a directory"),
        ("", "is a directory"),
        ("http://example.org/homes.csv", "only local files"),
        ("s3://bucket/homes.csv", "only local files"),
    ],
)
@pytest.mark.parametrize("kind", [CsvData, ParquetData])
def test_paths_without_a_file(csv, tmp_path, kind, path, words):
    csv()
    with pytest.raises(DataError, match=words) as caught:
        kind(path=path, target="sold").world(tmp_path)
    assert caught.value.place.key == "data.path" and caught.value.remedy


@pytest.mark.parametrize("path", ["a\0b.csv", "x" * 300, "~nobody-of-this-name/homes.csv"])
def test_paths_that_no_file_can_have_are_refused(path):
    with pytest.raises(ValidationError, match="path"):
        CsvData(path=path, target="sold")


def test_files_near_are_named(csv, tmp_path):
    csv()
    with pytest.raises(DataError) as caught:
        CsvData(path="house.csv", target="sold").read(tmp_path)
    assert "homes.csv" in caught.value.remedy


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"height": np.arange(40.0), "sold": np.tile([0, 1], 20)} | columns)


PARQUETS = {
    "missing whole number": (frame(height=pd.array([None, *range(39)], dtype="Int64")), "data.path"),
    "missing truth": (frame(height=pd.array([None, *[True] * 39], dtype="boolean")), "data.path"),
    "missing target": (frame(sold=pd.array([None, *[1] * 39], dtype="Int64")), "data.target"),
    "dates": (frame(height=pd.date_range("2020", periods=40)), "data.categorical"),
    "lists": (frame(height=[[1, 2]] * 40), "data.categorical"),
    "bytes": (frame(height=[b"a"] * 40), "data.categorical"),
    "nothing": (frame(height=[None] * 40), "data"),
    "no row": (frame()[:0], "data.path"),
}


@pytest.mark.parametrize("fault", PARQUETS)
def test_parquet_columns_that_are_no_features(tmp_path, fault):
    table, key = PARQUETS[fault]
    table.to_parquet(tmp_path / "homes.parquet")
    with pytest.raises(DataError) as caught:
        ParquetData(path="homes.parquet", target="sold").world(tmp_path)
    assert caught.value.place.key.startswith(key) and caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"PAR1", TEXT.encode(), bytes(range(256)), b"PAR1" + bytes(99) + b"PAR1"])
def test_what_is_no_parquet(tmp_path, content):
    (tmp_path / "homes.parquet").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read") as caught:
        ParquetData(path="homes.parquet", target="sold").world(tmp_path)
    assert caught.value.place.key == "data.path"


def test_parquet_keeps_types_and_a_named_index(tmp_path):
    table = frame(sure=pd.array(np.tile([True, False], 20), dtype="boolean"), rooms=pd.array(range(40), dtype="Int64"))
    table.index = pd.Index(np.repeat(["ann", "bob"], 20), name="seller")
    table.to_parquet(tmp_path / "homes.parquet")
    world = ParquetData(path="homes.parquet", target="sold", owner="seller").world(tmp_path)
    assert world.owners == ("ann", "bob") and world.X.shape[1] == 3


FIELDS = st.sampled_from(["", "0", "1", "2.5", "nan", "inf", "1e400", "-3", "x", "ä", '"', "'", "true", "2020-01-01", " ", "#"])
CONTENT = st.one_of(
    st.lists(st.lists(FIELDS, min_size=1, max_size=4).map(",".join), max_size=12).map("\n".join),
    st.lists(st.tuples(FIELDS, st.sampled_from("01"), st.sampled_from("ab")).map(",".join), max_size=20).map("\n".join),
    st.text(max_size=60),
)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=CONTENT, header=st.sampled_from(["x,y,o\n", "y,o\n", "x,y,o,\n", "", "\ufeffx,y,o\n"]), data=st.data())
def test_any_file_gives_a_world_or_an_error(tmp_path: Path, content, header, data):
    (tmp_path / "any.csv").write_text(header + content, encoding="utf-8", errors="replace", newline="")
    objects = data.draw(st.sampled_from([Random(count=2), ByCluster(count=2), ByColumn(column="o")]))
    categorical = data.draw(st.sampled_from([(), ("x",), ("x", "o")]))
    owner = data.draw(st.sampled_from([None, "o"]))
    try:
        source = CsvData(path="any.csv", target="y", objects=objects, owner=owner, categorical=categorical)
        world = source.world(tmp_path)
    except DataleverageError as error:
        parts = error.errors if isinstance(error, Errors) else [error]
        assert all(part.place.key and part.message and part.remedy for part in parts), parts
    else:
        assert np.isfinite(world.X).all() and (world.sizes > 0).all() and world.audit.any()


def said(source: CsvData, folder: Path) -> str:
    with pytest.raises(DataleverageError) as caught:
        source.read(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (TEXT + ",2,a,ann,n,1\n", "example 61, line 62"),
        (TEXT.replace("\n", "\r\n") + ",2,a,ann,n,1\r\n", "example 61, line 62"),
        (TEXT.replace("\n", "\n\n") + ",2,a,ann,n,1\n", "example 61, line 123"),
        (TEXT.replace(",n,", ',"n\nn",', 1) + ",2,a,ann,n,1\n", "example 61, line 63"),
        ("\n" + TEXT + "1,2,a,ann,n,\n", "example 61, line 63"),
    ],
    ids=["plain", "CRLF", "blank lines", "quoted newline", "target"],
)
def test_a_fault_has_its_line(csv, tmp_path, content, where):
    assert where in said(csv(content), tmp_path)


def test_lines_are_left_out_where_they_cannot_be_counted(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(CsvData, "records", lambda self, path: iter([(1, 6)]))
    assert "first in example 61\n" in said(csv(TEXT + ",2,a,ann,n,1\n"), tmp_path)


def test_ragged_lines_are_told_in_our_words(csv, tmp_path):
    one = said(csv(TEXT + "\n" + LINES[0] + ",7\n"), tmp_path)
    assert "line 63 has 7 fields, and its header 6" in one
    first = said(csv(f"{HEAD}\n{LINES[0]},7\n" + "\n".join(LINES)), tmp_path)
    assert "line 2 has 7 fields, and its header 6" in first
    quoted = said(csv(TEXT + '"1,2\n'), tmp_path)
    assert "quotes that are never closed" in quoted
    assert "C error" not in one + first + quoted


def test_nothing_is_unpacked(csv, tmp_path):
    (tmp_path / "homes.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert "cannot be read: it is compressed" in said(CsvData(path="homes.csv.gz", **NAMED), tmp_path)
    assert "cannot be read: it is not UTF-8 text" in said(csv(b"a,sold\n\xe9,1\n"), tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
@pytest.mark.parametrize("kind", [CsvData, ParquetData])
def test_devices_are_no_files(tmp_path, kind):
    with pytest.raises(DataError, match="no regular file"):
        kind(path="/dev/zero", target="sold").read(tmp_path)
