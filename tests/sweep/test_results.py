"""Results: read back from what `sweep export` writes, and outcomes in their places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dataleverage.errors import SweepError
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import sensitivity
from dataleverage.sweep.table import Line, table

TEXT = "vary: {rounds: [4, 5], creators.1.strategy: [threshold, {kind: always}]}\nworlds: 3\nreplicates: 2\noutcomes: [users]\n"


def lines(plan: Plan) -> list[Line]:
    ends = {3: "failed", 4: "timed_out", 5: "no_gap", 6: "waiting", 7: "set_aside"}
    return [(k, ends.get(k, "done"), [] if k in ends else [float(k)]) for k in range(len(plan))]


def test_values_stand_by_point_world_and_replicate(sweep: Callable[[str], Plan]) -> None:
    plan = sweep(TEXT)
    results = Results.of(table(plan, lines(plan)))
    values = results.values("users")
    assert values.shape == plan.shape == (4, 3, 2)
    for number, status, outcomes in lines(plan):
        run = plan.run(number)
        found = values[run.point, run.world, run.replicate]
        assert found == outcomes[0] if status == "done" else np.isnan(found)
    counts = results.counts()
    assert list(counts) == ["done", "failed", "no_gap", "waiting"]
    assert counts.sum().tolist() == [19, 3, 1, 1] and (counts.sum(axis=1) == 6).all()
    assert results.points["rounds"].tolist() == [4, 4, 5, 5]


def test_a_file_is_read_back_with_its_sweep(sweep: Callable[[str], Plan], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    plan = sweep(TEXT)
    made = table(plan, lines(plan))
    pq.write_table(made, tmp_path / "runs.parquet")
    found = Results.read(tmp_path / "runs.parquet")
    assert found.sweep.model_dump(exclude={"vary"}) == plan.sweep.model_dump(exclude={"vary"})
    assert found.sweep.spreads() == plan.sweep.spreads()
    assert found.runs.equals(Results.of(made).runs)


def test_points_that_are_not_all_there_keep_their_numbers(sweep: Callable[[str], Plan]) -> None:
    plan = sweep(TEXT)
    results = Results.of(table(plan, [line for line in lines(plan) if plan.run(line[0]).point in (1, 3)]))
    assert results.points.index.tolist() == [1, 3] and results.values("users").shape[0] == 2


def test_what_is_no_table_of_a_sweep_is_refused(sweep: Callable[[str], Plan], tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"point": [0]}), tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("point", encoding="utf-8")
    for name in ("other", "text", "nowhere"):
        with pytest.raises(SweepError, match=rf"(?s){name}\.parquet.*sweep export"):
            Results.read(tmp_path / f"{name}.parquet")
    plan = sweep(TEXT)
    with pytest.raises(SweepError, match=r"(?s)kept no outcome 'user'.*Did you mean `users`"):
        Results.of(table(plan, lines(plan))).values("user")


def test_paths_keep_the_order_of_the_file_so_that_indices_go_to_the_right_ones(sweep: Callable[[str], Plan]) -> None:
    vary = "{rounds: {integer: [1, 50]}, creators.1.strategy.mean: {uniform: [0, 1]}, network.p: {uniform: [0, 1]}}"
    plan = sweep(f"vary: {vary}\ndesign: sobol\nsamples: 64\noutcomes: [users]\n")
    given: list[Line] = [(k, "done", [float(plan.points["network.p"].iloc[plan.run(k).point])]) for k in range(len(plan))]
    results = Results.of(table(plan, given))
    assert results.paths == ("rounds", "creators.1.strategy.mean", "network.p")
    assert sensitivity(results, "users").indices["total"].round(1).to_dict() == {
        "rounds": 0,
        "creators.1.strategy.mean": 0,
        "network.p": 1,
    }
