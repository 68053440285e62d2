from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.measure.signal import (
    FiniteTable,
    Signal,
    alpha_bound,
    bayes_success,
    erasing_bound,
    feature_only_bound,
    mixture,
    planting_bound,
)

BOUNDS = {"feature_label": planting_bound, "feature_only": feature_only_bound, "erase": erasing_bound}
SHARES = st.builds(Fraction, st.integers(1, 48), st.just(48))


@pytest.mark.parametrize("tactic", list(BOUNDS))
def test_bounds_hold_on_random_instances(tactic, instances, exact_success, signal_of):
    seen = []

    @settings(max_examples=2000, deadline=None)  # a feature-only bound says something in one of sixteen
    @given(data=st.data(), alpha=SHARES, epsilon=st.sampled_from([0, 0, 1, 2]))
    def holds(data, alpha, epsilon):
        counts, g, target = data.draw(instances(idempotent=tactic == "erase"))
        signal, off = signal_of(counts, g, target), Fraction(epsilon, 40)
        bound = BOUNDS[tactic](float(alpha), **signal.numbers(tactic), epsilon=float(off))
        success = float(exact_success(counts, g, target, alpha, tactic, off))
        assert success >= bound - 1e-9
        assert bayes_success(signal, float(alpha), tactic, float(off)) >= bound - 1e-9
        seen.append(0 < bound < 1)

    holds()
    assert sum(seen) > 50, "bounds that say nothing hold"


def test_bounds_hold_on_laws_that_favour_them(exact_success):
    """Many points, rare signals: where bounds are near what happens."""
    rng = np.random.default_rng(0)
    slack = []
    for _ in range(2000):
        size = int(rng.integers(2, 12))
        p = rng.dirichlet(np.full(size * 3, 0.7)).reshape(size, 3)
        g = np.where(rng.random(size) < 0.6, int(p.sum(axis=1).argmin()), np.arange(size))
        signal = Signal(FiniteTable(p), g[g].tolist(), "y0")
        for tactic, bound in BOUNDS.items():
            for alpha in (0.1, 0.5, 0.9):
                slack.append(bayes_success(signal, alpha, tactic) - bound(alpha, **signal.numbers(tactic)))
    assert min(slack) >= -1e-9
    assert np.quantile(slack, 0.1) < 0.1


def test_p_over_the_signal_set_alone_would_break_the_feature_only_bound():
    """Found by search: those who move in never say y*, so nobody moves in."""
    signal = Signal(FiniteTable([[0.9, 0.0], [0.06, 0.04]]), [1, 1], "y1")
    over_signal_set = float(signal.table.conditional[signal.points, 1].min())
    assert over_signal_set == pytest.approx(0.4) and signal.p == 0
    assert bayes_success(signal, 1.0, "feature_only") == 0
    assert feature_only_bound(1.0, xi=signal.xi, p=over_signal_set) == pytest.approx(0.85)  # false
    assert feature_only_bound(1.0, xi=signal.xi, p=signal.p) == 0


def test_total_variation_alone_would_need_twice_epsilon():
    """ε/(1−ε) is for firms that mix another law in; one that takes ε from y* and gives it to y is optimal for a law just
    as near in total variation, and fails where the bound says it does not."""
    signal, alpha, epsilon = Signal(FiniteTable([[1.0, 0.0]]), [0], "y1"), 0.55, 0.06
    firms = mixture(signal, alpha).p
    shifted = firms + epsilon * np.array([[1, -1]])
    assert np.abs(shifted - firms).sum() / 2 == pytest.approx(epsilon) and shifted.argmax() == 0
    bound = planting_bound(alpha, **signal.numbers(), epsilon=epsilon)
    assert bound > 0.05 and bayes_success(signal, alpha, epsilon=epsilon) == 1
    assert 1 - (1 - alpha) / alpha - 2 * epsilon / alpha < 0


@settings(max_examples=500, deadline=None)
@given(
    tactic=st.sampled_from(list(BOUNDS)),
    first=st.floats(0.001, 1),
    second=st.floats(0.001, 1),
    success=st.floats(0.01, 0.999),
    epsilon=st.sampled_from([0.0, 0.01, 0.2]),
)
def test_the_share_that_a_bound_asks_for_is_where_it_promises_enough(tactic, first, second, success, epsilon):
    names = {"feature_label": ("xi", "gap"), "feature_only": ("xi", "p"), "erase": ("tau",)}[tactic]
    numbers = dict(zip(names, (first, second), strict=False))
    alpha = alpha_bound(success, tactic, **numbers, epsilon=epsilon)
    promised = BOUNDS[tactic](np.linspace(1e-3, 1, 500), **numbers, epsilon=epsilon)
    enough = np.linspace(1e-3, 1, 500)[promised >= success]
    if alpha == math.inf:
        assert not (promised > success + 1e-9).any()
    elif alpha == 0:
        assert (promised == 1).all()
    else:
        assert BOUNDS[tactic](alpha, **numbers, epsilon=epsilon) == pytest.approx(success)
        assert not len(enough) or enough[0] >= alpha - 1e-9


def test_shares_by_hand():
    assert alpha_bound(0.9, xi=0.1, gap=0.5) == pytest.approx(0.05 / 0.15)
    assert alpha_bound(0.9, "feature_only", xi=0.01, p=0.5) == pytest.approx(0.1)
    assert alpha_bound(0.9, "erase", tau=0.05) == pytest.approx(0.5)
    assert alpha_bound(1.0, xi=0.1, gap=0.5) == 1
    assert alpha_bound(1.0, xi=0.1, gap=0.0) == 0
    assert alpha_bound(0.9, "feature_only", xi=0.1, p=0.0) == math.inf
    assert alpha_bound(1.0, xi=0.1, gap=0.5, epsilon=0.1) == math.inf
    assert alpha_bound(0.9, "feature_only", xi=0.0, p=0.0) == math.inf  # nobody hands in a signal


def test_bounds_are_clipped_at_nothing():
    assert planting_bound([0.01, 0.5, 1.0], xi=0.2, gap=0.5).tolist() == [0.0, 0.9, 1.0]
    assert isinstance(planting_bound(0.5, xi=0.2, gap=0.5), float)
    assert feature_only_bound(0.5, xi=0.0, p=0.0) == 0


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.5, math.nan, [0.1, 0.0]])
def test_alpha_out_of_range(alpha):
    with pytest.raises(GridError, match="alpha"):
        planting_bound(alpha, xi=0.1, gap=0.1)


def test_numbers_that_are_missing_or_out_of_range():
    with pytest.raises(GridError, match="feature_only needs xi and p, and xi, gap is given") as caught:
        alpha_bound(0.9, "feature_only", xi=0.1, gap=0.2)
    assert "signal.numbers('feature_only')" in caught.value.remedy
    with pytest.raises(GridError, match="nothing is given"):
        alpha_bound(0.9)
    with pytest.raises(GridError, match=r"xi is 1\.5"):
        planting_bound(0.5, xi=1.5, gap=0.1)
    with pytest.raises(GridError, match="tau is nan"):
        erasing_bound(0.5, tau=math.nan)
    with pytest.raises(GridError, match="success"):
        alpha_bound(0.0, xi=0.1, gap=0.1)
    with pytest.raises(GridError, match="epsilon"):
        erasing_bound(0.5, tau=0.1, epsilon=1.0)
    with pytest.raises(GridError, match="is no tactic"):
        alpha_bound(0.5, "hope", xi=0.1, gap=0.1)
