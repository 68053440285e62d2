from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from dataleverage.errors import GridError
from dataleverage.measure.signal import effective_alpha, gradient_alpha, staircase, sustains, tipping_share


def test_weights_are_as_good_as_copies():
    """30 members with weight 3 among 100 are 90 of 160 examples."""
    assert effective_alpha(0.3, 3.0) == pytest.approx(90 / 160)
    assert effective_alpha(0.3, 1.0, 2.0) == pytest.approx(30 / 170)
    assert effective_alpha(0.3, 5.0, 5.0) == pytest.approx(0.3)
    assert effective_alpha(0.3, 0.0) == 0 and effective_alpha(0.3, 1.0, 0.0) == 1


@pytest.mark.parametrize("wrong", [(1.1, 1, 1), (-0.1, 1, 1), (0.5, -1, 1), (0.5, 1, -2), (0.5, 0, 0), (0.5, math.inf, 1)])
def test_weights_and_shares_out_of_range(wrong):
    with pytest.raises(GridError):
        effective_alpha(*wrong)


@settings(max_examples=300, deadline=None)
@given(success=st.floats(0, 1), cost=st.floats(0, 2), gamma=st.floats(0, 0.999))
def test_members_stay_where_taking_part_pays(success, cost, gamma):
    gain = (success - cost) - gamma * success
    if abs(gain) > 1e-9:
        assert sustains(success, cost, gamma) == (gain > 0)


def test_participation_of_the_car_market_tips_at_a_step(car_market):
    stairs = staircase(car_market("Good"))
    assert tipping_share(stairs, cost=0.25, gamma=0.5) == pytest.approx(0.01753, abs=5e-6)  # .519 > .5
    assert tipping_share(stairs, cost=0.3, gamma=0.5) == pytest.approx(0.03053, abs=5e-6)  # .827 > .6
    assert tipping_share(stairs, cost=0.6, gamma=0.5) == math.inf
    assert tipping_share(staircase(car_market("Excellent")), cost=0.4, gamma=0.5) == 0
    alphas = np.linspace(0, 1, 2001)
    pays = sustains(stairs.at(alphas), 0.3, 0.5)
    assert alphas[pays.argmax()] - 0.03053 < 5.1e-4 and pays[pays.argmax() :].all()


@pytest.mark.parametrize(("cost", "gamma"), [(-0.1, 0.0), (0.1, 1.0), (0.1, -0.1), (math.inf, 0.0)])
def test_costs_out_of_range(car_market, cost, gamma):
    with pytest.raises(GridError, match="cost"):
        tipping_share(staircase(car_market("Good")), cost, gamma)


@pytest.mark.parametrize("seed", range(5))
def test_from_that_share_on_members_can_stop_a_gradient(seed):
    """What is left of the mean gradient when members do what they can, by optimisation."""
    rng = np.random.default_rng(seed)
    g0, B = rng.normal(size=3) * 2, float(rng.uniform(0.5, 4))
    needed = gradient_alpha(g0, B)

    def left(alpha):
        ball = {"type": "ineq", "fun": lambda g: B**2 - g @ g}
        return minimize(lambda g: np.sum((alpha * g + (1 - alpha) * g0) ** 2), np.zeros(3), constraints=[ball]).fun

    assert left(min(1.0, needed * 1.05)) == pytest.approx(0, abs=1e-5)
    assert left(needed * 0.9) > 1e-3


def test_gradients_at_the_ends():
    assert gradient_alpha([0.0, 0.0], 1.0) == 0 and gradient_alpha([3.0, 4.0], 0.0) == 1
    assert gradient_alpha(5.0, 5.0) == 0.5
    for wrong in ((math.nan, 1.0), (1.0, -1.0), (1.0, math.inf)):
        with pytest.raises(GridError, match="gradients"):
            gradient_alpha(*wrong)
