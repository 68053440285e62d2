from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.game.model import LeverageGame
from dataleverage.game.rules import alternatives, outcome
from dataleverage.game.strategies.threshold import Threshold

TACTICS = ("flip", "noise")
PAYOFFS = {"revenue": 7.0, "cost": {"delete": 0.1, "withhold": 0.05, "poison": 0.3}, "service": 1.5}
DIVIDEND = {"response": {"kind": "dividend", "rate": 0.4, "split": "size"}}


def world(make_setup, random_score, seed: int, order=range(4), **more):
    """A game of random scores on four creators, taken in some order."""
    order = list(order)
    score = random_score(4, 3, seed)
    undo = np.argsort(order)
    sizes = np.array([3, 1, 4, 2])
    return make_setup(
        4,
        score=lambda rows: score(rows[:, undo]),
        tactics=TACTICS,
        payoffs=PAYOFFS,
        operator=DIVIDEND,
        sizes=sizes[order],
        **more,
    )


FIELDS = ("holdings", "rows", "scores", "overall", "revenue", "quality", "cost", "transfers", "received", "payoff")


def test_a_batch_is_its_joint_moves_one_by_one(make_setup, random_score, stand, scored):
    setup = world(make_setup, random_score, 0)
    rng = np.random.default_rng(0)
    holdings = np.array([0, 1, 2, 3], np.uint8)
    choices = rng.integers(0, len(setup.menu), (30, 4))
    together = outcome(setup, stand(setup, holdings), choices, scored(setup))
    for b, choice in enumerate(choices):
        alone = outcome(setup, stand(setup, holdings), choice[None], scored(setup))
        for field in FIELDS:
            assert getattr(alone, field)[0] == pytest.approx(getattr(together, field)[b], abs=1e-12), field


def test_relabelling_creators_permutes_an_outcome(make_setup, random_score, stand, scored):
    rng = np.random.default_rng(1)
    for seed in range(10):
        order = rng.permutation(4)
        plain, moved = world(make_setup, random_score, seed), world(make_setup, random_score, seed, order)
        holdings = rng.integers(0, 4, 4).astype(np.uint8)
        choice = rng.integers(0, len(plain.menu), 4)
        a = outcome(plain, stand(plain, holdings), choice[None], scored(plain))
        b = outcome(moved, stand(moved, holdings[order]), choice[order][None], scored(moved))
        assert b.overall == pytest.approx(a.overall)
        assert b.revenue == pytest.approx(a.revenue)
        assert b.rows[0, 0].tolist() == a.rows[0, 0][order].tolist()
        for field in ("quality", "cost", "payoff"):
            assert getattr(b, field)[0] == pytest.approx(getattr(a, field)[0][order]), field
        assert b.transfers[0, :4] == pytest.approx(a.transfers[0, :4][order])


def test_relabelling_creators_permutes_a_play(make_setup, random_score, stand, scored):
    thresholds = np.array([0.0, 0.3, 0.6, 0.9])
    records = []
    orders = [np.arange(4), np.array([2, 0, 3, 1])]
    for order in orders:
        strategies = [(4, Threshold(thresholds=tuple(thresholds[order])))]
        setup = world(make_setup, random_score, 5, order, strategies=strategies, rounds=6)
        records.append(LeverageGame(setup).play())
    plain, moved = [record.moves.payoff.to_numpy().reshape(-1, 4) for record in records]
    assert moved == pytest.approx(plain[:, orders[1]])
    paid = [record.rounds.payoff.iloc[1:] for record in records]
    assert paid[0].tolist() == pytest.approx(paid[1].tolist())
    assert plain.std() > 0.01


def test_transfers_sum_to_zero_every_round(make_setup, random_score, stand, scored):
    strategies = [(4, Threshold(thresholds=(0.0, 0.3, 0.6, 2.0), move={"lever": "poison", "tactic": "flip"}))]
    record = LeverageGame(world(make_setup, random_score, 3, strategies=strategies, rounds=8)).play()
    paid = record.transfers.groupby("round").amount.sum()
    rounds, moves = record.rounds.set_index("round"), record.moves.groupby("round").transfers.sum()
    assert len(paid) == 8
    for round in range(1, 9):
        assert rounds.transfers_in[round] - rounds.transfers_out[round] + moves[round] == pytest.approx(0, abs=1e-12)
        assert paid[round] == pytest.approx(rounds.transfers_out[round])
        assert rounds.transfers_out[round] == pytest.approx(0.4 * rounds.revenue[round])
    assert set(record.transfers.reason) == {"dividend"} and set(record.transfers.payer) == {"operator"}


def test_whose_data_changes_no_cell_changes_no_payoff(make_setup, random_score, stand, scored):
    """With every cost 0 and the fixed-holdout view, a creator whose object no score depends on moves nobody's payoff."""
    score = random_score(3, 1, 4)
    setup = make_setup(4, score=lambda rows: score(rows[:, :3]), payoffs={"revenue": 5})
    for others in np.ndindex(3, 3, 3):
        joint = np.array([[*others, own] for own in range(len(setup.menu))])
        result = outcome(setup, stand(setup, [1, 0, 1, 1]), joint, scored(setup))
        assert np.ptp(result.payoff, axis=0).max() == 0
        assert np.ptp(result.operator_payoff) == 0


def test_alternatives_change_one_creator_at_a_time():
    choice = np.array([3, 1, 2])
    joint = alternatives(choice, np.array([2, 0]), np.array([0, 1]))
    assert joint.tolist() == [[3, 1, 0], [3, 1, 1], [0, 1, 2], [1, 1, 2]]
    assert choice.tolist() == [3, 1, 2]


@settings(max_examples=60, deadline=None)
@given(
    owner_of=st.lists(st.integers(0, 3), min_size=4, max_size=9).map(lambda given: np.unique(given, return_inverse=True)[1]),
    split=st.sampled_from(["equally", "size"]),
    seed=st.integers(0, 1000),
)
def test_sums_over_owners_are_those_of_a_loop(make_setup, stand, scored, owner_of, split, seed):
    """Who is held, by how many examples, and what is paid for it, with several objects an owner and with one."""
    rng = np.random.default_rng(seed)
    n, count = len(owner_of), int(owner_of.max()) + 1
    sizes = rng.integers(1, 9, n)
    setup = make_setup(
        n,
        owner_of=owner_of,
        sizes=sizes,
        payoffs={"revenue": 7.0},
        operator={"response": {"kind": "dividend", "rate": 0.4, "split": split}},
    )
    holdings = rng.integers(0, 2, n).astype(np.uint8)
    choice = rng.integers(0, len(setup.menu), (5, count))
    found = outcome(setup, stand(setup, holdings), choice, scored(setup))
    for b in range(5):
        part = [0.0] * count
        for j, owner in enumerate(owner_of):
            if found.holdings[b, 0, j]:
                part[owner] = 1.0 if split == "equally" else part[owner] + sizes[j]
        share = [each / sum(part) if sum(part) else 0.0 for each in part]
        assert found.transfers[b, :count] == pytest.approx([0.4 * found.revenue[b, 0] * each for each in share])
        assert found.retained[b, 0] == pytest.approx(sum(each > 0 for each in part) / count)
