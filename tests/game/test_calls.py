from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.errors import DataleverageError
from dataleverage.game.calls import Calls, Escalate, Fixed, Follow, Rotate, Strike
from dataleverage.game.collective import Collective
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.member import Member

WAGE = {"wage": 0.01}


def union(calls, **rest):
    return {"name": "union", "calls": calls, **rest}


def test_follow_calls_nothing(make_setup, levers):
    assert levers(make_setup(3, Member(), collectives=[union("follow")], rounds=3)) == ["---"] * 3


def test_fixed_calls_from_one_round_to_another(make_setup, levers):
    def play(**calls):
        return levers(make_setup(1, Member(), collectives=[union({"kind": "fixed", **calls})], rounds=6))[0]

    assert play() == "dddddd"
    assert play(first=3) == "--dddd"
    assert play(first=2, last=4, move="withhold") == "-www--"
    assert play(first=5, last=5) == "----d-"
    with pytest.raises(ValidationError, match="before the first"):
        Fixed(first=3, last=2)


def test_a_strike_lasts_until_its_demand_is_granted_and_begins_again_when_that_is_broken(make_setup, fickle, levers):
    operator = {"response": fickle(grants=(4, 7), breaks=(5,))}
    setup = make_setup(
        2, Member(), operator=operator, collectives=[union({"kind": "strike", "first": 2}, demand=WAGE)], rounds=9
    )
    assert levers(setup) == ["-ddd-dd--"] * 2
    never = make_setup(2, Member(), collectives=[union("strike", demand=WAGE)], rounds=5)
    assert levers(never) == ["ddddd"] * 2


def test_a_strike_ends_with_its_fund(make_setup, levers):
    """Two members at 1 a round each live three rounds on 5: 2, 2, and half each of the last one."""
    fund = {"start": 5.0, "strike_pay": 1.0}
    ends = make_setup(2, Member(), collectives=[union({"kind": "strike", "while_fund": True}, fund=fund)], rounds=6)
    assert levers(ends) == ["ddd---"] * 2
    record = LeverageGame(ends).play()
    assert record.collectives.fund.tolist() == [5, 3, 1, 0, 0, 0, 0]
    assert record.transfers.amount.tolist() == [1, 1, 1, 1, 0.5, 0.5]
    goes_on = make_setup(2, Member(), collectives=[union("strike", fund=fund)], rounds=6)
    assert levers(goes_on) == ["dddddd"] * 2
    dues = {**fund, "dues": 1.0}  # what comes in after it is over does not begin it anew
    over = make_setup(2, Member(), collectives=[union({"kind": "strike", "while_fund": True}, fund=dues)], rounds=6)
    assert levers(over) == ["ddd---"] * 2


def test_a_game_does_not_end_while_a_fund_runs_down(make_setup):
    fund = {"start": 5.0, "strike_pay": 1.0}
    calls = {"kind": "strike", "while_fund": True}
    game = LeverageGame(make_setup(2, Member(), collectives=[union(calls, fund=fund)], rounds=30, stop={"fixed_point": 1}))
    game.play()
    assert (game.round, game.stopped) == (5, "fixed point")


def test_an_escalation_goes_up_step_by_step(make_setup, fickle, levers):
    def play(calls, **rest):
        collectives = [union({"kind": "escalate", **calls}, demand=WAGE)]
        return levers(make_setup(1, Member(), collectives=collectives, rounds=9, **rest))[0]

    two = {"operators": [{"name": "a"}, {"name": "b"}]}
    assert play({"every": 2}, tactics=("flip",), **two) == "wwddrrppp"
    assert play({"every": 2}, tactics=("flip", "noise")) == "wwddppppp"
    assert play({"every": 2, "first": 3}) == "--wwddddd"
    assert play({"every": 1}, rights={"deletion": False}) == "wwwwwwwww"
    assert play({"every": 3, "moves": ["delete", "withhold"]}) == "dddwwwwww"
    assert play({"every": 1}, operator={"response": fickle(grants=(4,), breaks=(6,))}, tactics=("x",)) == "wdpp--wdp"


