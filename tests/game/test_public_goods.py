"""Games with known answers: the linear public good as a table, and best responses against playing every alternative."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from dataleverage.game.levers import ANY, NOBODY, MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Scripted
from dataleverage.game.strategies.weighing import BestResponse
from dataleverage.scenario.scenario import Scenario

N, RETURN, ENDOWMENT = 4, 1.6, 20.0


def public_good(strategies):
    """Quality is the share that contributes; a contribution costs the endowment, and the good pays everyone the same."""
    cells = {"".join(row): [len(row) / N] for m in range(N + 1) for row in combinations("ABCD", m)}
    return Scenario.model_validate(
        {
            "title": "A public good",
            "data": {"kind": "table", "columns": ["all"], "cells": cells, "floor": 0.0},
            "creators": [{"name": name, "count": 1, "strategy": each} for name, each in zip("ABCD", strategies, strict=True)],
            "payoffs": {
                "service": RETURN * ENDOWMENT,
                "endowment": {"creator": ENDOWMENT},
                "cost": {"contribute": ENDOWMENT},
            },
            "rounds": 6,
            "stop": {"fixed_point": 1},
        }
    )


def paid(contributes) -> list[float]:
    """What a round pays when those contribute who are told to."""
    strategies = [{"kind": "always", "move": "contribute" if each else "delete"} for each in contributes]
    moves = public_good(strategies).play().moves
    return moves[moves["round"] == 1].payoff.tolist()


def test_a_linear_public_good_pays_what_it_should():
    assert paid([0, 0, 0, 0]) == pytest.approx([20] * 4)
    assert paid([1, 1, 1, 1]) == pytest.approx([32] * 4)
    assert paid([0, 1, 1, 1])[0] == pytest.approx(44)
    assert paid([1, 0, 0, 0])[0] == pytest.approx(8)


def test_defecting_is_dominant():
    for others in product([0, 1], repeat=3):
        assert paid([0, *others])[0] > paid([1, *others])[0] + 1


@pytest.mark.parametrize("order", ["simultaneous", "sequential"])
def test_best_response_ends_with_nobody_contributing(order):
    scenario = public_good([{"kind": "best_response", "consider": ["contribute", "delete"]}] * 4).model_copy(
        update={"order": order}
    )
    record = scenario.play()
    last = record.moves[record.moves["round"] == record.moves["round"].max()]
    assert set(last.lever) == {"delete"} and last.payoff.tolist() == pytest.approx([20] * 4)
    assert record.manifest["stopped"]["reason"] == "fixed point"


# ---------------------------------------------------------------- best responses against brute force


def spec_of(move) -> MoveSpec:
    """A move as a file would write it, with everything named."""
    said = {"lever": move.lever, "use": None if move.use == ANY else NOBODY if move.use == -1 else move.operators[move.use]}
    if move.lever != "withhold":
        said["operator"] = move.operators[move.at]
    if move.lever == "redirect":
        said |= {"to": move.operators[move.to], "share": move.share}
    if move.lever == "poison":
        said["tactic"] = move.tactic
    return MoveSpec.model_validate(said)


GAMES = {
    "one operator": {"operators": [{"name": "a", "response": {"kind": "dividend", "rate": 0.4}}], "tactics": ("flip",)},
    "rivals": {
        "operators": [{"name": "a"}, {"name": "b", "response": {"kind": "dividend", "rate": 0.5, "split": "size"}}],
        "users": {"beta": 3.0, "public": 2.0},
    },
    "rivals without deletion": {
        "operators": [{"name": "a", "retrain": {"every": 2}}, {"name": "b"}],
        "rights": {"deletion": False},
        "users": {"beta": 4.0, "outside": True},
    },
}


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("seed", [2, 3, 4])  # in the others of the first dozen somebody may never move
def test_best_responses_are_those_of_playing_every_alternative(make_setup, random_score, game, seed):
    """Each round's `worth` is what the move pays when the whole play is repeated with that one creator moving so."""
    rest = GAMES[game]
    payoffs = {"revenue": 3.0, "cost": {"delete": 0.03, "withhold": 0.01, "poison": 0.05, "redirect": 0.02}}
    score = random_score(3, 1 + len(rest.get("tactics", ())), seed)
    boycott = MoveSpec(lever="withhold", use=NOBODY)

    def setup_with(strategies, rounds):
        named = Scripted(moves={99: boycott})  # so that the same menu is there in every play
        groups = [(1, each) for each in (*strategies, named)]
        return make_setup(4, groups, lambda rows: score(rows[:, :3]), payoffs=payoffs, rounds=rounds, **rest)

    rounds = 3
    record = LeverageGame(setup_with([BestResponse()] * 3, rounds)).play()
    menu = setup_with([BestResponse()] * 3, rounds).menu
    assert any(move.use == -1 for move in menu.moves)
    words = [str(move) for move in menu.moves]
    played = [[0, 0, 0]]  # positions in the menu by round, from round 0
    for round in range(1, rounds + 1):
        lines = record.moves[record.moves["round"] == round]
        moved = []
        for i in range(3):
            worth = lines[[f"worth:{word}" for word in words]].to_numpy()[i]
            for a in range(len(menu)):
                joint = [row.copy() for row in played[1:]] + [[*played[-1][:i], a, *played[-1][i + 1 :]]]
                scripts = [
                    Scripted(moves={t + 1: spec_of(menu.moves[row[j]]) for t, row in enumerate(joint)}) for j in range(3)
                ]
                again = LeverageGame(setup_with(scripts, round)).play().moves
                got = again[(again["round"] == round) & (again.creator == "ABC"[i])].payoff.item()
                assert worth[a] == pytest.approx(got, abs=1e-9), (round, i, words[a])
            best = np.flatnonzero(worth >= worth.max() - 1e-9).tolist()
            moved.append(played[-1][i] if played[-1][i] in best else best[0])
        assert lines.lever.tolist()[:3] == [menu.moves[a].lever for a in moved]
        played.append(moved)
    assert len({tuple(row) for row in played}) > 1, "somebody moves"
