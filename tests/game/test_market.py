from __future__ import annotations

import numpy as np
import pytest

from dataleverage.game.levers import Menu, MoveSpec, Rights
from dataleverage.game.market import Market, Users

MENU = Menu.of(
    Rights(),
    [],
    ("a", "b"),
    [(MoveSpec(use="none"), 0), (MoveSpec(use="b"), 0)],
)
BOYCOTT, USE_B, STAY = MENU.find("contribute", use="none"), MENU.find("contribute", use="b"), MENU.stay


def test_identical_firms_share_users_equally():
    market = Market.of(Users(public=7, beta=3), MENU, np.full((1, 4), STAY), np.array([[0.8, 0.8]]), 4)
    assert market.share == pytest.approx(np.array([[0.5, 0.5]]))


def test_users_spread_by_a_logit_of_quality_worked_by_hand():
    quality = np.array([[1.0, 0.5]])
    market = Market.of(Users(beta=2.0), MENU, np.full((1, 4), STAY), quality, 4)
    better = np.exp(2.0) / (np.exp(2.0) + np.exp(1.0))
    assert market.share[0] == pytest.approx([better, 1 - better])
    outside = Market.of(Users(beta=2.0, outside=True), MENU, np.full((1, 4), STAY), quality, 4)
    total = np.exp(2.0) + np.exp(1.0) + 1.0  # the utility of using nothing is 0
    assert outside.share[0] == pytest.approx([np.exp(2.0) / total, np.exp(1.0) / total])


def test_who_names_an_operator_uses_it_and_who_boycotts_none():
    quality = np.array([[1.0, 1.0]])
    choice = np.array([[STAY, BOYCOTT, USE_B, USE_B]])
    market = Market.of(Users(public=2), MENU, choice, quality, 4)
    # of six users one boycotts, two use b, and the other three spread evenly
    assert market.share[0] == pytest.approx([1.5 / 6, 3.5 / 6])
    each = np.array([[[0.2, 0.4, 0.6, 0.8], [0.9, 0.9, 0.9, 0.7]]])
    assert market.served(each)[0] == pytest.approx([0.55, 0.0, 0.9, 0.7])


def test_negative_quality_attracts_like_none():
    market = Market.of(Users(beta=5.0), MENU, None, np.array([[-3.0, 0.0]]), 4)
    assert market.share[0] == pytest.approx([0.5, 0.5])


def test_large_beta_is_no_overflow():
    market = Market.of(Users(beta=1e6, outside=True), MENU, None, np.array([[1.0, 0.9], [0.0, 0.0]]), 2)
    assert market.share == pytest.approx(np.array([[1.0, 0.0], [1 / 3, 1 / 3]]))
