from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from dataleverage.errors import DataleverageError
from dataleverage.game.levers import Menu, MoveSpec, Rights
from dataleverage.game.model import LeverageGame
from dataleverage.game.network import EdgeList
from dataleverage.game.strategies.baseline import Always, Scripted
from dataleverage.game.strategies.threshold import Threshold, soft
from dataleverage.streams import Streams

MENU = Menu.of(Rights(), [])
WITHHOLD, DELETE = MoveSpec(lever="withhold"), MoveSpec(lever="delete")


def acting(setup, seed: int = 0) -> list[int]:
    """How many act in each round from 0."""
    record = LeverageGame(setup, seed).play()
    return [round(share * len(record.creators)) for share in record.rounds.acting]


def sequence(thresholds, rounds: int) -> list[int]:
    """Granovetter's process by counting: who acts sees the share of the others that acted last round."""
    acts = [False] * len(thresholds)
    counts = [0]
    for _ in range(rounds):
        seen = [(sum(acts) - acts[i]) / (len(acts) - 1) for i in range(len(acts))]
        acts = [share >= threshold - 1e-9 for share, threshold in zip(seen, thresholds, strict=True)]
        counts.append(sum(acts))
    return counts


def test_granovetters_hundred_all_act(make_setup):
    ladder = tuple(i / 99 for i in range(100))
    counts = acting(make_setup(100, Threshold(thresholds=ladder), rounds=110, stop={"fixed_point": 1}))
    assert counts[:4] == [0, 1, 2, 3]
    assert counts[-1] == 100


def test_granovetters_gap_of_one_stops_them_at_one(make_setup):
    broken = (0.0, 2 / 99, *(i / 99 for i in range(2, 100)))
    assert acting(make_setup(100, Threshold(thresholds=broken), rounds=30))[1:] == [1] * 30


def test_a_little_more_spread_tips_a_normal_crowd(make_setup):
    """Quantiles of Normal(0.25, sd): the fixed point jumps from a few to all but a few between sd 0.125 and 0.13."""
    ends = {}
    for sd in (0.125, 0.13):
        strategy = Threshold(mean=0.25, sd=sd, draw="quantiles")
        ends[sd] = acting(make_setup(100, strategy, rounds=300, stop={"fixed_point": 1}))[-1]
        quantiles = [stats.norm(0.25, sd).ppf((i + 0.5) / 100) for i in range(100)]
        assert ends[sd] == sequence(quantiles, 300)[-1]
    assert ends[0.125] < 15 and ends[0.13] > 90


def test_random_thresholds_as_counted(make_setup):
    for seed in range(5):
        game = LeverageGame(make_setup(30, Threshold(mean=0.2, sd=0.2), rounds=12), seed)
        thresholds = game.memory[0]["threshold"]
        assert [round(share * 30) for share in game.play().rounds.acting] == sequence(thresholds, 12)


def test_neighbours_and_not_everyone(make_setup, tmp_path):
    """On a path A-B-C-D-E where A acts, the strike walks one creator a round; among everyone 1 of 4 is not enough."""
    (tmp_path / "path.csv").write_text("0,1\n1,2\n2,3\n3,4\n")
    network = EdgeList(path="path.csv")
    groups = [(1, Always(move=DELETE)), (4, Threshold(mean=0.5, see="neighbours"))]
    assert acting(make_setup(5, groups, rounds=5, network=network, folder=tmp_path)) == [0, 1, 2, 3, 4, 5]
    groups = [(1, Always(move=DELETE)), (4, Threshold(mean=0.5, see="everyone"))]
    assert acting(make_setup(5, groups, rounds=5, network=network, folder=tmp_path)) == [0] + [1] * 5


def test_nobody_counts_itself(make_setup):
    """Two creators that would hold each other up never start, and one that acts is not its own reason to go on."""
    assert acting(make_setup(2, Threshold(mean=0.5), rounds=4)) == [0] * 5
    once = Scripted(moves={1: DELETE, 2: MoveSpec(lever="contribute")})
    # B acts in round 2 because A did in round 1, and stops in round 3 because A stopped, though B itself acted
    assert acting(make_setup(2, [(1, once), (1, Threshold(mean=1.0))], rounds=4)) == [0, 1, 1, 0, 0]


def test_what_it_saw_is_in_the_record(make_setup):
    moves = LeverageGame(make_setup(5, [(2, Always(move=DELETE)), (3, Threshold(mean=0.9))], rounds=2)).play().moves
    saw = moves.pivot(index="round", columns="creator", values="saw").to_numpy()
    assert np.isnan(saw[:, :2]).all()
    assert saw[:, 2:].tolist() == [[0, 0, 0], [0.5, 0.5, 0.5]]


