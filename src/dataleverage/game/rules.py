"""The rules of a round, as plain functions over arrays: moves → holdings → rows → scores → users → payoffs.

They take a batch of B joint moves, so that the round that is played and the thousands that creators only weigh go through
the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dataleverage.game.answers import (
    checked_bill,
    checked_release,
    checked_rows,
    checked_scores,
    checked_suspicion,
    checked_weights,
)
from dataleverage.game.collective import Union
from dataleverage.game.desk import Desk
from dataleverage.game.ledger import Payment, incomings, nets
from dataleverage.game.levers import Choice
from dataleverage.game.market import Market
from dataleverage.game.policy import Books
from dataleverage.game.setup import GameSetup
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Mask

Score = Callable[[int, Rows, "Floats | None"], Floats]
"""(operator, (B, n) rows, (B, n) or (n,) weights or None) -> (B, C) scores."""
SMALL, KEPT = 64, 4096  # objects of the games whose outcomes are kept, and how many are: some tens of MB
T = TypeVar("T", bound=NDArray[np.generic])


@dataclass(eq=False)
class State:
    """Where a game stands in a round, besides what creators choose in it.

    desks : of the K operators, with what each holds and serves. unions : the collectives.
    arrived : (n,) the objects that exist by now, None where all do. bought : (K, n) the objects with a price that each
        operator has paid for, None where nothing has one. banned : (K, N) whose data each operator does not take, or None.
    weights : (n,) how much each object counts by its age, or None. released : whether rows are scored by what was published
        of released models, so that no defence changes it once more.
    """

    round: int
    desks: tuple[Desk, ...]
    unions: tuple[Union, ...] = ()
    arrived: Mask | None = None
    bought: Mask | None = None
    banned: Mask | None = None
    weights: Floats | None = None
    released: bool = False


@dataclass(frozen=True, eq=False)
class Trained:
    """What one operator makes of B holdings.

    rows : (B, n) of the model that it serves; scores : (B, C) of that, as released. counts : (B, n) how much each object counts
    in it. new : (B,) whether a model was trained.
    judged : (B, n) the rows that its defence looked at, empty where it did not; thrown : (B, n) what that kept out. suspicion :
    (n,) how suspect it found each object, in a round that is played; None where it goes by no such number.
    """

    rows: Rows
    scores: Floats
    counts: Floats
    new: Mask
    judged: Rows
    thrown: Mask
    suspicion: Floats | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a batch of joint moves leads to, at K operators.

    holdings, rows : (B, K, n) uint8: what each operator holds, and the row it serves. counts : (B, K, n) how much each object
        counts in the model. new : (B, K) bool: whether it trained a model.
    judged : (B, K, n) the rows that its defence looked at, empty where it did not. thrown : (B, K, n) bool: what that kept out.
        suspicion : K times (n,) how suspect it found each object, in a round that is played, or None.
    scores : (B, K, C).
    overall, company, retained : (B, K) quality on the weighted columns, on the examples of creators it holds data of (NaN where
        nobody is left), and the share of audit examples those are.
    users, revenue : (B, K). costs : (B, K) of training and defence. operator_payoff : (B, K) before the costs of unveiling.
    payments : what is paid. received, transfers : (B, N + K + U) what every player gets, and what it gets less what it pays.
    quality, cost, payoff : (B, N) of the creators. books : of each operator.
    """

    holdings: Rows
    rows: Rows
    counts: Floats
    judged: Rows
    thrown: Mask
    suspicion: tuple[Floats | None, ...]
    new: Mask
    scores: Floats
    overall: Floats
    company: Floats
    retained: Floats
    users: Floats
    revenue: Floats
    costs: Floats
    operator_payoff: Floats
    payments: tuple[Payment, ...]
    received: Floats
    transfers: Floats
    quality: Floats
    cost: Floats
    payoff: Floats
    books: tuple[Books, ...]


