from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.game.collective import Collective, Demand, Union
from dataleverage.game.ledger import nets
from dataleverage.game.levers import Menu, Rights
from dataleverage.game.model import LeverageGame
from dataleverage.game.policy import Agreement
from dataleverage.game.strategies.member import Member

STRIKE = {"kind": "fixed", "first": 2, "last": 4}


def paid(record, reason):
    """{round: [(payer, payee, amount), …]} of one reason."""
    lines = record.transfers[record.transfers.reason == reason]
    found = {}
    for line in lines.itertuples():
        found.setdefault(line.round, []).append((line.payer, line.payee, line.amount))
    return found


def test_a_fund_by_hand(make_setup):
    """Three members pay dues of 1, and strike for 2 each from round 2: 4 + 3 pay one round in full and 1 is left."""
    union = {"name": "union", "members": {"creators": ["A", "B", "C"]}, "calls": STRIKE}
    fund = {"start": 4.0, "dues": 1.0, "strike_pay": 2.0}
    record = LeverageGame(make_setup(4, Member(), collectives=[{**union, "fund": fund}], rounds=6)).play()
    assert record.collectives.fund.tolist() == [4, 7, 1, 0, 0, 3, 6]
    assert paid(record, "dues") == {t: [(who, "union", 1.0) for who in "ABC"] for t in (1, 5, 6)}
    pay = paid(record, "strike pay")
    assert pay[2] == [("union", who, 2.0) for who in "ABC"]
    assert pay[3] == [("union", who, pytest.approx(1 / 3)) for who in "ABC"]
    assert set(pay) == {2, 3}, "an empty fund pays nothing"
    mine = record.moves[record.moves.creator == "A"].transfers.tolist()
    assert mine == pytest.approx([-1, 2, 1 / 3, 0, -1, -1])
    assert (record.moves[record.moves.creator == "D"].transfers == 0).all()


def test_what_comes_in_this_round_pays_who_strikes_in_it(make_setup):
    """One of two members strikes; the other's dues of 1 are all that there is."""
    calls = {"kind": "rotate", "share": 0.5}
    fund = {"dues": 1.0, "strike_pay": 5.0}
    union = {"name": "union", "calls": calls, "fund": fund}
    record = LeverageGame(make_setup(2, Member(), collectives=[union], rounds=2)).play()
    assert record.collectives.fund.tolist() == [0, 0, 0]
    assert record.moves.transfers.tolist() == [1, -1, -1, 1]


def test_only_who_does_what_was_called_is_on_strike(make_setup, scripts):
    """A does as called, B strikes on its own with another lever, and C acts without being a member."""
    union = {"name": "union", "members": {"creators": ["A", "B"]}, "calls": {"kind": "fixed", "move": "delete"}}
    fund = {"start": 10.0, "strike_pay": 2.0}
    setup = make_setup(
        3, scripts({1: "delete"}, {1: "withhold"}, {1: "delete"}), collectives=[{**union, "fund": fund}], rounds=1
    )
    record = LeverageGame(setup).play()
    assert record.moves.transfers.tolist() == [2, 0, 0]
    line = record.collectives.iloc[-1]
    assert (line.members, line.called, line.followed, line.acting, line.fund) == (2, 2, 1, 2, 8)


@settings(max_examples=200, deadline=None)
@given(
    start=st.floats(0, 50),
    dues=st.floats(0, 5),
    pay=st.floats(0, 5),
    rate=st.floats(0, 1),
    wage=st.floats(0, 3),
    seed=st.integers(0, 10**6),
)
def test_a_fund_is_never_overdrawn_and_all_payments_sum_to_nothing(start, dues, pay, rate, wage, seed):
    rng = np.random.default_rng(seed)
    menu = Menu.of(Rights(), ("flip",), ("a", "b"))
    n, batch = 5, 7
    spec = Collective.model_validate({"name": "u", "fund": {"start": start, "dues": dues, "strike_pay": pay}})
    member = rng.random(n) < 0.7
    called = np.where(member & (rng.random(n) < 0.8), rng.integers(0, len(menu), n), -1)
    agreement = Agreement(1, 0, rate=rate, wage=wage)
    union = Union(spec, 0, 1, member, member, start, called, agreement)
    choice = np.where(rng.random((batch, n)) < 0.5, np.maximum(called, 0), rng.integers(0, len(menu), (batch, n)))
    revenue = rng.random((batch, 2)) * 10
    payments = union.payments(menu, choice, revenue, n, 2)
    assert all((payment.amount >= 0).all() for payment in payments)
    net = nets(payments, batch, n + 3)
    assert net.sum(axis=1) == pytest.approx(0, abs=1e-9)
    assert (start + net[:, -1] >= -1e-9).all()
    for b in range(batch):  # the same, member by member
        fund, striking, delivers = start, [], []
        for i in np.flatnonzero(member):
            move = menu.moves[choice[b, i]]
            if move.lever == "contribute" and move.at == 1:
                delivers.append(i)
            elif move.acting and choice[b, i] == called[i]:
                striking.append(i)
        fund += dues * len(delivers)
        each = min(pay, fund / len(striking)) if striking else 0.0
        assert net[b, -1] == pytest.approx(dues * len(delivers) - each * len(striking), abs=1e-9)
        for i in range(n):
            wanted = each if i in striking else 0.0
            if i in delivers:
                wanted += rate * revenue[b, 1] / len(delivers) + wage - dues
            assert net[b, i] == pytest.approx(wanted, abs=1e-9)
        assert net[b, n] == 0


