from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame


def rows_served(make_setup, scripts, response, moves, **rest):
    setup = make_setup(2, scripts(*moves), monitored=True, operator={"response": response, "unveil_cost": 1.0}, **rest)
    return LeverageGame(setup).play().rounds


def test_a_worse_model_is_not_served_and_an_earlier_one_comes_back(make_setup, scripts):
    moves = [{2: "delete"}, {3: "delete"}]
    rounds = rows_served(make_setup, scripts, "rollback", moves, rounds=3)
    assert rounds.row.tolist() == ["AB"] * 4 and rounds.holdings.tolist() == ["AB", "AB", "B", ""]
    assert rounds.trained.tolist() == [True, False, True, True]
    assert rounds.costs[1:].tolist() == [0.0, 1.0, 1.0], "the cells of models that are not served are looked at too"


def test_within_the_tolerance_the_new_model_is_served(make_setup, scripts):
    rounds = rows_served(make_setup, scripts, {"kind": "rollback", "tolerance": 0.5}, [{2: "delete"}, {3: "delete"}], rounds=3)
    assert rounds.row.tolist() == ["AB", "AB", "B", "AB"], "0.5 less is tolerated, 1 is not"


def test_models_of_deleted_data_do_not_come_back_where_deletion_reaches_models(make_setup, scripts):
    moves = [{2: "delete"}, {3: "withhold"}]
    rounds = rows_served(make_setup, scripts, "rollback", moves, rounds=3, rights={"model_deletion": True})
    assert rounds.row.tolist() == ["AB", "AB", "B", "B"]


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_best_model_that_may_be_served_is(make_setup, stand, random_score, seed, tolerance, deletion):
    """Line by line, by looking through everything that was served."""
    score, rng = random_score(4, 1, seed), np.random.default_rng(seed)
    setup = make_setup(
        4,
        score=score,
        monitored=True,
        operator={"response": {"kind": "rollback", "tolerance": tolerance}},
        rights={"model_deletion": deletion},
    )
    desk = stand(setup, np.ones(4)).desks[0]
    for row in rng.integers(0, 2, (3, 4)).astype(np.uint8):
        desk.served.append((row, setup.grid.scores(row[None])[0]))
    held = rng.integers(0, 2, (6, 4)).astype(np.uint8)
    rows, scores = desk.operator.response.release(desk, held, held, setup.grid.scores(held))
    for line, row, mine in zip(held, rows, scores, strict=True):
        may = [old for old, _ in desk.served if not deletion or not ((old > 0) & (line == 0)).any()]
        best = max([score(old[None])[0, 0] for old in may], default=-np.inf)
        new = score(line[None])[0, 0]
        assert mine[0] == pytest.approx(best if best > new + tolerance + 1e-9 else new)
        assert score(row[None])[0, 0] == pytest.approx(mine[0])


def test_without_monitor_cells_it_is_refused(make_setup):
    with pytest.raises(GameError, match="no monitor cells"):
        LeverageGame(make_setup(2, operator={"response": "rollback"}))
