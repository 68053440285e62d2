"""Games of several operators, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame

TWO = [{"name": "a"}, {"name": "b"}]


def words(record, operator, what="holdings"):
    rounds = record.rounds[record.rounds.operator == operator]
    return rounds[what].astype(str).tolist()


def test_data_is_redirected_shared_and_given_back(make_setup, scripts):
    moves = [
        {1: {"lever": "redirect"}, 2: "contribute"},
        {1: {"lever": "redirect", "share": True}, 3: {"lever": "delete", "operator": "b"}},
        {2: {"lever": "contribute", "operator": "b"}},
    ]
    record = LeverageGame(make_setup(3, scripts(*moves), operators=TWO, rounds=3)).play()
    assert words(record, "a") == ["ABC", "BC", "ABC", "ABC"]
    assert words(record, "b") == ["", "AB", "ABC", "AC"]
    assert record.moves.target.astype(object).where(record.moves.target.notna(), "").tolist() == [
        *("b", "b", "a"),
        *("a", "b", "b"),
        *("a", "b", "b"),
    ]


def test_without_the_right_to_deletion_redirected_data_stays_too(make_setup, scripts):
    setup = make_setup(2, scripts({1: "redirect"}, {}), operators=TWO, rounds=2, rights={"deletion": False})
    record = LeverageGame(setup).play()
    assert words(record, "a")[-1] == "AB" and words(record, "b")[-1] == "A"


def test_each_group_starts_at_its_own_operator(make_setup, scripts):
    setup = make_setup(3, scripts({}, {2: "delete"}, {2: "delete"}), operators=TWO, homes=[0, 1, 0], rounds=2)
    record = LeverageGame(setup).play()
    assert words(record, "a") == ["AC", "AC", "A"] and words(record, "b") == ["B", "B", ""]


def test_revenue_follows_users_and_service_follows_what_is_used(make_setup, scripts):
    """Two firms of quality 2/3 and 1/3: one creator uses the worse one, one boycotts, one and two of the public choose."""
    moves = [{1: {"use": "b"}}, {1: {"use": "none"}}, {}]
    setup = make_setup(
        3,
        scripts(*moves),
        operators=TWO,
        homes=[0, 0, 1],
        rounds=1,
        payoffs={"revenue": 10.0, "service": 2.0},
        users={"public": 2.0, "beta": 3.0},
    )
    record = LeverageGame(setup).play()
    q = np.array([2 / 3, 1 / 3])
    choose = np.exp(3 * q) / np.exp(3 * q).sum()
    users = np.array([3 * choose[0], 1 + 3 * choose[1]]) / 5
    last = record.rounds[record.rounds["round"] == 1]
    assert last.users.to_numpy() == pytest.approx(users)
    assert last.revenue.to_numpy() == pytest.approx(10 * users * q)
    assert record.moves.payoff.to_numpy() == pytest.approx(2 * np.array([q[1], 0.0, choose @ q]))
    assert record.moves.use.astype(object).where(record.moves.use.notna(), "").tolist() == ["b", "none", ""]
    assert last["share:boycott"].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert last.acting.tolist() == pytest.approx([1 / 3, 1 / 3]), "to use a rival is no action, to use nothing is"


def test_dividends_of_two_operators_sum_to_nothing_with_what_creators_get(make_setup, scripts):
    operators = [
        {"name": "a", "response": {"kind": "dividend", "rate": 0.5}},
        {"name": "b", "response": {"kind": "dividend", "rate": 0.1, "split": "size"}},
    ]
    moves = [{2: "redirect"}, {}, {1: {"lever": "redirect", "share": True}}]
    setup = make_setup(3, scripts(*moves), operators=operators, rounds=3, payoffs={"revenue": 6.0}, users={"beta": 1.0})
    record = LeverageGame(setup).play()
    for round, paid in record.transfers.groupby("round"):
        lines = record.rounds[record.rounds["round"] == round]
        assert paid.amount.sum() == pytest.approx(lines.transfers_out.sum())
        moved = record.moves[record.moves["round"] == round].transfers.sum()
        assert moved + lines.transfers_in.sum() - lines.transfers_out.sum() == pytest.approx(0, abs=1e-12)
        assert lines.transfers_out.to_numpy() == pytest.approx(np.array([0.5, 0.1]) * lines.revenue)


def test_a_rival_that_is_not_there_and_a_move_to_oneself_are_refused(make_setup, scripts):
    with pytest.raises(GameError, match="needs another operator"):
        LeverageGame(make_setup(2, scripts({1: "redirect"}, {})))
    with pytest.raises(GameError, match="no operator 'c'"):
        LeverageGame(make_setup(2, scripts({1: {"lever": "redirect", "to": "c"}}, {}), operators=TWO))
    with pytest.raises(GameError, match="from 'a' to itself"):
        LeverageGame(make_setup(2, scripts({1: {"lever": "redirect", "to": "a"}}, {}), operators=TWO))
    three = [*TWO, {"name": "c"}]
    with pytest.raises(GameError, match="to 2 operators") as caught:
        LeverageGame(make_setup(2, scripts({1: "redirect"}, {}), operators=three))
    assert "b, c" in (caught.value.remedy or "")
    with pytest.raises(ValueError, match="for redirect"):
        MoveSpec(lever="delete", share=True)


def test_objects_that_arrive_are_delivered_by_who_contributes(make_setup, scripts):
    arrival = np.array([0, 2, 2, 3])
    moves = [{}, {}, {1: "withhold", 3: "contribute"}, {3: {"lever": "poison"}}]
    setup = make_setup(4, scripts(*moves), rounds=4, arrival=arrival, tactics=("flip",))
    record = LeverageGame(setup).play()
    assert words(record, "operator") == ["A", "A", "AB", "ABCD*", "ABCD*"]
    assert record.objects.arrival.tolist() == arrival.tolist()


def test_public_objects_are_everybodys_and_nobody_can_move_them(make_setup, scripts):
    setup = make_setup(
        3, scripts({1: "delete"}, {1: "delete"}), operators=TWO, owner_of=[0, -1, 1], arrival=np.array([0, 1, 0]), rounds=1
    )
    record = LeverageGame(setup).play()
    assert words(record, "a") == ["AC", "B"] and words(record, "b") == ["", "B"]
    assert record.objects.owner.tolist() == ["A", "public", "B"]


def test_the_model_keeps_serving_what_was_deleted_until_it_is_trained_anew(make_setup, scripts):
    moves = [{2: "delete"}, {}]
    lazy = make_setup(2, scripts(*moves), rounds=5, operator={"retrain": {"every": 3}})
    record = LeverageGame(lazy).play()
    assert words(record, "operator", "row") == ["AB", "AB", "AB", "B", "B", "B"]
    assert words(record, "operator") == ["AB", "AB", "B", "B", "B", "B"]
    assert record.rounds.trained.tolist() == [True, False, False, True, False, False]
    forced = make_setup(2, scripts(*moves), rounds=5, operator={"retrain": {"every": 3}}, rights={"model_deletion": True})
    assert words(LeverageGame(forced).play(), "operator", "row") == ["AB", "AB", "B", "B", "B", "B"]


def test_a_model_that_is_not_better_is_not_served(make_setup, scripts):
    moves = [{1: "delete", 3: "contribute"}, {2: "delete", 4: "contribute"}]
    setup = make_setup(2, scripts(*moves), rounds=4, operator={"retrain": {"if_gain": 0.0}}, monitored=True)
    record = LeverageGame(setup).play()
    assert words(record, "operator", "row") == ["AB"] * 5, "every other row scores less"
    assert words(record, "operator") == ["AB", "B", "", "A", "AB"]


def test_data_that_ages_counts_for_less(make_setup, scripts):
    asked = []

    def score(rows):
        return rows.mean(axis=1)

    setup = make_setup(2, scripts({}, {}), score=score, rounds=2, arrival=np.array([0, 1]), freshness={"half_life": 2.0})
    grid = setup.grid
    plain = grid.scores
    grid.scores = lambda rows, weights=None: asked.append(weights) or plain(rows)
    LeverageGame(setup).play()
    weighed = [weights for weights in asked if weights is not None]
    assert weighed[0].tolist() == [1.0, 1.0]
    assert weighed[-1] == pytest.approx([0.5, 2**-0.5])


def test_use_rights_and_holdouts_keep_objects_out_of_training(make_setup, scripts):
    rights = {"use": {"reserved": ["A"], "trainable": ["B"], "unavailable": ["group 2"]}}
    setup = make_setup(4, scripts({}, {}, {}, {}), rights=rights, rounds=3, operator={"reserve": {2: ["B"]}})
    record = LeverageGame(setup).play()
    assert words(record, "operator") == ["ABCD"] * 4, "what may not be trained on is held all the same"
    assert words(record, "operator", "row") == ["BD", "BD", "D", "D"]


def test_use_rights_of_what_there_is_not_or_of_two_kinds_are_refused(make_setup, scripts):
    with pytest.raises(GameError, match="no object, no creator and no group") as caught:
        LeverageGame(make_setup(2, scripts({}, {}), rights={"use": {"reserved": ["A", "Z"]}}))
    assert caught.value.place.key == "rights.use.reserved.1"
    with pytest.raises(GameError, match="object A is both reserved and trainable") as caught:
        LeverageGame(make_setup(2, scripts({}, {}), rights={"use": {"reserved": ["A"], "trainable": ["group 0"]}}))
    assert caught.value.place.key == "rights.use.trainable.0"
    with pytest.raises(GameError, match="no object, no creator and no group") as caught:
        LeverageGame(make_setup(2, scripts({}, {}), operator={"reserve": {1: ["Q"]}}))
    assert caught.value.place.key == "operators.0.reserve.1.0"


def test_what_is_looked_at_for_its_gain_is_paid_for_in_every_play_of_a_setup(make_setup, scripts):
    """Object A leaves and comes back, and the model without it is looked at and not served: one cell, at 3 credits."""
    moves = ({1: "delete", 2: "contribute"}, {1: "contribute"})
    operator = {"retrain": {"if_gain": 0.0}, "unveil_cost": 3.0}
    setup = make_setup(2, scripts(*moves), rounds=3, operator=operator, monitored=True)
    plays = [LeverageGame(setup, 1).play() for _ in range(2)]
    assert [play.rounds.costs.tolist()[1:] for play in plays] == [[3.0, 0.0, 0.0]] * 2
    assert plays[0].cells.equals(plays[1].cells)