def test_a_promise_is_worth_less_to_who_did_not_fight_for_it(make_setup, fickle):
    """Granted after round 2: from round 3 on 0.5 to members and 0.2 of that to everyone else, and nobody pays anything."""
    demand = {"promise": 0.5, "free_riders": 0.2}
    union = {"name": "union", "members": {"creators": ["A"]}, "demand": demand}
    setup = make_setup(3, Member(), collectives=[union], operator={"response": fickle(grants=(2,), breaks=(4,))}, rounds=5)
    record = LeverageGame(setup).play()
    payoffs = record.moves.payoff.to_numpy().reshape(5, 3)
    assert payoffs[[0, 1, 4]].tolist() == [[1, 1, 1]] * 3
    assert payoffs[[2, 3]] == pytest.approx(np.array([[1.5, 1.1, 1.1]] * 2))
    assert len(record.transfers) == 0
    assert record.collectives.granted.tolist() == [False, False, False, True, True, False]


def test_what_was_granted_is_paid_from_the_next_round_to_members_who_contribute(make_setup, scripts, fickle):
    """A share of revenue is split between those who deliver, a wage is each one's; who strikes gets neither."""
    unions = [
        {"name": "one", "members": {"creators": ["A", "B"]}, "demand": {"dividend": 0.5}},
        {"name": "two", "members": {"creators": ["B", "C"]}, "demand": {"wage": 0.25}},
    ]
    setup = make_setup(
        4,
        scripts({}, {3: "delete"}, {}, {}),
        collectives=unions,
        operator={"response": fickle(grants=(1,))},
        payoffs={"revenue": 8.0},
        rounds=3,
    )
    record = LeverageGame(setup).play()
    assert record.moves.transfers.to_numpy().reshape(3, 4) == pytest.approx(
        np.array([[0, 0, 0, 0], [2, 2.25, 0.25, 0], [0.5 * 8 * 0.75, 0, 0.25, 0]])
    )


def test_alpha_is_what_members_control_and_not_what_is_left_of_it(make_setup, scripts):
    """Sizes 1, 2, 3, 4; A and B are members. A deletes: they still control 3 of 10, and have 2 of 9 trained on.

    Then D leaves too: what they control is 3 of 6, and the row holds B and C.
    """
    union = {"name": "union", "members": {"creators": ["A", "B"]}}
    setup = make_setup(
        4,
        scripts({1: "delete"}, {}, {}, {2: "delete"}),
        collectives=[union],
        sizes=[1, 2, 3, 4],
        rounds=2,
    )
    lines = LeverageGame(setup).play().collectives
    assert lines.alpha.tolist() == pytest.approx([0.3, 0.3, 0.5])
    assert lines.alpha_trained.tolist() == pytest.approx([0.3, 2 / 9, 2 / 5])
    assert lines.share_of_creators.tolist() == [0.5] * 3
    assert lines.members.tolist() == [2] * 3


def test_alpha_counts_what_has_arrived(make_setup, scripts):
    union = {"name": "union", "members": {"creators": ["A"]}}
    setup = make_setup(
        3, scripts({}, {}), collectives=[union], owner_of=[0, 0, 1], sizes=[1, 5, 3], arrival=np.array([0, 2, 0]), rounds=2
    )
    assert LeverageGame(setup).play().collectives.alpha.tolist() == pytest.approx([1 / 4, 1 / 4, 6 / 9])


@pytest.mark.parametrize("wrong", [{}, {"dividend": 0.1, "wage": 1.0}, {"promise": -1.0}, {"wage": 1.0, "free_riders": 2.0}])
def test_a_demand_is_one_thing(wrong):
    with pytest.raises(ValidationError):
        Demand.model_validate(wrong)
