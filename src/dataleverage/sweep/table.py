"""The table of runs: a line a run, the same bytes whatever order they were played in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import ValidationError

from dataleverage.errors import RecordError
from dataleverage.sweep.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

SWEEP = b"dataleverage.sweep"  # under this the Parquet file's metadata hold the sweep, as JSON
STATUSES = ("waiting", "done", "no_gap", "failed", "timed_out", "set_aside")

Line = tuple[int, str, Sequence[float | None]]  # a run's number, its status, its outcomes


def schema(plan: Plan) -> pa.Schema:
    """The table's columns: point, world, replicate, seed, data_seed, a column a varied path, a column an outcome, status.

    Seeds are whole numbers; data_seed is null where the scenario has none. Varied values keep their type where all of a column
    have one (whole numbers, numbers, truth, text); else they are JSON. Outcomes are numbers or null.
    """
    import pyarrow as pa

    varied = [pa.field(str(path), type_of(plan.points[path])) for path in plan.points.columns]
    fixed = [pa.field(name, pa.int64()) for name in ("point", "world", "replicate", "seed", "data_seed")]
    read = [pa.field(name, pa.float64()) for name in plan.sweep.outcomes]
    about = {SWEEP: json.dumps(plan.sweep.model_dump(mode="json"), sort_keys=True).encode()}
    return pa.schema([*fixed, *varied, *read, pa.field("status", pa.string())], metadata=about)


def table(plan: Plan, lines: Iterable[Line]) -> pa.Table:
    """The table of some runs, by point, world and replicate. Lines may come in any order."""
    import pyarrow as pa

    given = list(lines)
    numbers = np.array([line[0] for line in given], dtype=np.int64)
    points, _, replicates = plan.shape
    rest, replicate = np.divmod(numbers, replicates)
    world, point = np.divmod(rest, points)
    order = np.lexsort((replicate, world, point))
    point, world, replicate = point[order], world[order], replicate[order]
    columns: dict[str, Any] = {"point": point, "world": world, "replicate": replicate}
    columns |= seeds(plan, point, world, replicate)
    target = schema(plan)
    for path in plan.points.columns:
        values = pa.array(cells(plan.points[path]), type=target.field(str(path)).type)
        columns[str(path)] = values.take(pa.array(point))
    for k, name in enumerate(plan.sweep.outcomes):
        columns[name] = pa.array([given[i][2][k] if given[i][2] else None for i in order.tolist()], type=pa.float64())
    columns["status"] = pa.array([given[i][1] for i in order.tolist()], type=pa.string())
    return pa.table([pa.array(columns[name], type=target.field(name).type) for name in target.names], schema=target)


def seeds(plan: Plan, point: Any, world: Any, replicate: Any) -> dict[str, Any]:
    """The seeds of runs; the scenario's own where the sweep draws none. Raises RecordError where that cannot be read."""
    import pyarrow as pa

    data_seed, seed = plan.seeds.worlds[world], plan.seeds.plays[world, replicate]
    if not (len(seed) and (seed[0] < 0 or data_seed[0] < 0)):
        return {"data_seed": data_seed, "seed": seed}
    try:
        own = [plan.scenario(p) for p in range(len(plan.points))]
    except ValidationError as error:  # played by another version
        said = "the scenario that these runs are of is not one that this version reads"
        raise RecordError(said, remedy="Read them with the version that played them.") from error
    if seed[0] < 0:
        seed = np.array([scenario.seed for scenario in own], dtype=np.int64)[point]
    if data_seed[0] >= 0:
        return {"data_seed": data_seed, "seed": seed}
    of_data = pa.array([getattr(scenario.data, "seed", None) for scenario in own], type=pa.int64())
    return {"data_seed": of_data.take(pa.array(point)), "seed": seed}


def type_of(values: Any) -> pa.DataType:
    """The type of a varied column."""
    import pyarrow as pa

    if values.dtype.kind in "if":
        return pa.int64() if values.dtype.kind == "i" else pa.float64()
    types = {type(value) for value in values}
    return pa.bool_() if types == {bool} else pa.float64() if types == {int, float} else pa.string()


def cells(values: Any) -> Any:
    """The values of a varied column as they stand in the table."""
    if values.dtype.kind in "if":
        return values.to_numpy()
    kept = list(values)
    if {type(value) for value in kept} in ({bool}, {str}, {int, float}):
        return kept
    return [json.dumps(value, sort_keys=True) for value in kept]


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise RecordError where a table cannot be written there."""
    if path.exists() and not overwrite:
        raise RecordError(f"{path} exists already", remedy="Name another file, or pass --overwrite.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RecordError(f"{path} is no file in a folder that exists", remedy="Name a file in a folder that exists.")


def write(made: pa.Table, path: Path, form: Literal["parquet", "csv"]) -> None:
    """Write the table as a file, whole or not at all. Raises RecordError where it cannot be."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    part = path.with_name(f".{path.name}.part")
    try:
        if form == "csv":
            pyarrow.csv.write_csv(made, part)
        else:
            pq.write_table(made, part, compression="zstd")
        part.replace(path)
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