def outcome(setup: GameSetup, state: State, choice: Choice, score: Score) -> Outcome:
    """Play steps 4 to 8 of a round.

    Parameters
    ----------
    choice : (B, N) menu positions.
    score : what rows are scored by; a surrogate where creators do not know the grid.
    """
    return served(setup, state, held(setup, state, choice), choice, score)


def remembered(setup: GameSetup, state: State, choice: Choice, score: Score) -> Outcome:
    """The same for one joint move (1, N), looked up where it led from here in an earlier round or play of this setup.

    Only of small games in which nothing but moves, holdings and rows decides.
    """
    if not setup.timeless or setup.grid.n_objects > SMALL or state.banned is not None:
        return outcome(setup, state, choice, score)
    before = [part for desk in state.desks for part in (desk.holdings.tobytes(), desk.row.tobytes())]
    key = (choice.tobytes(), *before)
    found = setup.outcomes.get(key)
    if found is None:
        found = outcome(setup, state, choice, score)
        if len(setup.outcomes) < KEPT:
            setup.outcomes[key] = found
    return found


def at_first(setup: GameSetup) -> Rows:
    """(1, K, n): at first each operator holds, clean, what there is of the creators who call it home, and what is public."""
    home = np.append(setup.home, -1)[setup.mover]
    here = (home == np.arange(setup.n_operators)[:, None]) | (home == -1)
    if setup.arrival is not None:
        here &= setup.arrival <= 0
    if setup.free is not None:
        here &= setup.free
    first: Rows = here.astype(np.uint8)[None]
    return first


def held(setup: GameSetup, state: State, choice: Choice) -> Rows:
    """(B, K, n): what each operator holds after (B, N) moves."""
    if setup.public:
        choice = np.concatenate([choice, np.full((len(choice), 1), len(setup.menu))], axis=1)
    moves = choice if len(setup.owner_of) == choice.shape[1] and setup.each_its_own else choice[:, setup.mover]
    parts = []
    for k, desk in enumerate(state.desks):
        table = setup.transitions[k]
        now = np.take(table, moves * table.shape[1] + desk.holdings)
        if state.arrived is not None:
            now = np.where(state.arrived, now, np.uint8(0))
        if state.bought is not None:
            now = np.where(state.bought[k], now, np.uint8(0))
        parts.append(now)
    return stacked(parts)


def served(setup: GameSetup, state: State, held: Rows, choice: Choice | None, score: Score) -> Outcome:
    """Steps 5 to 8: select, train, serve, respond and settle, from (B, K, n) holdings. `choice` None: nobody has moved."""
    payoffs, quality, batch, count = setup.payoffs, setup.quality, len(held), setup.n_operators
    models = [trained(setup, state, k, held[:, k], score) for k in range(count)]
    rows, scores = stacked([m.rows for m in models]), stacked([m.scores for m in models])
    new, thrown = stacked([m.new for m in models]), stacked([m.thrown for m in models])
    by_column = quality.of(scores)
    overall = quality.overall(by_column)
    there = (held > 0).astype(np.float64)
    holds = setup.by_creator(there) > 0
    company, retained = quality.company(by_column, holds)
    market = Market.of(setup.users, setup.menu, choice, overall, setup.n_creators)
    seen = company if payoffs.view == "company" else overall
    revenue = payoffs.revenue * market.share * np.fmax(seen, 0.0)  # NaN, nobody left, earns nothing
    mine = market.served(by_column[..., quality.judged_on])
    nobody = np.zeros((batch, setup.n_creators), dtype=bool)
    books = tuple(
        Books(
            revenue=revenue[:, k],
            held=holds[:, k],
            examples=setup.by_creator(there[:, k] * setup.grid.sizes),
            contributing=contributing(setup, choice, batch, k),
            flagged=setup.by_creator(thrown[:, k].astype(np.float64)) > 0 if thrown.any() else nobody,
            quality=overall[:, k],
        )
        for k in range(count)
    )
    payments = tuple(paid(setup, state, choice, revenue, books))
    players = setup.n_creators + count + len(state.unions)
    transfers = nets(payments, batch, players)
    received = incomings(payments, batch, players)
    cost = setup.lever_costs[choice] if choice is not None else np.zeros((batch, setup.n_creators))
    payoff = payoffs.endowment.creator + payoffs.service * mine + transfers[:, : setup.n_creators] - cost
    for union in state.unions:
        if (promised := union.enjoys(batch, setup.n_creators)) is not None:
            payoff = payoff + promised
    examples = (rows > 0) @ setup.grid.sizes
    defending = np.array([operator.defence.cost for operator in setup.operators])
    costs = payoffs.train_cost * examples * new + defending
    mine_net = transfers[:, setup.n_creators : setup.n_creators + count]
    return Outcome(
        holdings=held,
        rows=rows,
        counts=stacked([m.counts for m in models]),
        judged=stacked([m.judged for m in models]),
        thrown=thrown,
        suspicion=tuple(m.suspicion for m in models),
        new=new,
        scores=scores,
        overall=overall,
        company=company,
        retained=retained,
        users=market.share,
        revenue=revenue,
        costs=costs,
        operator_payoff=payoffs.endowment.operator + revenue + mine_net - costs,
        payments=payments,
        received=received,
        transfers=transfers,
        quality=mine,
        cost=cost,
        payoff=payoff,
        books=books,
    )


