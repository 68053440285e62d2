from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GameError
from dataleverage.game.collective import Demand
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.response.settlement import Bargain, Concede, Dispute
from dataleverage.game.strategies.conditional import Conditional
from dataleverage.game.strategies.member import Member

WALK_OUT = {2: "delete", 3: "contribute"}


def play(make_setup, scripts, response, demand, first=WALK_OUT, second=WALK_OUT, **rest):
    """Two of four creators strike in round 2: quality falls to a half.

    With service 1 and revenue 10 the strike leaves the operator 5 and the two members 0.5 each; peace is worth 10, and 1 each.
    Nobody is paid yet. So d_o = 5, d_c = 1, v = 12: there are 6 credits to split.
    """
    setup = make_setup(
        4,
        scripts(first, second, {}, {}),
        operator={"response": response},
        collectives=[{"name": "ours", "members": {"creators": ["A", "B"]}, "demand": demand, **rest.pop("collective", {})}],
        payoffs={"revenue": 10.0},
        rounds=rest.pop("rounds", 3),
        **rest,
    )
    return LeverageGame(setup).play()


def members_and_operator(record, round):
    moves = record.moves[(record.moves["round"] == round) & record.moves.creator.isin(["A", "B"])]
    return moves.payoff.sum(), record.rounds[record.rounds["round"] == round].payoff.iloc[0]


@pytest.mark.parametrize("demand", [{"dividend": 1.0}, {"wage": 5.0}])
def test_equal_power_halves_what_peace_is_worth(make_setup, scripts, demand):
    record = play(make_setup, scripts, "bargain", demand)
    assert members_and_operator(record, 2) == pytest.approx((1, 5)), "what the strike leaves them"
    assert members_and_operator(record, 3) == pytest.approx((1 + 3, 5 + 3))
    assert record.collectives.granted.tolist() == [False, False, False, True], "it holds from the round after"
    paid = record.transfers[record.transfers.reason == "bargain"]
    assert paid.amount.tolist() == pytest.approx([1.0, 1.0]) and paid.payee.tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("terms", "share"),
    [
        ({"power": 0.0}, None),
        ({"power": 1 / 3}, 1 / 3),
        ({"power": 1.0}, 1.0),
        ({"protocol": "rubinstein", "collective_patience": 0.5, "operator_patience": 0.5}, 2 / 3),
        ({"protocol": "rubinstein", "collective_patience": 0.5, "operator_patience": 0.5, "first": "operator"}, 1 / 3),
        ({"protocol": "rubinstein", "collective_patience": 0.8, "operator_patience": 0.5}, 5 / 6),
        ({"protocol": "rubinstein", "collective_patience": 0.0, "operator_patience": 0.5, "first": "operator"}, None),
    ],
)
def test_power_is_given_or_follows_from_patience(make_setup, scripts, terms, share):
    """Peace alone gives the members a sixth of what there is to split: who has less power than that is paid nothing."""
    record = play(make_setup, scripts, {"kind": "bargain", **terms}, {"dividend": 1.0})
    got = (1 + 6 * share, 5 + 6 * (1 - share)) if share else (2, 10)
    assert members_and_operator(record, 3) == pytest.approx(got)
    assert bool(record.collectives.granted.iloc[-1]) == (share is not None)


def test_nobody_is_paid_more_than_is_demanded(make_setup, scripts):
    record = play(make_setup, scripts, "bargain", {"dividend": 0.1})
    assert members_and_operator(record, 3) == pytest.approx((2 + 1, 10 - 1))
    record = play(make_setup, scripts, "bargain", {"promise": 0.7, "free_riders": 0.5})
    assert members_and_operator(record, 3) == pytest.approx((2 + 1.4, 10))
    others = record.moves[(record.moves["round"] == 3) & record.moves.creator.isin(["C", "D"])]
    assert others.payoff.tolist() == pytest.approx([1.35, 1.35])


def test_what_a_fund_pays_its_members_is_no_gain_to_the_collective(make_setup, scripts):
    fund = {"fund": {"start": 10.0, "strike_pay": 0.8, "dues": 0.3}}
    record = play(make_setup, scripts, "bargain", {"dividend": 1.0}, collective=fund)
    paid = record.transfers[record.transfers.reason == "bargain"]
    assert paid.amount.tolist() == pytest.approx([1.0, 1.0]), "as without a fund"


def test_there_is_nothing_to_settle_without_a_strike_or_when_peace_is_worth_no_more(make_setup, scripts):
    quiet = play(make_setup, scripts, "bargain", {"dividend": 1.0}, first={}, second={})
    assert not quiet.collectives.granted.any()
    worse = play(make_setup, scripts, "bargain", {"dividend": 1.0}, score=lambda rows: 1.5 - 0.125 * rows.sum(axis=1))
    assert not worse.collectives.granted.any(), "the model is better without them"


@pytest.mark.parametrize(
    ("demand", "odds", "granted"),
    [
        ({"dividend": 0.4}, 1.0, True),  # 4 credits against 5 lost
        ({"dividend": 0.5}, 1.0, False),
        ({"dividend": 0.4}, 0.7, False),  # 3.5 expected
        ({"wage": 2.4}, 1.0, True),
        ({"wage": 2.6}, 1.0, False),
        ({"promise": 100.0}, 0.1, True),
    ],
)
def test_it_concedes_iff_it_expects_to_lose_more(make_setup, scripts, demand, odds, granted):
    record = play(make_setup, scripts, {"kind": "concede", "odds": odds}, demand)
    assert bool(record.collectives.granted.iloc[-1]) is granted
    asked = demand.get("dividend", 0) * 10 + 2 * demand.get("wage", 0)
    assert record.transfers.amount.sum() == pytest.approx(asked if granted else 0)


