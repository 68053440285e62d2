from __future__ import annotations

import pytest
from pydantic import ValidationError

from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.response.wage import Wage

PAY = {"kind": "wage", "start": 0.2, "step": 0.1, "most": 0.25}


def test_the_wage_rises_while_data_leaves_and_falls_otherwise(make_setup, scripts):
    moves = [{2: "delete", 5: "contribute"}, {3: "delete", 5: "contribute"}, {}]
    setup = make_setup(4, scripts(*moves), operator={"response": PAY}, rounds=7, owner_of=[0, 0, 1, 2])
    record = LeverageGame(setup).play()
    # 0.2 for three, falls; 0.1 for two, rises; 0.2 for one, rises to the most; then it falls to the least, and stays
    wages, held = [0.2, 0.1, 0.2, 0.25, 0.15, 0.05, 0.0], [3, 2, 1, 1, 3, 3, 3]
    assert record.rounds.transfers_out[1:].tolist() == pytest.approx([w * n for w, n in zip(wages, held, strict=True)])
    assert record.moves[record.moves.creator == "C"].transfers.tolist() == pytest.approx(wages)


def test_a_game_is_at_rest_only_when_the_wage_is(make_setup, scripts):
    setup = make_setup(2, scripts({}, {}), operator={"response": PAY}, rounds=20, stop={"fixed_point": 1})
    record = LeverageGame(setup).play()
    assert record.manifest["stopped"] == {"reason": "fixed point", "round": 2, "period": None}
    assert record.rounds.transfers_out[1:].tolist() == pytest.approx([0.4, 0.2])


def test_a_wage_that_starts_outside_its_bounds_is_refused():
    for wrong in ({"start": 2.0}, {"start": 0.1, "least": 0.2}):
        with pytest.raises(ValidationError, match="a wage starts between"):
            Wage.model_validate(wrong)
