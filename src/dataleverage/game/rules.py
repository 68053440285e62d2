"""The rules of a round, as plain functions over arrays: moves → holdings → row → scores → payoffs.

They take a batch of B joint moves, so that the round that is played and the thousands that creators only weigh go through
the same lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataleverage.game.levers import Choice, hold
from dataleverage.game.policy import Books
from dataleverage.game.setup import GameSetup
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a batch of joint moves leads to.

    holdings, rows : (B, n) uint8: what the operator holds, and the row it serves.
    scores, column_quality : (B, C).
    overall, company, retained : (B,) quality on the weighted columns, on the examples of creators it holds data of (NaN where
        nobody is left), and the share of audit examples those are.
    revenue, paid_out : (B,) of the operator.
    quality, cost, transfers, payoff : (B, N) of the creators.
    """

    holdings: Rows
    rows: Rows
    scores: Floats
    overall: Floats
    company: Floats
    retained: Floats
    revenue: Floats
    paid_out: Floats
    quality: Floats
    cost: Floats
    transfers: Floats
    payoff: Floats


def outcome(setup: GameSetup, holdings: Rows, choice: Choice, score: Callable[[Rows], Floats]) -> Outcome:
    """Play steps 3 to 8 of a round.

    Parameters
    ----------
    holdings : (n,) uint8: what the operator holds before the round.
    choice : (B, N) menu positions.
    score : rows (B, n) -> scores (B, C); a surrogate where creators do not know the grid.
    """
    menu, owner_of = setup.menu, setup.owner_of
    lever, variant = menu.levers[choice][:, owner_of], menu.variants[choice][:, owner_of]
    held = hold(np.broadcast_to(holdings, lever.shape), lever, variant, setup.rights)
    return served(setup, held, choice, score)


def served(setup: GameSetup, held: Rows, choice: Choice | None, score: Callable[[Rows], Floats]) -> Outcome:
    """Steps 5 to 8: select, train, serve, respond and settle, from (B, n) holdings. `choice` None: nobody has moved."""
    operator, payoffs, quality = setup.operators[0], setup.payoffs, setup.quality
    rows = operator.defence.filter(operator.selection.select(held))
    scores = score(rows)
    by_column = quality.of(scores)
    overall = quality.overall(by_column)
    there = (held > 0).astype(np.float64)
    holds = setup.by_creator(there) > 0
    company, retained = quality.company(by_column, holds)
    seen = company if payoffs.view == "company" else overall
    revenue = payoffs.revenue * np.fmax(seen, 0.0)  # NaN, nobody left, earns nothing
    paid = operator.response.pay(Books(revenue, holds, setup.by_creator(there * setup.grid.sizes)))
    mine = by_column[:, quality.judged_on]
    cost = setup.lever_costs[choice] if choice is not None else np.zeros(mine.shape)
    return Outcome(
        holdings=held,
        rows=rows,
        scores=scores,
        overall=overall,
        company=company,
        retained=retained,
        revenue=revenue,
        paid_out=paid.sum(axis=1),
        quality=mine,
        cost=cost,
        transfers=paid,
        payoff=payoffs.endowment.creator + payoffs.service * mine + paid - cost,
    )


def alternatives(choice: Choice, who: NDArray[np.int64], moves: Choice) -> Choice:
    """(m·A, N): the joint move `choice` (N,) with one creator of `who` (m,) making one of `moves` (A,) instead."""
    joint = np.repeat(choice[None, :], len(who) * len(moves), axis=0)
    joint[np.arange(len(joint)), np.repeat(who, len(moves))] = np.tile(moves, len(who))
    return joint
