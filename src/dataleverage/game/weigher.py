"""The weigher: what each move would be worth to creators, if they alone made it this round."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.game.belief import guess
from dataleverage.game.levers import Choice
from dataleverage.game.rules import Outcome, Score, alternatives, outcome
from dataleverage.game.strategy import Knows
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from dataleverage.game.model import LeverageGame

TOGETHER = 2**22  # moves, or states of objects, that are weighed together: some arrays of 32 MB each


def weighed(game: LeverageGame, who: Ints, moves: Choice, knows: Knows) -> Floats:
    """(m, A) the payoff of each move (A,) to each creator of `who` (m,), the others' last moves standing.

    knows : "grid" scores rows truly (and unveils them), or by the scenario's surrogate where it has one; "board" goes by
        operators' monitor cells and "belief" by the audit scores published so far, both with surrogates of their own.
    """
    score: Score = game.lookup.scores
    if knows != "grid":
        score = guess(game.setup, [desk.board for desk in game.desks], game.published.values(), knows)
    each = max(game.setup.n_creators, game.setup.grid.n_objects * game.setup.n_operators)
    step = max(1, TOGETHER // (len(moves) * each))
    parts = [who[start : start + step] for start in range(0, max(len(who), 1), step)]
    return np.concatenate([together(game, part, moves, knows, score) for part in parts])


def together(game: LeverageGame, who: Ints, moves: Choice, knows: Knows, score: Score) -> Floats:
    """The same for as many creators as fit in memory together."""
    joint = alternatives(game.choice, who, moves)
    result = outcome(game.setup, replace(game.state(), released=knows != "grid"), joint, score)
    if knows == "grid":
        for k in range(game.setup.n_operators):
            game.recorder.weighed_cells(game.round, k, result, game.lookup.exact(result.rows[:, k]))
    else:
        game.recorder.surrogates += len(joint)
    each: Floats = result.payoff[np.arange(len(joint)), np.repeat(who, len(moves))]
    return each.reshape(len(who), len(moves))


def imagined(game: LeverageGame, joint: Choice) -> Outcome:
    """(B, N) joint moves -> what each would have led to in the round that was played, for operators that bargain."""
    result = outcome(game.setup, game.state(), joint, game.lookup.scores)
    for k in range(game.setup.n_operators):
        game.recorder.weighed_cells(game.round, k, result, game.lookup.exact(result.rows[:, k]))
    return result
