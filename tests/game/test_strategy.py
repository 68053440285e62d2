from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategy import Decision


class Nonsense(Always):
    """Plays along until round 2, and then answers what it was given."""

    answer: Any = None

    def begin(self, count, menu, streams):
        return {"left": np.zeros(count)}

    def decide(self, seen, memory):
        said = {"choice": np.zeros(len(seen.who), dtype=np.int64), "memory": memory}
        return Decision(**(said | self.answer if seen.round == 2 else said))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"choice": np.array([0, 99])}, "expected 2 positions in a menu of 3 moves"),
        ({"choice": np.array([0, -1])}, "expected 2 positions"),
        ({"choice": np.array([0])}, "expected 2 positions"),
        ({"choice": np.array([[0, 0]])}, "expected 2 positions"),
        ({"choice": np.array([0.0, np.nan])}, "expected 2 positions"),
        ({"choice": ["delete", "delete"]}, "expected 2 positions"),
        ({"memory": {"left": np.zeros(3)}}, r"memory of shape \(3,\) called 'left', which began as shape \(2,\)"),
        ({"memory": {"right": np.zeros(2)}}, "called 'right', which began as nothing"),
        ({"saw": np.zeros(1)}, r"a sight of shape \(1,\)"),
        ({"weighed": np.array([0, 1]), "worth": np.zeros((2, 3))}, r"worth of shape \(2, 3\); expected 2 creators by 2 moves"),
        ({"weighed": np.array([0, 1])}, "worth of shape None"),
    ],
)
def test_an_answer_that_makes_no_sense_is_named_with_the_round(make_setup, answer, said):
    setup = make_setup(2, Nonsense(answer=answer), rounds=3)
    with pytest.raises(GameError, match=f"the strategy always of group 0 answered round 2 with.*{said}"):
        LeverageGame(setup).play()
    turns = make_setup(2, Nonsense(answer={"choice": np.array([7])}), rounds=3, order="sequential")
    with pytest.raises(GameError, match=r"answered round 2 with.*expected 1 positions in a menu of 3 moves"):
        LeverageGame(turns).play()
