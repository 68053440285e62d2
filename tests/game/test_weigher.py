"""Looking ahead: what a move is worth over several rounds is what a play pays in which it is made and kept to."""

from __future__ import annotations

import numpy as np
import pytest

from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always, Scripted
from dataleverage.game.strategies.weighing import BestResponse

BETTER_WITHOUT_A = {(1, 1): 1.0, (0, 1): 2.0, (1, 0): 0.5, (0, 0): 0.0}


def slow(make_setup, strategy):
    """A model is trained every other round; without A it is twice as good, which costs A 0.3 a round."""
    return make_setup(
        2,
        [(1, strategy), (1, Always())],
        score=lambda rows: np.array([BETTER_WITHOUT_A[tuple(row)] for row in (rows > 0).astype(int).tolist()]),
        payoffs={"cost": {"delete": 0.3, "withhold": 0.1}},
        operator={"retrain": {"every": 2}},
        rounds=4,
    )


def test_what_pays_only_later_is_seen_by_who_looks_ahead(make_setup):
    near = LeverageGame(slow(make_setup, BestResponse())).play()
    levers = near.moves[near.moves.creator == "A"].lever.tolist()
    assert levers == ["contribute", "delete", "contribute", "delete"], "in every other round a strike changes nothing"
    far = LeverageGame(slow(make_setup, BestResponse(horizon=2))).play()
    levers = far.moves[far.moves.creator == "A"].lever.tolist()
    assert levers == ["delete", "withhold", "withhold", "withhold"], "once it is gone, keeping it back is enough"
    first = far.moves[(far.moves.creator == "A") & (far.moves["round"] == 1)].iloc[0]
    assert first["worth:delete"] == pytest.approx(0.7 + 1.7) and first["worth:contribute"] == pytest.approx(2.0)
    less = LeverageGame(slow(make_setup, BestResponse(horizon=2, discount=0.5))).play()
    assert less.moves["worth:delete"].iloc[0] == pytest.approx(0.7 + 0.5 * 1.7)


def test_nobody_looks_beyond_the_last_round(make_setup):
    record = LeverageGame(slow(make_setup, BestResponse(horizon=50))).play()
    last = record.moves[(record.moves.creator == "A") & (record.moves["round"] == 4)].iloc[0]
    assert last["worth:contribute"] == pytest.approx(1.0) and last["worth:delete"] == pytest.approx(1.7)


@pytest.mark.parametrize("horizon", [2, 4])
def test_a_move_is_worth_what_a_play_pays_that_keeps_to_it(make_setup, random_score, horizon):
    """Wages that rise, a fund, data that ages, arrives and has a price, a schedule: played for every move, one by one."""

    def setup(strategy):
        return make_setup(
            5,
            [(1, strategy), (4, Always())],
            score=random_score(5, 2, 7),
            tactics=("flip",),
            payoffs={"revenue": 9.0, "service": 2.0, "cost": {"delete": 0.2, "poison": 0.1}},
            operators=[
                {"name": "a", "response": {"kind": "wage", "start": 0.1, "step": 0.1}, "retrain": {"every": 2}},
                {"name": "b", "response": {"kind": "dividend", "rate": 0.3}},
            ],
            collectives=[{"name": "union", "operator": "a", "fund": {"start": 1.0, "dues": 0.05, "strike_pay": 0.4}}],
            arrival=np.array([0, 0, 2, 3, 0]),
            users={"beta": 2.0},
            rounds=4,
        )

    game = LeverageGame(setup(BestResponse(horizon=horizon, discount=0.9)))
    game.step()
    moves = game.record().moves
    worth = moves[moves.creator == "A"].iloc[0]
    for move in game.setup.menu.moves:
        named = {"lever": move.lever, "operator": None if move.lever == "withhold" else move.operators[move.at]}
        if move.lever == "poison":
            named["tactic"] = move.tactic
        played = LeverageGame(setup(Scripted(moves={1: named}))).play().moves
        paid = played[played.creator == "A"].payoff.to_numpy()[:horizon]
        assert worth[f"worth:{move}"] == pytest.approx((paid * 0.9 ** np.arange(horizon)).sum()), move


def test_looking_ahead_changes_nothing_in_the_game(make_setup, random_score):
    """Whoever looks far ahead and then contributes leaves the same game behind as one that never looks."""
    only = BestResponse(horizon=3, consider=[{"lever": "contribute"}])
    plays = []
    for strategy in (only, Always()):
        operators = [{"name": "a", "response": {"kind": "wage", "start": 0.1}, "unveil_cost": 0.5}]
        setup = make_setup(
            3, [(1, strategy), (2, Always())], score=random_score(3, 1, 3), operators=operators, monitored=True, rounds=3
        )
        plays.append(LeverageGame(setup).play())
    for name in ("rounds", "transfers"):
        assert plays[0].frame(name).equals(plays[1].frame(name)), name
    assert plays[0].moves.payoff.tolist() == plays[1].moves.payoff.tolist()
