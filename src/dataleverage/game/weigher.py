"""The weigher: what each move would be worth to creators, if they alone made it this round."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.game.belief import guess
from dataleverage.game.levers import Choice
from dataleverage.game.rules import Outcome, Score, alternatives, outcome
from dataleverage.game.strategy import Ahead, Knows
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from dataleverage.game.model import LeverageGame

TOGETHER = 2**22  # moves, or states of objects, that are weighed together: some arrays of 32 MB each


def weighed(game: LeverageGame, who: Ints, moves: Choice, knows: Knows, ahead: Ahead) -> Floats:
    """(m, A) the payoff of each move (A,) to each creator of `who` (m,), the others' last moves standing.

    knows : "grid" scores rows truly (and unveils them), or by the scenario's surrogate where it has one; "board" goes by
        operators' monitor cells and "belief" by the audit scores published so far, both with surrogates of their own.
    ahead : over how many rounds, each of which is played as far as operators and funds go; the game's last round ends it.
    """
    score: Score = game.lookup.scores
    if knows != "grid":
        score = guess(game.setup, [desk.board for desk in game.desks], game.course.published.values(), knows)
    if ahead.horizon > 1:
        return np.array([[alone(game, int(i), int(move), knows, score, ahead) for move in moves] for i in who])
    each = max(game.setup.n_creators, game.setup.grid.n_objects * game.setup.n_operators)
    step = max(1, TOGETHER // (len(moves) * each))
    parts = [who[start : start + step] for start in range(0, max(len(who), 1), step)]
    return np.concatenate([together(game, part, moves, knows, score) for part in parts])


def alone(game: LeverageGame, who: int, move: int, knows: Knows, score: Score, ahead: Ahead) -> float:
    """What one creator gets over the rounds that it looks ahead, if it alone makes a move and keeps to it."""

    def looked_up(k: int, rows: Rows, weights: Floats | None) -> Floats:
        scores = score(k, rows, weights)
        if knows == "grid":
            game.recorder.looked_up(game.round, rows, scores, game.lookup.exact(rows), weights)
        return scores

    course = game.course.ahead(looked_up, guessed=knows != "grid")
    choice = game.moving.copy()
    choice[who] = move
    worth = 0.0
    last = min(game.round + ahead.horizon, game.setup.rounds + 1)
    for t, round in enumerate(range(game.round, last)):
        course.into(round)
        worth += ahead.discount**t * float(course.advance(choice, looked_up).payoff[who])
    if knows != "grid":
        game.recorder.surrogates += last - game.round
    return worth


def together(game: LeverageGame, who: Ints, moves: Choice, knows: Knows, score: Score) -> Floats:
    """The same for as many creators as fit in memory together."""
    joint = alternatives(game.moving, who, moves)
    result = outcome(game.setup, replace(game.course.state(), released=knows != "grid"), joint, score)
    if knows == "grid":
        for k in range(game.setup.n_operators):
            game.recorder.weighed_cells(game.round, k, result, game.lookup.exact(result.rows[:, k]))
    else:
        game.recorder.surrogates += len(joint)
    each: Floats = result.payoff[np.arange(len(joint)), np.repeat(who, len(moves))]
    return each.reshape(len(who), len(moves))


def imagined(game: LeverageGame, joint: Choice) -> Outcome:
    """(B, N) joint moves -> what each would have led to in the round that was played, for operators that bargain."""
    result = outcome(game.setup, game.course.state(), joint, game.lookup.scores)
    for k in range(game.setup.n_operators):
        game.recorder.weighed_cells(game.round, k, result, game.lookup.exact(result.rows[:, k]))
    return result