def test_an_escalation_stays_at_the_operator_that_it_deals_with(make_setup):
    operators = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    calls = {"kind": "escalate", "every": 1}
    setup = make_setup(1, Member(), operators=operators, collectives=[union(calls, operator="b")], tactics=("x",), rounds=4)
    assert [str(setup.menu.moves[a]) for a in Escalate().steps(setup.menu.at(1))] == [
        "withhold",
        "delete from b",
        "redirect from b to a",
        "poison x at b",
    ]


def test_members_take_turns(make_setup, levers):
    def play(count, **calls):
        return levers(make_setup(count, Member(), collectives=[union({"kind": "rotate", **calls})], rounds=6))

    assert play(4, share=0.25) == ["d---d-", "-d---d", "--d---", "---d--"]
    assert play(3, share=0.6) == ["dd-dd-", "d-dd-d", "-dd-dd"]
    assert play(4, share=0.5, every=2) == ["dd--dd", "dd--dd", "--dd--", "--dd--"]
    assert play(2, share=0.01, first=2, move="withhold") == ["-w-w-w", "--w-w-"]
    assert play(3, share=1.0) == ["dddddd"] * 3


def test_over_a_whole_turn_everyone_acts_as_often(make_setup, levers):
    for count in (5, 7, 12):
        for share in (0.2, 0.3, 0.5):
            played = levers(make_setup(count, Member(), collectives=[union({"kind": "rotate", "share": share})], rounds=count))
            acts = [word.count("d") for word in played]
            assert len(set(acts)) == 1 and acts[0] == max(1, round(share * count))


def test_turns_stop_when_the_demand_is_granted(make_setup, fickle, levers):
    operator = {"response": fickle(grants=(3,))}
    calls = {"kind": "rotate", "share": 0.5}
    setup = make_setup(2, Member(), operator=operator, collectives=[union(calls, demand=WAGE)], rounds=5)
    assert levers(setup) == ["d-d--", "-d---"]


def test_two_collectives_with_rival_tactics(make_setup):
    """Each poisons with its own; one of them deals with the second operator."""
    unions = [
        {"name": "one", "members": {"creators": ["A"]}, "calls": {"kind": "fixed", "move": {"lever": "poison", "tactic": "x"}}},
        {
            "name": "two",
            "members": {"creators": ["B"]},
            "operator": "b",
            "calls": {"kind": "fixed", "move": {"lever": "poison", "tactic": "y"}},
        },
    ]
    operators = [{"name": "a"}, {"name": "b"}]
    setup = make_setup(3, Member(), operators=operators, collectives=unions, tactics=("x", "y"), rounds=1)
    record = LeverageGame(setup).play()
    assert record.rounds[record.rounds["round"] == 1].holdings.astype(str).tolist() == ["A*BC", "B*2"]


def test_a_move_that_is_not_allowed_is_refused_with_its_key(make_setup):
    for calls, key in (
        ({"kind": "fixed", "move": "delete"}, "calls.move"),
        ({"kind": "strike", "move": "delete"}, "calls.move"),
        ({"kind": "rotate", "move": "delete"}, "calls.move"),
        ({"kind": "escalate", "moves": ["withhold", "poison"]}, "calls.moves.1"),
    ):
        with pytest.raises(DataleverageError) as caught:
            LeverageGame(make_setup(2, Member(), collectives=[union(calls)], rights={"deletion": False}))
        assert caught.value.place.key == f"collectives.0.{key}"


@pytest.mark.parametrize("answer", [np.array([99, 0]), np.array([0]), np.array([0.0, np.nan]), np.array([-2, 0]), "delete"])
def test_calls_that_are_no_moves_are_named_with_the_round(make_setup, answer):
    class Nonsense(Follow):
        def call(self, meeting):
            return (answer if meeting.round == 3 else meeting.all(-1)), {}

    setup = make_setup(2, Member(), collectives=[Collective(name="union", calls=Nonsense()).model_dump()], rounds=5)
    object.__setattr__(setup, "collectives", (Collective(name="union", calls=Nonsense()),))
    with pytest.raises(DataleverageError, match=r"calls follow of union answered round 3 with"):
        LeverageGame(setup).play()


def test_every_way_to_call_says_when_it_has_nothing_more_to_say():
    assert all(kind.settled is not Calls.settled for kind in (Fixed, Strike, Escalate, Rotate))
