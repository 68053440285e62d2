from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.measure.signal import FiniteTable, Signal, bayes_success, staircase

SHARES = st.builds(Fraction, st.integers(0, 24), st.just(24))
TACTICS = ["feature_label", "feature_only", "erase"]


@pytest.mark.parametrize(
    ("label", "steps", "successes"),
    [
        ("Good", {"C1": 0.01753, "C2": 0.03270, "C3": 0.01753, "C4": 0.01753, "C5": 0.03053}, [0.519, 1, 1]),
        ("Average", {"C1": 0.03445, "C2": 0.02740, "C3": 0.03445, "C4": 0.03445, "C5": 0.05926}, [0, 0.692, 1]),
    ],
)
def test_the_car_market_of_gauthier_et_al(car_market, label, steps, successes):
    signal = car_market(label)
    assert signal.xi == pytest.approx(0.0696222, abs=5e-8)
    stairs = staircase(signal)
    assert dict(zip(stairs.names, stairs.steps, strict=True)) == pytest.approx(
        {f"signal {country}": step for country, step in steps.items()}, abs=5e-6
    )
    assert stairs.at([0.021, 0.041, 0.061]) == pytest.approx(successes, abs=1e-12)


def test_the_car_market_where_the_target_is_what_people_say_anyway(car_market):
    stairs = staircase(car_market("Excellent"))
    assert stairs.at(0.0) == pytest.approx(1) and stairs.alpha(1.0) == 0 and (stairs.steps == 0).all()


@settings(max_examples=1500, deadline=None)
@given(data=st.data(), alpha=SHARES, tactic=st.sampled_from(TACTICS), epsilon=st.sampled_from([0, 0, 1, 3, 9]))
def test_the_staircase_is_the_firm(data, alpha, tactic, epsilon, instances, exact_success, signal_of):
    counts, g, target = data.draw(instances(idempotent=tactic == "erase"))
    off = Fraction(epsilon, 20)
    signal = signal_of(counts, g, target)
    found = staircase(signal, tactic, float(off)).at(float(alpha))
    assert found == pytest.approx(bayes_success(signal, float(alpha), tactic, float(off)), abs=1e-9)
    if tactic != "erase" or not off:
        assert found == pytest.approx(float(exact_success(counts, g, target, alpha, tactic, off)), abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_steps_are_where_the_formula_puts_them_and_ties_fail_there(data, instances, exact_success, signal_of):
    counts, g, target = data.draw(instances())
    signal = signal_of(counts, g, target)
    stairs = staircase(signal)
    total = sum(map(sum, counts))
    for point, step in zip(signal.points, stairs.steps, strict=True):
        gap = Fraction(max(counts[point]) - counts[point][target], total)  # P₀(x)·Δ_x
        t = gap / Fraction(sum(sum(counts[x]) for x in range(len(g)) if g[x] == point), total)
        assert step == pytest.approx(float(t / (1 + t)), abs=1e-12)
        at = exact_success(counts, g, target, t / (1 + t), "feature_label")
        assert stairs.at(float(t / (1 + t))) == pytest.approx(float(at), abs=1e-9)
        if t > 0:
            above = exact_success(counts, g, target, t / (1 + t) + Fraction(1, 10**9), "feature_label")
            assert above >= at + Fraction(sum(sum(counts[x]) for x in range(len(g)) if g[x] == point), total)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), tactic=st.sampled_from(TACTICS), wanted=st.floats(0.01, 1))
def test_the_share_that_is_needed(data, tactic, wanted, instances, signal_of):
    counts, g, target = data.draw(instances(idempotent=True))  # so that more members never do worse
    stairs = staircase(signal_of(counts, g, target), tactic)
    alpha = stairs.alpha(wanted)
    grid = np.linspace(1e-6, 1 - 1e-6, 97)
    enough = stairs.at(grid) >= wanted - 1e-12
    assert enough[grid > alpha + 1e-9].all()
    if 0 < alpha < math.inf:
        assert stairs.at(alpha - 1e-9) < wanted
    if alpha == math.inf:
        assert not enough[-1]


def test_more_members_can_undo_what_few_achieve():
    """Where g sends people away from a point of its own, those who said y* there leave it."""
    signal = Signal(FiniteTable([[0.1, 0.3], [0.55, 0.05]]), [1, 0], "y1")
    stairs = staircase(signal, "feature_only")
    assert stairs.at([0.0, 0.79, 0.81, 1.0]) == pytest.approx([0.6, 0.6, 0, 0])  # .3(1−α) + .05α against .1
    assert [bayes_success(signal, alpha, "feature_only") for alpha in (0.79, 0.81)] == pytest.approx([0.6, 0])
    assert stairs.alpha(0.1) == math.inf


def test_where_nobody_shows_the_signal_one_member_will_do():
    table = FiniteTable([[0.9, 0.1], [0.0, 0.0]])
    stairs = staircase(Signal(table, [1, 1], "y1"))
    assert stairs.at([0.0, 1e-9, 1.0]).tolist() == [0.0, 1.0, 1.0]
    assert stairs.alpha(1.0) == 0 and stairs.frame().loc["x1"].tolist() == [1.0, 0.0]


def test_a_suboptimal_firm_needs_more(car_market):
    signal = car_market("Good")
    alphas = [staircase(signal, epsilon=epsilon).alpha(1.0) for epsilon in (0, 0.01, 0.1, 0.4)]
    assert alphas == sorted(alphas) and alphas[0] < alphas[-1] < 1
    assert staircase(signal, epsilon=0.5).alpha(0.1) == math.inf


def test_frame_is_in_the_order_of_steps(car_market):
    frame = staircase(car_market("Average")).frame()
    assert frame.index[0] == "signal C2" and frame["step"].is_monotonic_increasing
    assert frame["weight"].sum() == pytest.approx(1)


def test_numbers_out_of_range(car_market):
    stairs = staircase(car_market("Good"))
    for alpha in (-0.01, 1.01, [0.5, math.nan]):
        with pytest.raises(GridError, match="alpha"):
            stairs.at(alpha)
    for success in (0.0, 1.1, math.nan):
        with pytest.raises(GridError, match="success"):
            stairs.alpha(success)
