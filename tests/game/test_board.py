from __future__ import annotations

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.board import Board
from dataleverage.game.model import LeverageGame
from dataleverage.game.monitor import monitored


def row(*values: int):
    return np.array(values, np.uint8)


def test_looking_counts_new_cells_once_and_moves_the_token():
    board = Board(np.array([1, 2]), 2)
    assert board.token.tolist() == [1, 1]
    assert board.look(row(1, 0), np.array([0.1, 0.2, 0.3])) == 2
    assert board.look(row(0, 1), np.array([0.4, 0.5, 0.6])) == 2
    assert board.look(row(1, 0), np.array([9.0, 9.0, 9.0])) == 0
    assert board.token.tolist() == [1, 0]
    rows, scores = board.table()
    assert rows.tolist() == [[1, 0], [0, 1]]
    assert scores.tolist() == [[0.2, 0.3], [0.5, 0.6]]


def test_an_operator_that_looks_at_nothing_knows_nothing_but_where_it_stands():
    board = Board(np.empty(0, np.int64), 2)
    assert board.look(row(0, 1), np.array([0.4])) == 0
    assert len(board) == 0 and board.token.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("monitors", "looked_at"),
    [("all", ["monitor:all", "monitor:rare"]), ("none", []), (["rare"], ["monitor:rare"]), ([], [])],
)
def test_what_an_operator_looks_at(make_setup, scripts, monitors, looked_at):
    setup = make_setup(
        2,
        scripts({1: "delete", 2: "contribute"}, {}),
        columns=("all", "rare"),
        monitored=True,
        operator={"monitors": monitors, "unveil_cost": 1.0},
        rounds=3,
    )
    assert [setup.grid.column_names[c] for c in monitored(setup.grid, setup.operators[0])] == looked_at
    record = LeverageGame(setup).play()
    cells = record.cells
    assert (cells.by == "operator").all()
    for word in ("AB", "B"):
        assert cells[cells.row == word].column.tolist() == ["all", "rare", *looked_at]
    assert record.rounds.costs.iloc[1:].tolist() == [len(looked_at), 0, 0], "the cells of the first row are given"


def test_a_slice_that_is_not_monitored_is_refused(make_setup):
    setup = make_setup(2, monitored=True, operator={"monitors": ["all", "east"]})
    with pytest.raises(GameError, match="no monitored slice 'east'") as caught:
        monitored(setup.grid, setup.operators[0])
    assert caught.value.place.key == "operators.0.monitors.1"
    setup = make_setup(2, operator={"monitors": ["all"]})
    with pytest.raises(GameError, match="no monitored slice 'all'"):
        LeverageGame(setup)


def test_the_board_keeps_the_row_that_was_looked_at_whatever_becomes_of_the_array():
    board, array = Board(np.array([0]), 2), row(0, 0)
    board.learn(array, np.array([0.4]))
    array[:] = 1
    rows, scores = board.table()
    assert rows.tolist() == [[0, 0]] and scores.tolist() == [[0.4]]
    assert board.learn(array, np.array([0.7])) == 1


def test_a_budget_by_gain_tells_the_empty_row_it_starts_from_as_that(make_setup):
    """It looks at the row of nothing first, and adds objects to it in place."""
    operator = {"selection": {"kind": "budget", "examples": 2, "by": "gain", "look": "unveil"}}
    weight = np.array([0.5, 0.3, 0.2])
    record = LeverageGame(make_setup(3, score=lambda rows: rows @ weight, monitored=True, operator=operator, rounds=1)).play()
    looked = record.cells[record.cells["column"] == "monitor:all"]
    told = dict(zip(looked["row"].astype(str), looked.score, strict=True))
    assert told == pytest.approx({"": 0.0, "A": 0.5, "B": 0.3, "C": 0.2, "AB": 0.8, "AC": 0.7})
