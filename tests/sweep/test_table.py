"""The table of runs: what is in it, and that the order of playing does not show."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataleverage.errors import RecordError
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.table import SWEEP, Line, schema, table, write

TEXT = """\
vary:
  rounds: [4, 5]
  creators.1.strategy: [threshold, {kind: always}]
  payoffs.cost.delete: [0, 0.5]
worlds: 3
replicates: 2
outcomes: [users, final_score]
"""


def lines(plan: Plan) -> list[Line]:
    return [(k, "done", [k / 10, None]) if k % 5 else (k, "failed", []) for k in range(len(plan))]


def test_a_line_a_run_with_its_seeds_values_and_outcomes(sweep: Callable[[str], Plan]) -> None:
    plan = sweep(TEXT)
    made = table(plan, lines(plan)).to_pandas()
    varied = ["rounds", "creators.1.strategy", "payoffs.cost.delete"]
    assert list(made) == ["point", "world", "replicate", "seed", "data_seed", *varied, "users", "final_score", "status"]
    assert len(made) == len(plan) == 48
    assert made[["point", "world", "replicate"]].apply(tuple, axis=1).is_monotonic_increasing
    for number in (0, 17, 31, 47):
        run = plan.run(number)
        (line,) = made[(made.point == run.point) & (made.world == run.world) & (made.replicate == run.replicate)].itertuples()
        assert (line.seed, line.data_seed) == (run.seed, run.data_seed)
        assert np.isnan(line.users) if number % 5 == 0 else line.users == number / 10
        assert line.status == ("done" if number % 5 else "failed") and np.isnan(line.final_score)
        assert line.rounds == plan.settings(run.point)["rounds"]
    assert set(made["creators.1.strategy"]) == {'"threshold"', '{"kind": "always"}'}
    assert made["payoffs.cost.delete"].dtype == np.float64 and made["rounds"].dtype == np.int64


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_bytes_do_not_depend_on_the_order_of_playing(
    sweep: Callable[[str], Plan], tmp_path: Path, form: Literal["parquet", "csv"]
) -> None:
    plan, name = sweep(TEXT), "runs"
    given = lines(plan)
    write(table(plan, given), tmp_path / name, form)
    first = (tmp_path / name).read_bytes()
    np.random.default_rng(0).shuffle(given)  # type: ignore[arg-type]
    write(table(plan, given), tmp_path / name, form)
    assert (tmp_path / name).read_bytes() == first
    assert not list(tmp_path.glob(".*.part"))


def test_the_file_says_what_sweep_it_is_of(sweep: Callable[[str], Plan], tmp_path: Path) -> None:
    plan = sweep(TEXT)
    write(table(plan, lines(plan)), tmp_path / "runs.parquet", "parquet")
    about = json.loads(pq.read_schema(tmp_path / "runs.parquet").metadata[SWEEP])
    assert about["design"] == "factorial" and about["worlds"] == 3 and about["outcomes"] == ["users", "final_score"]
    assert pq.read_schema(tmp_path / "runs.parquet").equals(schema(plan), check_metadata=False)


def test_seeds_of_the_scenario_itself(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary:\n  data.seed: [5, 6]\noutcomes: [users]\n")
    made = table(plan, [(1, "waiting", []), (0, "done", [1.0])])
    assert made["seed"].to_pylist() == [3, 3] and made["data_seed"].to_pylist() == [5, 6]
    assert made["status"].to_pylist() == ["done", "waiting"]


def test_a_scenario_of_another_version_is_told_where_its_seeds_are_needed(sweep: Callable[[str], Plan]) -> None:
    plan = sweep("vary: {rounds: [4, 5]}\noutcomes: [users]\n")
    later = replace(plan, base={**plan.base, "a key of later": 1})
    with pytest.raises(RecordError, match="not one that this version reads"):
        table(later, [(0, "done", [1.0])])
    drawn = sweep("vary: {rounds: [4, 5]}\nworlds: 2\noutcomes: [users]\n")
    later = replace(drawn, base={**drawn.base, "a key of later": 1})
    assert table(later, [(0, "done", [1.0])]).equals(table(drawn, [(0, "done", [1.0])]))
