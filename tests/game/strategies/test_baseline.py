from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.errors import DataleverageError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always, Random, Scripted


def levers(setup, seed: int = 0):
    """(T, N) levers as they are in the record."""
    moves = LeverageGame(setup, seed).play().moves
    return moves.pivot(index="round", columns="creator", values="lever").to_numpy()


def test_always(make_setup):
    assert set(levers(make_setup(3, Always(), rounds=3)).ravel()) == {"contribute"}
    assert set(levers(make_setup(3, Always(move=MoveSpec(lever="withhold")), rounds=3)).ravel()) == {"withhold"}


def test_a_script_holds_until_its_next_entry(make_setup):
    script = Scripted(moves={7: MoveSpec(lever="contribute"), 3: MoveSpec(lever="delete"), 4: MoveSpec(lever="withhold")})
    played = levers(make_setup(2, script, rounds=9))
    one = ["contribute"] * 2 + ["delete"] + ["withhold"] * 3 + ["contribute"] * 3
    assert played.T.tolist() == [one, one]
    assert [script.settled(round, {}) for round in (6, 7, 8)] == [False, True, True]


@pytest.mark.parametrize("moves", [{}, {0: "delete"}, {-1: "delete"}, {1: "strike"}])
def test_a_script_that_cannot_be_played(moves):
    with pytest.raises(ValidationError):
        Scripted.model_validate({"moves": moves})


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_random_strikes_as_often_as_it_says(make_setup, p):
    played = levers(make_setup(50, Random(p=p), rounds=60))
    acts = played == "delete"
    assert set(played.ravel()) == {"delete", "contribute"}
    spread = np.sqrt(p * (1 - p))
    assert acts.mean() == pytest.approx(p, abs=4 * spread / np.sqrt(acts.size))
    # independent between creators and between rounds
    assert acts.mean(axis=0).std() == pytest.approx(spread / np.sqrt(60), rel=0.4)
    assert acts.mean(axis=1).std() == pytest.approx(spread / np.sqrt(50), rel=0.4)


def test_random_at_its_ends_and_by_seed(make_setup):
    assert set(levers(make_setup(4, Random(p=1), rounds=5)).ravel()) == {"delete"}
    assert set(levers(make_setup(4, Random(p=0), rounds=5)).ravel()) == {"contribute"}
    withheld = make_setup(4, Random(p=1), rounds=2, rights={"deletion": False})
    assert set(levers(withheld).ravel()) == {"withhold"}
    setup = make_setup(10, Random(), rounds=10)
    assert (levers(setup, 1) == levers(setup, 1)).all()
    assert (levers(setup, 1) != levers(setup, 2)).any()


def test_what_one_group_draws_does_not_move_another(make_setup):
    """Creators 5 to 9 draw the same, whoever else plays."""
    rest = Random(p=0.5)
    alone = levers(make_setup(10, [(5, Always()), (5, rest)], rounds=8))
    beside = levers(make_setup(10, [(5, Random(p=0.3)), (5, rest)], rounds=8))
    assert (alone[:, 5:] == beside[:, 5:]).all()


@pytest.mark.parametrize(
    ("strategy", "key"),
    [
        (Always(move=MoveSpec(lever="delete")), "creators.1.strategy.move"),
        (Random(move=MoveSpec(lever="poison")), "creators.1.strategy.move"),
        (Scripted(moves={2: MoveSpec(lever="contribute"), 5: MoveSpec(lever="delete")}), "creators.1.strategy.moves.5"),
    ],
)
def test_moves_that_are_not_allowed_are_refused_before_the_game(make_setup, strategy, key):
    setup = make_setup(3, [(1, Always()), (2, strategy)], rights={"deletion": False})
    with pytest.raises(DataleverageError) as caught:
        LeverageGame(setup)
    assert caught.value.place.key == key


def test_all_moves_that_are_not_allowed_are_told_at_once(make_setup):
    script = Scripted(moves={2: MoveSpec(lever="delete"), 5: MoveSpec(lever="poison")})
    with pytest.raises(DataleverageError, match=r"moves\.2") as caught:
        LeverageGame(make_setup(1, script, rights={"deletion": False}))
    assert "moves.5" in str(caught.value)
