from __future__ import annotations

import numpy as np
import pytest

from dataleverage.game.model import LeverageGame

DEFENDED = {"defence": {"kind": "leave_one_out", "look": "unveil"}}


def play(make_setup, scripts, response, *moves, **rest):
    """Clean objects help and poisoned ones harm, so that leaving one out finds exactly the poison."""
    setup = make_setup(
        len(moves),
        scripts(*moves),
        monitored=True,
        tactics=("flip",),
        operator={**DEFENDED, "response": {"kind": "ban", **response}},
        **rest,
    )
    return LeverageGame(setup).play()


def test_who_is_flagged_is_fined_and_not_taken_data_of_for_some_rounds(make_setup, scripts):
    record = play(make_setup, scripts, {"rounds": 2, "fine": 0.5}, {2: "poison"}, {}, {}, rounds=7)
    assert record.rounds.flagged.tolist() == [0, 0, 1, 0, 0, 1, 0, 0]
    assert record.rounds.row.tolist() == ["ABC", "ABC", *["BC"] * 6]
    fines = record.transfers[record.transfers.reason == "fine"]
    assert fines[["round", "payer", "payee", "amount"]].astype(object).to_numpy().tolist() == [
        [2, "A", "operator", 0.5],
        [5, "A", "operator", 0.5],
    ]


def test_a_ban_hits_who_has_mended_its_ways_and_ends(make_setup, scripts):
    record = play(make_setup, scripts, {"rounds": 2}, {2: "poison", 3: "contribute"}, {}, {}, rounds=5)
    assert record.rounds.row.tolist() == ["ABC", "ABC", "BC", "BC", "BC", "ABC"]
    assert record.rounds.holdings.tolist()[3:5] == ["ABC", "ABC"], "it holds what it does not train on"


def test_flags_add_up_over_rounds_before_a_ban(make_setup, scripts):
    record = play(make_setup, scripts, {"after": 2, "rounds": 9, "fine": 1.0}, {2: "poison"}, {}, {}, rounds=5)
    assert record.rounds.flagged.tolist() == [0, 0, 1, 1, 0, 0]
    assert record.rounds.transfers_in[1:].tolist() == [0, 1, 1, 0, 0]


def test_honest_creators_are_fined_when_the_defence_is_wrong(make_setup, scripts):
    """B is clean, and quality is higher without it."""
    record = play(
        make_setup, scripts, {"fine": 1.0, "rounds": 0}, {}, {}, score=lambda rows: rows @ np.array([0.8, -0.3]), rounds=2
    )
    assert record.rounds.false_positives.tolist() == [1, 1, 1]
    assert record.moves[record.moves.creator == "B"].transfers.tolist() == [-1.0, -1.0]


def test_a_game_does_not_rest_while_a_ban_lasts(make_setup, scripts):
    record = play(
        make_setup, scripts, {"rounds": 4}, {2: "poison", 3: "contribute"}, {}, {}, rounds=20, stop={"fixed_point": 1}
    )
    assert record.rounds.row.tolist()[-2:] == ["ABC", "ABC"]
    assert record.manifest["stopped"]["reason"] == "fixed point" and record.manifest["stopped"]["round"] > 7


@pytest.mark.parametrize("wrong", [{"after": 0}, {"rounds": -1}, {"fine": -1.0}])
def test_parameters_have_bounds(make_setup, scripts, wrong):
    with pytest.raises(ValueError, match="greater than or equal"):
        play(make_setup, scripts, wrong, {}, {})