def trained(setup: GameSetup, state: State, k: int, held: Rows, score: Score) -> Trained:
    """Step 5 at one operator: what it selects of (B, n) holdings, keeps out, trains on and serves."""
    operator, desk = setup.operators[k], state.desks[k]
    before = len(desk.served) > 0
    due = not before or operator.retrain.due(state.round)
    train = np.full(len(held), due)
    if setup.rights.model_deletion and before:
        train |= ((desk.row > 0) & (held == 0)).any(axis=1)
    nothing = np.zeros(held.shape, dtype=bool)
    if not train.any():
        as_before = np.broadcast_to(desk.row, held.shape)
        scores = np.broadcast_to(desk.scores, (len(held), len(desk.scores)))
        counts = np.broadcast_to(desk.counts, held.shape)
        return Trained(as_before, scores, counts, train, nothing.view(np.uint8), nothing, None)
    chosen, rows, weights, scores = made(setup, state, k, held, score)
    thrown = nothing if rows is chosen else (chosen > 0) & (rows == 0)
    suspicion = suspected(desk, chosen) if desk.paying or not before else None
    counts = np.broadcast_to(1.0 if weights is None else weights, rows.shape)
    desk.counting = counts
    if before:
        new = train & ((rows != desk.row) | ((rows > 0) & (counts != desk.counts))).any(axis=1)
        takes = train.copy()
        if operator.retrain.if_gain is not None and due:
            gains = desk.see(rows, scores) > desk.quality(desk.scores) + operator.retrain.if_gain
            deleted = ((desk.row > 0) & (held == 0)).any(axis=1) & setup.rights.model_deletion
            takes &= gains | deleted
        if not takes.all():
            rows = np.where(takes[:, None], rows, desk.row)
            scores = np.where(takes[:, None], scores, desk.scores)
            counts = np.where(takes[:, None], counts, desk.counts)
    else:
        new = train
    model, response, desk.counting = (rows, scores), operator.response, counts
    rows, scores = checked_release(desk, response, response.release(desk, held, rows, scores), model, held)
    desk.counting = None
    counts = as_counted(desk, (rows, scores), model, counts)
    return Trained(rows, scores, counts, new, chosen, thrown, suspicion)


def as_counted(desk: Desk, released: tuple[Rows, Floats], trained: tuple[Rows, Floats], counts: Floats) -> Floats:
    """(B, n) how much each object counts in the models released: `counts` (B, n), or as when they were served before."""
    if released[0] is trained[0] and released[1] is trained[1]:
        return counts
    found = counts
    for line in np.flatnonzero((released[0] != trained[0]).any(axis=1) | (released[1] != trained[1]).any(axis=1)).tolist():
        for (row, scores), before in zip(reversed(desk.served), reversed(desk.counted), strict=True):
            if np.array_equal(row, released[0][line]) and np.array_equal(scores, released[1][line], equal_nan=True):
                found = found.copy() if found is counts else found
                found[line] = before
                break
    return found


