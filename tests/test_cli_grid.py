"""The command line: `dataleverage grid`."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
FIRST = ROOT / "scenarios" / "first-strike.yaml"
ABCD = ROOT / "scenarios" / "abcd.yaml"

Command = Callable[..., subprocess.CompletedProcess[str]]
Check = Callable[..., None]


def test_grid_unveils_once_and_reads_the_store_then(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    small = ["--set", "data.objects.count=5", "--set", "creators.1.count=3"]
    first = json.loads(dataleverage("grid", FIRST, "--store", "cells.db", "--json", *small, cwd=tmp_path).stdout)
    again = dataleverage("grid", FIRST, "--store", "cells.db", "--json", "--out", "all.csv", *small, cwd=tmp_path)
    said = json.loads(again.stdout)
    assert (first["trained"], first["from_store"]) == (32, 0)
    assert (said["trained"], said["from_store"]) == (0, 32)
    assert said["scores"] == first["scores"]
    table = pd.read_csv(tmp_path / "all.csv", keep_default_na=False, index_col="row")
    assert table.index.tolist() == said["rows"]
    assert (table.to_numpy() == said["scores"]).all()
    text = dataleverage("grid", FIRST, "--store", "cells.db", *small, cwd=tmp_path).stdout
    assert "0 rows now, 32 read from the store" in text
    played = dataleverage("run", FIRST, "--store", "cells.db", "--json", "--no-page", *small, cwd=tmp_path)
    record = json.loads((tmp_path / json.loads(played.stdout)["record"] / "run.json").read_text())
    assert record["cells"]["trained"] == 0
    mistake(dataleverage("grid", FIRST, "--out", "all.csv", cwd=tmp_path), "exists already")
    mistake(dataleverage("grid", FIRST, "--out", "all.xlsx", cwd=tmp_path), ".parquet")
    mistake(dataleverage("grid", FIRST, "--store", "all.csv", cwd=tmp_path), "no store")
    mistake(dataleverage("grid", ABCD, "--store", "other.db", cwd=tmp_path), "trains nothing")
    assert not (tmp_path / "other.db").exists()


def test_grid_predicts_where_a_surrogate_is_named_and_never_otherwise(
    tmp_path: Path, dataleverage: Command, mistake: Check
) -> None:
    many = ["--set", "data.objects.count=26", "--set", "creators.1.count=24", "--set", "learner=ridge_classifier"]
    mistake(dataleverage("grid", FIRST, *many, cwd=tmp_path), "26 objects have 2**26 rows", "a surrogate for all others")
    named = [*many, "--surrogate", "additive", "--budget", 40]
    done = dataleverage("grid", FIRST, *named, "--row", "A", "--store", "cells.db", "--out", "all.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("an additive datamodel", "rank correlation", "(trained)", "(predicted"):
        assert words in done.stdout
    table = pd.read_csv(tmp_path / "all.csv", keep_default_na=False, index_col="row")
    assert table.exact.sum() == 40 and (~table.exact).sum() > 20
    said = json.loads(dataleverage("grid", FIRST, *named, "--store", "cells.db", "--json", cwd=tmp_path).stdout)
    assert (said["trained"], said["from_store"]) == (0, 40)  # what was predicted is not there
    assert not all(said["without"]["exact"])
    own = dataleverage("grid", FIRST, *many, "--set", "surrogate=influence", "--json", cwd=tmp_path)
    assert json.loads(own.stdout)["surrogate"]["kind"] == "influence"
    few = dataleverage("grid", FIRST, "--set", "surrogate=additive", "--set", "data.objects.count=5", "--set",
                       "creators.1.count=3", "--json", cwd=tmp_path)  # fmt: skip
    assert len(json.loads(few.stdout)["rows"]) == 32  # so few are all trained
    mistake(dataleverage("grid", FIRST, "--surrogate", "guess", cwd=tmp_path), "guess", "additive")
    mistake(dataleverage("grid", FIRST, "--surrogate", "null", cwd=tmp_path), "no surrogate", "list surrogates")
    mistake(dataleverage("grid", FIRST, "--surrogate", "additive", "--budget", 3, cwd=tmp_path), "from 10 to 20,000 rows")
    mistake(dataleverage("grid", FIRST, "--row", "A", cwd=tmp_path), "--row", "--surrogate additive")
    mistake(dataleverage("grid", FIRST, "--surrogate", "additive", "--row", "Q", cwd=tmp_path), "'Q', which is no object")
    mistake(dataleverage("grid", ABCD, "--surrogate", "additive", cwd=tmp_path), "surrogate.kind", "trains nothing")


def test_grid_says_what_the_measures_say(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    asked = ("grid", FIRST, "--values", "shapley,leave_one_out", "--scaling", "--leverage", "--plot", "figures")
    done = dataleverage(*asked, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    first = said["columns"].index("all")
    scores = dict(zip(said["rows"], said["scores"], strict=True))
    whole = scores["ABCDEFGHIJKL"][first]
    values = said["values"]["shapley"]
    assert sum(value["all"] for value in values.values()) == pytest.approx(whole - scores[""][first])  # efficiency
    assert said["values"]["leave_one_out"]["D"]["all"] == pytest.approx(whole - scores["ABCEFGHIJKL"][first])
    assert said["leverage"]["alone"]["D"]["fixed holdout"]["large"] == scores["ABCEFGHIJKL"][first]
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted(Path(file).name for file in said["figures"])
    mistake(dataleverage("grid", FIRST, "--values", "shaply", cwd=tmp_path), "there is no value 'shaply'", "shapley")
    mistake(dataleverage("grid", FIRST, "--values", "shapley", "--plot", FIRST, cwd=tmp_path), "is a file")


def test_grid_samples_what_it_cannot_enumerate_and_says_so(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    many = ["--set", "data.objects.count=26", "--set", "creators.1.count=24", "--set", "learner=ridge_classifier"]
    asked = ("grid", FIRST, *many, "--budget", 60, "--scaling", "--plot", "figures")
    done = dataleverage(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for words in ("a sample: 60 random rows of", "sampled: random strikes of 7 sizes, up to 4 rows", "beyond those unveiled"):
        assert words in text
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["scaling.png", "strikes.png"]
    said = json.loads(dataleverage(*asked, "--json", cwd=tmp_path).stdout)
    assert len(said["rows"]) == 60 and said["trained"] == 60 + said["trained_to_measure"]
    assert (
        said["estimated_from_rows"]["scaling"]
        == 60
        == sum(line["rows"] for line in said["scaling"]["by_size"] if line["column"] == "all")
    )
    assert set(said["strikes"]) == {"random", "greedy"}
    mistake(dataleverage("grid", FIRST, *many, "--budget", 4, "--scaling", cwd=tmp_path), "4 rows cannot show 4 sizes")


def test_grid_reads_the_game_on_it(tmp_path: Path, dataleverage: Command, mistake: Check) -> None:
    asked = ("grid", FIRST, "--equilibria", "--moves", "contribute,delete", "--creators", "activists")
    done = dataleverage(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("2 of 12 creators move", "4 joint moves", "pure Nash", "Price of anarchy", "Tipping share"):
        assert words in done.stdout
    said = json.loads(dataleverage(*asked, "--json", cwd=tmp_path).stdout)
    assert said["creators"] == ["activists 1", "activists 2"] and not said["sampled"]
    mistake(dataleverage("grid", FIRST, "--equilibria", "--moves", "dlete", cwd=tmp_path), "--moves", "'dlete' is no move")
    mistake(dataleverage("grid", FIRST, "--equilibria", "--moves", "poison", cwd=tmp_path), "poison needs a tactic")
    mistake(dataleverage("grid", FIRST, "--equilibria", "--creators", "nobody", cwd=tmp_path), "'nobody' is no creator")
    mistake(dataleverage("grid", ABCD, "--equilibria", cwd=tmp_path), "the table has no cells for")


@pytest.mark.parametrize(
    ("asked", "option", "remedy"),
    [
        (["--equilibria", "--values", "shapley"], "--values", "without --equilibria"),
        (["--equilibria", "--scaling"], "--scaling", "without --equilibria"),
        (["--equilibria", "--leverage"], "--leverage", "without --equilibria"),
        (["--equilibria", "--plot", "figures"], "--plot", "without --equilibria"),
        (["--equilibria", "--out", "rows.csv"], "--out", "without --equilibria"),
        (["--equilibria", "--budget", "10"], "--budget", "without --equilibria"),
        (["--equilibria", "--row", "A"], "--row", "without --equilibria"),
        (["--moves", "contribute"], "--moves", "Add `--equilibria`"),
        (["--creators", "activists"], "--creators", "Add `--equilibria`"),
    ],
)
def test_grid_drops_no_option_without_a_word(
    tmp_path: Path, asked: list[str], option: str, remedy: str, dataleverage: Command, mistake: Check
) -> None:
    mistake(dataleverage("grid", FIRST, "--store", "cells.db", *asked, cwd=tmp_path), f"{option}: ", "--equilibria", remedy)
    assert list(tmp_path.iterdir()) == []


def test_grid_names_every_option_that_it_would_drop_at_once(tmp_path: Path, dataleverage: Command) -> None:
    done = dataleverage("grid", FIRST, "--equilibria", "--values", "shapley", "--leverage", "--json", cwd=tmp_path)
    assert done.returncode == 2
    errors = json.loads(done.stdout)["errors"]
    assert [error["key"] for error in errors] == ["--values", "--leverage"]
    assert all("--equilibria reads the game" in error["message"] and error["remedy"] for error in errors)


def test_measuring_shows_how_far_it_is_on_a_terminal(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "dataleverage", "grid", str(FIRST), "--budget", "40", "--values", "shapley", "--leverage"]
    ours, theirs = pty.openpty()
    with (tmp_path / "said.json").open("wb") as out:
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        running = subprocess.Popen([*words, "--json"], cwd=tmp_path, stdout=out, stderr=theirs, env=env)
    os.close(theirs)
    os.set_blocking(ours, False)
    seen, until = b"", time.monotonic() + 120
    while running.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
        with suppress(OSError):  # nothing to read just now, or nobody left to write
            seen += os.read(ours, 2**20)
    os.close(ours)
    assert running.poll() == 0, seen.decode()
    assert json.loads((tmp_path / "said.json").read_text())["leverage"]
    shown = [int(share) for share in re.findall(r"measuring.*?(\d+)%", seen.decode(errors="replace"))]
    assert shown and max(shown) > 50, "and it moves"


def test_grid_of_many_objects_needs_a_budget_and_keeps_its_lines_short(
    tmp_path: Path, dataleverage: Command, mistake: Check
) -> None:
    text = """
title: Many
data: {kind: synthetic, examples: 9000, owners: 3000, features: 5}
learner: ridge_classifier
creators: [{name: people}]
"""
    (tmp_path / "many.yaml").write_text(text)
    mistake(dataleverage("grid", "many.yaml", cwd=tmp_path), "give a budget of rows")
    said = dataleverage("grid", "many.yaml", "--budget", "6", "--out", "rows.csv", cwd=tmp_path).stdout
    assert "2,999 of 3,000 objects" in " ".join(said.split()) and len(said) < 3000
    table = pd.read_csv(tmp_path / "rows.csv", keep_default_na=False, index_col="row")
    assert len(table) == 6 and table.index.str.startswith("#2999/1:").sum() == 4