def test_only_the_same_lever_counts_if_so_asked(make_setup):
    groups = [(2, Always(move=WITHHOLD)), (2, Threshold(mean=0.5, same_lever=False, move=DELETE))]
    assert acting(make_setup(4, groups, rounds=3)) == [0, 2, 4, 4]
    groups = [(2, Always(move=WITHHOLD)), (2, Threshold(mean=0.5, same_lever=True, move=DELETE))]
    assert acting(make_setup(4, groups, rounds=3)) == [0, 2, 2, 2]
    groups = [(2, Always(move=DELETE)), (2, Threshold(mean=0.5, same_lever=True, move=DELETE))]
    assert acting(make_setup(4, groups, rounds=3)) == [0, 2, 4, 4]


def test_activists_always_act(make_setup):
    setup = make_setup(4, Threshold(thresholds=(9, 9, 0.6, 0.9), activists=2), rounds=4)
    assert acting(setup) == [0, 2, 3, 4, 4]
    setup = make_setup(2, Threshold(activists=3))
    with pytest.raises(DataleverageError, match="3 activists in a group of 2") as caught:
        LeverageGame(setup)
    assert caught.value.place.key == "creators.0.strategy.activists"


def test_a_threshold_of_nothing_acts_and_one_above_everything_never(make_setup):
    assert acting(make_setup(4, Threshold(thresholds=(0, -1, 1.01, 1.0)), rounds=4)) == [0, 2, 2, 2, 2]
    assert acting(make_setup(3, Threshold(thresholds=(0, 0, 1.0)), rounds=4)) == [0, 2, 3, 3, 3]


def test_without_the_right_to_deletion_it_withholds(make_setup):
    setup = make_setup(2, Threshold(mean=0), rounds=1, rights={"deletion": False})
    assert set(LeverageGame(setup).play().moves.lever) == {"withhold"}
    assert set(LeverageGame(make_setup(2, Threshold(mean=0), rounds=1)).play().moves.lever) == {"delete"}


def test_listed_thresholds_are_those_of_the_record(make_setup):
    setup = make_setup(4, [(1, Always()), (3, Threshold(thresholds=(0.3, 0.1, 0.2)))], rounds=1)
    assert LeverageGame(setup).play().creators.threshold.tolist()[1:] == [0.3, 0.1, 0.2]
    assert math.isnan(LeverageGame(setup).play().creators.threshold[0])
    with pytest.raises(DataleverageError, match="3 thresholds for 4 creators") as caught:
        LeverageGame(make_setup(4, Threshold(thresholds=(0.3, 0.1, 0.2))))
    assert caught.value.place.key == "creators.0.strategy.thresholds"
    with pytest.raises(ValidationError, match="have nothing to say"):
        Threshold(thresholds=(0.1,), mean=0.2)


@pytest.mark.parametrize("draw", ["random", "quantiles"])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_thresholds_have_their_distribution(distribution, draw):
    strategy = Threshold(mean=0.4, sd=0.1, distribution=distribution, draw=draw)
    drawn = strategy.draws(40_000, Streams(3))
    reach = 0.1 * math.sqrt(3)
    wanted = stats.norm(0.4, 0.1) if distribution == "normal" else stats.uniform(0.4 - reach, 2 * reach)
    assert stats.kstest(drawn, wanted.cdf).pvalue > 1e-3
    assert drawn.std() == pytest.approx(0.1, rel=0.015)
    if draw == "quantiles":
        assert np.array_equal(drawn, strategy.draws(40_000, Streams(4)))
        assert stats.kstest(drawn, wanted.cdf).statistic == pytest.approx(1 / 80_000, rel=1e-3)
    else:
        assert not np.array_equal(drawn, strategy.draws(40_000, Streams(4)))


def test_soft_probabilities():
    share, threshold = np.array([0.0, 0.25, 0.5, 1.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.5, 0.5, 0.0, 1e-9])
    expected = [0, 0.2, 0.5, 0.8, 1, 1]
    assert soft(share, threshold, 2.0) == pytest.approx(expected)
    assert soft(share, threshold, 500.0) == pytest.approx([0, 0, 0.5, 1, 1, 1])


def test_the_soft_rule_acts_as_often_as_it_says(make_setup):
    strategy = Threshold(mean=0.4, activists=60, steepness=2.0)
    moves = LeverageGame(make_setup(200, strategy, rounds=40), seed=2).play().moves
    free = moves[moves.groupby("round").cumcount() >= 60]
    p = free.saw**2 / (0.4**2 + free.saw**2)
    acts = free.lever == "delete"
    assert 0.1 < p[free["round"] == 2].mean() < 0.9
    assert abs((acts - p).sum()) < 4 * math.sqrt((p * (1 - p)).sum())
    assert not acts[free["round"] == 1].any(), "nobody had acted yet"