def suspected(desk: Desk, chosen: Rows) -> Floats | None:
    """(1, n) row that is selected in earnest -> (n,) how suspect the defence finds each object of it, or None."""
    defence = desk.operator.defence
    if not defence.detects:
        return None
    found = checked_suspicion(desk, defence, defence.suspicion(desk, chosen), chosen)
    return None if found is None else found[0]


def made(setup: GameSetup, state: State, k: int, held: Rows, score: Score) -> tuple[Rows, Rows, Floats | None, Floats]:
    """What an operator that trains makes of (B, n) holdings, whatever its schedule.

    Returns the (B, n) rows it selects, those that its defence leaves, their weights, and the (B, C) scores of the models.
    """
    desk, selection, defence = state.desks[k], setup.operators[k].selection, setup.operators[k].defence
    usable = allowed(setup, state, k, held)
    chosen = checked_rows(desk, selection, selection.select(desk, usable), usable)
    rows = checked_rows(desk, defence, defence.filter(desk, chosen), chosen)
    weights = checked_weights(desk, defence, defence.weigh(desk, rows), rows)
    if state.weights is not None:
        weights = state.weights if weights is None else weights * state.weights
    scores = score(k, rows, weights)
    if not state.released:
        scores = checked_scores(desk, defence, defence.publish(desk, scores), scores)
    return chosen, rows, weights, scores


def allowed(setup: GameSetup, state: State, k: int, held: Rows) -> Rows:
    """(B, n): what of its holdings an operator may train on: not what is reserved, and nothing of whom it has banned."""
    usable = setup.usable & ~setup.reserved(k, state.round)
    if state.banned is not None:
        usable = usable & ~np.append(state.banned[k], False)[setup.mover]
    return held if usable.all() else np.where(usable, held, np.uint8(0))


def contributing(setup: GameSetup, choice: Choice | None, batch: int, k: int) -> Mask:
    """(B, N): who delivers clean data to operator k."""
    if choice is None:
        return np.broadcast_to(setup.home == k, (batch, setup.n_creators))
    delivers: Mask = setup.menu.contributes[:, k][choice]
    return delivers


def paid(setup: GameSetup, state: State, choice: Choice | None, revenue: Floats, books: Sequence[Books]) -> list[Payment]:
    """Step 7, as far as it is money of this round: what operators pay creators, and collectives their members."""
    everyone = np.arange(setup.n_creators)
    found = []
    for k, operator in enumerate(setup.operators):
        for given in operator.response.pay(state.desks[k], books[k]):
            bill = checked_bill(state.desks[k], given, len(revenue))
            firm = setup.n_creators + k
            payer, payee = (everyone, firm) if bill.fine else (firm, everyone)
            found.append(Payment(payer, payee, bill.amount, bill.reason))
    if choice is not None:
        for union in state.unions:
            found += union.payments(setup.menu, choice, revenue, setup.n_creators, setup.n_operators)
    return found


def stacked(parts: Sequence[T]) -> T:
    """K arrays (B, …) -> one (B, K, …); a view where there is one."""
    return parts[0][:, None] if len(parts) == 1 else np.stack(parts, axis=1)  # type: ignore[return-value]


def alternatives(choice: Choice, who: NDArray[np.int64], moves: Choice) -> Choice:
    """(m·A, N): the joint move `choice` (N,) with one creator of `who` (m,) making one of `moves` (A,) instead."""
    joint = np.repeat(choice[None, :], len(who) * len(moves), axis=0)
    joint[np.arange(len(joint)), np.repeat(who, len(moves))] = np.tile(moves, len(who))
    return joint
