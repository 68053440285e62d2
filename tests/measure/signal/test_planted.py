from __future__ import annotations

import numpy as np
import pytest

from dataleverage.errors import DataError, GridError
from dataleverage.measure.signal import FiniteTable, Signal, mixture

P = FiniteTable(
    [[0.10, 0.20], [0.05, 0.05], [0.24, 0.06], [0.27, 0.03]],
    points=[("red", "big"), ("red", "small"), ("blue", "big"), ("blue", "small")],
    columns=("colour", "size"),
    labels=("no", "yes"),
)


def test_numbers_by_hand():
    signal = Signal(P, {"colour": "red"}, "yes")
    assert signal.g.tolist() == [0, 1, 0, 1] and signal.points.tolist() == [0, 1]
    assert signal.xi == pytest.approx(0.4)
    assert signal.gaps == pytest.approx([0.0, 0.0, 0.6, 0.8]) and signal.gap == pytest.approx(0.0)
    assert Signal(P, {"colour": "blue"}, "yes").gap == pytest.approx(0.8)
    assert signal.p == pytest.approx(0.1)  # at blue and small, outside the signal set
    assert signal.moved == pytest.approx([0.6, 0.4, 0, 0])
    # E_x max_y: nothing for red ones, |.2 − 2/3| for big blue ones, |.1 − .5| for small blue ones
    assert signal.tau == pytest.approx(0.3 * (2 / 3 - 0.2) + 0.3 * 0.4)
    assert signal.numbers() == {"xi": signal.xi, "gap": signal.gap}
    assert signal.numbers("feature_only") == {"xi": signal.xi, "p": signal.p} and signal.numbers("erase") == {"tau": signal.tau}


def test_g_in_three_ways():
    by_column = Signal(P, {"size": "big"}, "yes").g
    assert by_column.tolist() == [0, 0, 2, 2]
    assert Signal(P, lambda x: (x[0], "big"), "yes").g.tolist() == [0, 0, 2, 2]
    assert Signal(P, [0, 0, 2, 2], "yes").g.tolist() == [0, 0, 2, 2]


def test_what_members_hand_in():
    signal = Signal(P, {"colour": "red"}, "yes")
    assert signal.star() == pytest.approx(np.array([[0, 0.6], [0, 0.4], [0, 0], [0, 0]]))
    assert signal.star("feature_only") == pytest.approx(np.array([[0.1, 0.26], [0.05, 0.08], [0.24, 0], [0.27, 0]]))
    assert signal.star("erase") == pytest.approx(np.array([[0, 0.3], [0.1, 0], [0, 0.3], [0.3, 0]]))
    for tactic in ("feature_label", "feature_only", "erase"):
        assert signal.star(tactic).sum() == pytest.approx(1)
        mixed = mixture(signal, 0.3, tactic)
        assert mixed.p == pytest.approx(0.3 * signal.star(tactic) + 0.7 * P.p) and mixed.points == P.points


@pytest.mark.parametrize(
    ("g", "says"),
    [
        ({}, "the signal is empty"),
        ({"weight": "1"}, "no column 'weight'"),
        ({"colour": "green"}, "no point 'green big'"),
        (lambda x: ("green", "big"), "no point 'green big'"),
        ([0, 1, 2], "positions of 4 points"),
        ([0, 1, 2, 4], "positions of 4 points"),
        ([0, 1, 2, -1], "positions of 4 points"),
        ([0.0, 1.0, 2.0, 3.0], "positions of 4 points"),
    ],
)
def test_signals_that_are_none(g, says):
    with pytest.raises(DataError, match=says) as caught:
        Signal(P, g, "yes")
    assert caught.value.remedy


def test_targets_shares_and_tactics_that_are_none():
    with pytest.raises(DataError, match="no label 'maybe'") as caught:
        Signal(P, {"colour": "red"}, "maybe")
    assert caught.value.place.key == "target" and "no, yes" in caught.value.remedy
    aimless = Signal(P, {"colour": "red"})
    assert aimless.tau > 0 and aimless.star("erase").sum() == pytest.approx(1)
    with pytest.raises(GridError, match="no target label"):
        _ = aimless.gap
    for alpha in (-0.1, 1.1, float("nan")):
        with pytest.raises(GridError, match="share is from 0 to 1"):
            mixture(aimless, alpha, "erase")
    with pytest.raises(GridError, match="'vandalism' is no tactic"):
        aimless.star("vandalism")


def test_signals_that_cannot_be_erased():
    with pytest.raises(GridError, match=r"g\(g\(x\)\) = g\(x\)"):
        _ = Signal(P, [1, 2, 3, 3]).tau
    never = FiniteTable([[0.5, 0.5], [0.0, 0.0]])
    with pytest.raises(GridError, match="'x1' has probability 0"):
        _ = Signal(never, [1, 1]).erased
