"""Standings: what joint moves pay, against games that are played, and games whose equilibria are known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.calls import Calls
from dataleverage.game.collective import Collective, Fund
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.standing import Standing

CONTRIBUTE, DELETE = MoveSpec(lever="contribute"), MoveSpec(lever="delete")
GOODS = {"service": 32.0, "endowment": {"creator": 20.0}, "cost": {"contribute": 20.0}}


def test_linear_public_goods_through_the_rules(make_setup):
    """n = 4, r = 1.6, endowment 20: what is contributed makes the model that serves everyone."""
    standing = Standing.of(make_setup(4, payoffs=GOODS), moves=[CONTRIBUTE, DELETE])
    game = standing.joint_moves()
    pays = {tuple(c): game.payoff[m].tolist() for m, c in enumerate(game.joint(np.arange(16)).tolist())}
    assert pays[0, 0, 0, 0] == pytest.approx([32] * 4) and pays[1, 1, 1, 1] == pytest.approx([20] * 4)
    assert pays[1, 0, 0, 0][0] == pytest.approx(44) and pays[0, 1, 1, 1][0] == pytest.approx(8)
    assert game.dominant == [[1]] * 4 and game.joint(game.equilibria).tolist() == [[1, 1, 1, 1]]
    assert game.price_of_anarchy() == (pytest.approx(1.6), True)
    assert len(game.path(standing.start.tolist())) == 5  # from where it stands everyone leaves, one after the other


def test_a_coordination_game_through_the_rules(make_setup):
    """Three can empty the well together: 4 each; who contributes has 3, who deletes without the others nothing."""
    setup = make_setup(
        3,
        score=lambda rows: (rows == 0).all(axis=1),
        payoffs={"service": 4, "endowment": {"creator": 3}, "cost": {"delete": 3}},
    )
    standing = Standing.of(setup, moves=[CONTRIBUTE, DELETE])
    game = standing.joint_moves()
    assert game.joint(game.equilibria).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert game.stable_size(1) == 3 and game.tipping_share(1) == pytest.approx(2 / 3)
    assert [group for group, _ in game.blocking(standing.start.tolist())] == [(0, 1, 2)]
    assert game.price_of_anarchy() == (pytest.approx(12 / 9), True) and game.price_of_stability() == (1.0, True)


def games(make_setup, random_score, seed, script, rounds):
    """A game of three or four creators with two operators, poison and data that cannot be replaced, by script."""
    from dataleverage.game.strategies.baseline import Scripted

    rng = np.random.default_rng(seed)
    n = 3 + seed % 2
    return make_setup(
        n,
        [(1, Scripted(moves=moves)) for moves in script],
        score=random_score(n, 2, seed),
        operators=[{"name": "a", "response": {"kind": "dividend", "rate": 0.3}}, {"name": "b"}],
        homes=rng.integers(0, 2, n).tolist(),
        rights={"replace": bool(seed % 3)},
        tactics=("flip",),
        payoffs={"revenue": 3.0, "train_cost": 0.01, "cost": {"delete": 0.1, "poison": 0.05, "redirect": 0.02}},
        rounds=rounds,
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_read_is_what_would_be_played(make_setup, random_score, seed):
    """Every joint move of random games, at the start and after two rounds, against playing it."""
    rng = np.random.default_rng(100 + seed)
    levers = ["contribute", "withhold", "delete", "poison", "redirect"]
    n, begun = 3 + seed % 2, 2 * (seed % 2)
    past = [{r + 1: MoveSpec(lever=levers[rng.integers(5)]) for r in range(begun)} for _ in range(n)]
    asked = [MoveSpec(lever=lever) for lever in rng.choice(levers, 2 + (n == 3), replace=False)]
    filler = [script or {1: CONTRIBUTE} for script in past]
    game = LeverageGame(games(make_setup, random_score, seed, filler, begun + 1))
    for _ in range(begun):
        game.step()
    standing = Standing.of(game, moves=asked)
    read = standing.joint_moves()
    before = {}
    for m, choice in enumerate(read.joint(np.arange(len(read.payoff))).tolist()):
        script = [{**moves, begun + 1: asked[a]} for moves, a in zip(past, choice, strict=True)]
        record = LeverageGame(games(make_setup, random_score, seed, script, begun + 1)).play()
        last = record.moves[record.moves["round"] == begun + 1]
        assert read.payoff[m] == pytest.approx(last.payoff.to_numpy()), choice
        firms = record.rounds[record.rounds["round"] == begun + 1].payoff
        assert read.welfare[m] == pytest.approx(last.payoff.sum() + firms.sum())
        before[tuple(choice)] = last.payoff.to_numpy()
    stays = {
        c
        for c in before
        if all(before[(*c[:i], a, *c[i + 1 :])][i] <= before[c][i] + 1e-9 for i, a in product(range(n), range(len(asked))))
    }
    assert {tuple(c) for c in read.joint(read.equilibria).tolist()} == stays


def test_reading_changes_nothing_in_a_play(make_setup, random_score):
    script = [{1: CONTRIBUTE, 2: DELETE}, {2: MoveSpec(lever="poison")}, {3: DELETE}]
    plain = LeverageGame(games(make_setup, random_score, 2, script, 4)).play()
    game = LeverageGame(games(make_setup, random_score, 2, script, 4))
    while game.running:
        Standing.of(game).joint_moves()
        game.step()
    assert game.record().moves.equals(plain.moves) and game.record().rounds.equals(plain.rounds)


def test_some_creators_and_some_moves(make_setup, scripts):
    setup = make_setup(4, [(3, scripts({})[0][1]), (1, scripts({1: "delete"})[0][1])], payoffs=GOODS)
    standing = Standing.of(setup, creators=["group 1", "A"], moves=[DELETE, CONTRIBUTE])
    assert standing.who.tolist() == [0, 3] and standing.start.tolist() == [1, 1]
    game = standing.joint_moves()
    assert game.payoff[game.number(np.array([[1, 1]]))[0]].tolist() == pytest.approx([32, 32])
    assert game.operators[3] == pytest.approx(64)  # two who stay, and an operator without revenue
    assert len(Standing.of(setup, creators=["B"]).moves[0]) == len(setup.menu)
    with pytest.raises(GameError, match="'Z' is no creator") as caught:
        Standing.of(setup, creators=["Z"])
    assert "group 1" in caught.value.remedy
    with pytest.raises(GameError, match="named twice"):
        Standing.of(setup, moves=[DELETE, DELETE])
    with pytest.raises(GameError, match="redirect needs another operator"):
        Standing.of(setup, moves=[MoveSpec(lever="redirect")])


class Strike(Calls):
    """Calls everyone to delete, and counts how often it did."""

    def call(self, meeting):
        meeting.memory["times"] = meeting.memory.get("times", 0) + 1
        return meeting.all(meeting.menu.strike), meeting.memory


def test_a_collective_calls_in_what_is_read(make_setup):
    """Strike pay is for those who do what is called next round: it is worth its amount in the joint moves that strike."""
    union = Collective(name="union", calls=Strike(), fund=Fund(start=10.0, strike_pay=1.5))
    game = LeverageGame(make_setup(2, collectives=[union]))
    paid = Standing.of(game, moves=[CONTRIBUTE, DELETE]).joint_moves()
    plain = Standing.of(make_setup(2), moves=[CONTRIBUTE, DELETE]).joint_moves()
    assert (paid.payoff - plain.payoff) == pytest.approx(1.5 * paid.joint(np.arange(4)))
    assert game.unions[0].memory == {} and (game.unions[0].called == -1).all()
