from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.network import EdgeList
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.imitation import Imitation, fermi

DELETE = MoveSpec(lever="delete")


def star(make_setup, folder, strategy, leaves: int, **rest):
    """One creator that deletes, and `leaves` others that see nobody but it; the model is always as good."""
    (folder / "star.csv").write_text("".join(f"0,{i + 1}\n" for i in range(leaves)))
    groups = [(1, Always(move=DELETE)), (leaves, strategy)]
    return make_setup(
        leaves + 1, groups, lambda rows: np.ones(len(rows)), network=EdgeList(path="star.csv"), folder=folder, **rest
    )


@pytest.mark.parametrize(("beta", "cost"), [(5.0, 0.1), (5.0, -0.2), (0.0, 0.5), (20.0, 0.02)])
def test_it_copies_as_often_as_the_rule_says(make_setup, tmp_path, beta, cost):
    """The centre pays `cost` more than a leaf: from round 2 on a leaf that has not copied does by chance."""
    setup = star(make_setup, tmp_path, Imitation(beta=beta), 400, rounds=4, payoffs={"cost": {"delete": cost}})
    acting = LeverageGame(setup, 3).play().rounds.acting.to_numpy() * 401 - 1
    p = 1 / (1 + np.exp(beta * cost))
    assert acting[1] == 0, "nobody copies before there was a payoff"
    for round, count in enumerate(acting[2:], start=1):
        reached = 1 - (1 - p) ** round
        assert stats.binomtest(round_(count), 400, reached).pvalue > 1e-3


def round_(count: float) -> int:
    assert count == pytest.approx(np.round(count))
    return int(np.round(count))


def test_it_only_looks_now_and_then_where_it_is_told_so(make_setup, tmp_path):
    setup = star(make_setup, tmp_path, Imitation(beta=0.0, revise=0.3), 400, rounds=2)
    count = LeverageGame(setup, 1).play().rounds.acting.to_numpy()[-1] * 401 - 1
    assert stats.binomtest(round_(count), 400, 0.15).pvalue > 1e-3


def test_where_one_is_alone_there_is_nothing_to_copy(make_setup, levers):
    assert levers(make_setup(1, Imitation(beta=0.0), rounds=5)) == ["-----"]


def test_without_chance_moves_all_stay_as_they_are(make_setup, levers):
    assert levers(make_setup(6, Imitation(beta=0.0), rounds=5)) == ["-----"] * 6


def test_chance_moves_are_spread_over_the_menu(make_setup):
    setup = make_setup(300, Imitation(mutation=1.0), rounds=3, tactics=("flip",))
    counts = LeverageGame(setup).play().moves.lever.value_counts()
    assert set(counts.index[counts > 0]) == {"contribute", "withhold", "delete", "poison"}
    assert stats.chisquare(counts[counts > 0]).pvalue > 1e-3
    some = LeverageGame(make_setup(300, Imitation(mutation=0.2, beta=0.0), rounds=1, tactics=("flip",))).play()
    assert stats.binomtest(int((some.moves.lever != "contribute").sum()), 300, 0.15).pvalue > 1e-3


def test_what_it_saw_is_how_far_the_other_is_ahead(make_setup, tmp_path):
    setup = star(make_setup, tmp_path, Imitation(), 3, rounds=2, payoffs={"cost": {"delete": 0.25}})
    saw = LeverageGame(setup).play().moves.saw.to_numpy().reshape(2, 4)
    assert np.isnan(saw[0]).all()
    assert saw[1, 1:].tolist() == [-0.25] * 3


def test_fermi():
    x = np.array([-1e9, -1.0, 0.0, 2.0, 1e9, np.nan])
    assert fermi(x) == pytest.approx([0, 1 / (1 + np.e), 0.5, np.exp(2) / (1 + np.exp(2)), 1, 0])
