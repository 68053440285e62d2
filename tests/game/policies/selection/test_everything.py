from __future__ import annotations

import numpy as np

from dataleverage.game.policies.defence.none import NoDefence
from dataleverage.game.policies.selection.everything import Everything


def test_everything_held_is_trained_on_poison_too():
    held = np.array([[0, 1, 2], [3, 0, 1]], np.uint8)
    assert (NoDefence().filter(None, Everything().select(None, held)) == held).all()