def test_an_agreement_can_be_kept_for_some_rounds_only(make_setup, scripts):
    """Granted in round 2, paid in 3 and 4, broken after 4; a second strike, in 6, wins it once more."""
    moves = {2: "delete", 3: "contribute", 6: "delete", 7: "contribute"}
    record = play(make_setup, scripts, {"kind": "concede", "keep": 2}, {"dividend": 0.2}, first=moves, second=moves, rounds=9)
    paid = record.transfers.groupby("round").amount.sum()
    assert paid.to_dict() == pytest.approx({3: 2.0, 4: 2.0, 7: 2.0, 8: 2.0})


def test_a_tit_for_tat_creator_answers_a_broken_agreement(make_setup, scripts):
    strike = {"kind": "strike", "first": 2}
    setup = make_setup(
        4,
        [(2, Member()), (2, Conditional())],
        operator={"response": {"kind": "concede", "keep": 1}},
        collectives=[{"name": "ours", "members": {"creators": ["A", "B", "C", "D"]}, "demand": {"wage": 0.1}, "calls": strike}],
        payoffs={"revenue": 10.0},
        rounds=4,
    )
    record = LeverageGame(setup).play()
    # 2: A and B are called out. 3: all work and are paid, then it is broken. 4: the call, and C and D by themselves.
    assert record.rounds.row.tolist() == ["ABCD", "ABCD", "CD", "ABCD", ""]


AMOUNT = st.floats(-100, 100)


@given(AMOUNT, AMOUNT, st.floats(0.01, 100), AMOUNT, st.floats(0, 1), st.floats(0.01, 1), st.integers(1, 9))
@settings(max_examples=200)
def test_a_bargain_gives_both_at_least_what_the_strike_does(d_o, d_c, revenue, peace_c, beta, rate, count):
    for demand in (Demand(dividend=rate), Demand(wage=rate)):
        dispute = Dispute((d_o, d_o + revenue), (d_c, peace_c), revenue, count)
        full = demand.agreement(0, 0, 1)
        terms = Bargain(power=beta).terms(dispute, demand, full)
        if terms is None:
            continue
        paid = terms.rate * revenue + terms.wage * count
        assert 0 <= paid <= dispute.price(demand) + 1e-9 and 0 <= terms.rate <= 1
        assert peace_c + paid <= d_c + beta * dispute.surplus + 1e-6, "never beyond the Nash split"
        assert d_o + revenue - paid >= d_o + (1 - beta) * dispute.surplus - 1e-6
        if paid < dispute.price(demand) - 1e-9:
            assert peace_c + paid == pytest.approx(d_c + beta * dispute.surplus, abs=1e-6)
    assert Concede().terms(dispute, demand, full) in (None, full)


def test_an_operator_of_whom_nobody_demands_anything_cannot_settle(make_setup):
    for response in ("bargain", "concede"):
        with pytest.raises(GameError, match="no collective demands anything of operator") as caught:
            LeverageGame(make_setup(2, operator={"response": response}, collectives=[{"name": "ours"}]))
        assert caught.value.place.key == "operators.0.response"


@given(st.integers(0, 10_000), st.sampled_from(["bargain", "concede", "wage", "ban", "dividend", "rollback"]))
@settings(max_examples=40, deadline=None)
def test_money_sums_to_nothing_whatever_an_operator_answers(make_setup, scripts, random_score, seed, kind):
    rng = np.random.default_rng(seed)
    levers = ["contribute", "withhold", "delete", "poison"]
    moves = [{r: levers[rng.integers(4)] for r in range(1, 5)} for _ in range(4)]
    response = {
        "ban": {"fine": 0.3, "rounds": 1},
        "dividend": {"split": "shapley"},
        "wage": {"start": 0.5},
        "concede": {"keep": 1},
    }.get(kind, {})
    setup = make_setup(
        4,
        scripts(*moves),
        score=random_score(4, 2, seed),
        monitored=True,
        tactics=("flip",),
        operator={"response": {"kind": kind, **response}, "defence": "leave_one_out"},
        collectives=[{"name": "ours", "demand": {"dividend": 0.3}, "fund": {"start": 2.0, "dues": 0.1, "strike_pay": 0.4}}],
        payoffs={"revenue": 10.0},
        rounds=4,
    )
    record = LeverageGame(setup).play()
    before = 2.0
    for round in range(1, 5):
        line = record.rounds[record.rounds["round"] == round].iloc[0]
        creators = record.moves[record.moves["round"] == round].transfers.sum()
        fund = record.collectives[record.collectives["round"] == round].fund.iloc[0]
        paid = record.transfers[record.transfers["round"] == round]
        into = paid[paid.payee == "ours"].amount.sum() - paid[paid.payer == "ours"].amount.sum()
        assert creators + line.transfers_in - line.transfers_out + into == pytest.approx(0, abs=1e-9)
        before += into
        assert fund == pytest.approx(before), "what is in it when the round is over"
