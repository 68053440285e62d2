from __future__ import annotations

import pytest
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.scenario.load import loads
from dataleverage.world.datasets.cells import TableData

CELLS = {"": (0.1, 0.2), "A": (0.5, 0.6), "AB": (0.9, 0.8)}


def test_a_row_has_a_cell_for_each_column():
    assert TableData(columns=["x", "y"], cells=CELLS).cells["AB"] == (0.9, 0.8)
    with pytest.raises(ValidationError, match="the row 'A' has 1 cells and there are 2 columns: x, y"):
        TableData(columns=["x", "y"], cells=CELLS | {"A": (0.5,)})


@pytest.mark.parametrize(
    "wrong",
    [
        {"cells": {}},
        {"columns": []},
        {"cells": {"A": (float("nan"), 1.0)}},
        {"cells": {"A": ("0.5", 1.0)}},
        {"floor": "low"},
        {"floor": float("inf")},
        {"cels": {}},
    ],
)
def test_nothing_else_is_a_table(wrong):
    with pytest.raises(ValidationError):
        TableData(**({"columns": ["x", "y"], "cells": CELLS} | wrong))


@pytest.mark.parametrize("bound", ["floor", "full"])
def test_bounds_name_columns_that_are_there(bound):
    table = TableData(columns=["x", "y"], cells=CELLS, **{bound: {"x": 0.1, "z": 0.2}})
    with pytest.raises(DataError, match="no column 'z'") as caught:
        table.check()
    assert caught.value.place.key == f"data.{bound}.z" and "x, y" in caught.value.remedy
    TableData(columns=["x", "y"], cells=CELLS, **{bound: {"x": 0.1}}).check()
    TableData(columns=["x", "y"], cells=CELLS, **{bound: 0.1}).check()


def test_a_scenario_reads_the_cells():
    text = """
    title: t
    data: {kind: table, columns: [x, y], cells: {'': [0.1, 0.2], A: [0.5, 0.6], AB: [0.9, 0.8]}}
    creators: [{name: c, count: 2}]
    operators: [{name: o}]
    payoffs: {weights: {x: 1}}
    """
    grid = loads(text).grid()
    assert grid.objects == ("A", "B") and grid.column_names == ("x", "y")
    assert grid.scores(grid.rows(["AB", "", "A"])).tolist() == [[0.9, 0.8], [0.1, 0.2], [0.5, 0.6]]
    assert grid.gap("y").floor == 0.2 and grid.gap("y").full == 0.8
