from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.measure.signal import FiniteTable, Signal, radius, staircase, statistical_bound


def by_hand(p, g, target, n, N, N_test, delta, epsilon):
    """Algorithm 1 of Gauthier et al., line by line."""
    signal_set = {g[x] for x in range(len(p))}
    each = delta / (2 + 2 * len(signal_set) + 2 * len(signal_set) * len(p[0]))
    R = {k: math.sqrt(math.log(1 / each) / (2 * k)) for k in (n, N - n, N_test)}
    planted = {z: sum(sum(p[x]) for x in range(len(p)) if g[x] == z) for z in signal_set}
    total = 0.0
    for z in signal_set:
        gap = max(p[z]) - p[z][target]
        ours, theirs = planted[z] - 2 * R[n], gap + 2 * R[n] + 2 * R[N - n]
        if n / N * ours - (N - n) / N * theirs - epsilon / (1 - epsilon) > 0:
            total += planted[z]
    return max(0.0, total - R[n] - R[N_test])


@settings(max_examples=400, deadline=None)
@given(
    data=st.data(),
    n=st.integers(1, 10**7),
    others=st.integers(1, 10**7),
    N_test=st.integers(1, 10**7),
    delta=st.floats(1e-6, 0.99),
    epsilon=st.sampled_from([0.0, 0.01]),
)
def test_the_bound_is_the_algorithm(data, n, others, N_test, delta, epsilon, instances, signal_of):
    counts, g, target = data.draw(instances())
    signal = signal_of(counts, g, target)
    found = statistical_bound(signal, n=n, N=n + others, N_test=N_test, delta=delta, epsilon=epsilon)
    assert found == pytest.approx(by_hand(signal.table.p.tolist(), g, target, n, n + others, N_test, delta, epsilon), abs=1e-9)


@pytest.mark.parametrize("label", ["Good", "Average", "Poor"])
def test_with_endless_examples_it_is_the_staircase(car_market, label):
    signal = car_market(label)
    stairs = staircase(signal)
    for alpha in (0.021, 0.041, 0.061):
        N = 10**16
        bound = statistical_bound(signal, n=int(alpha * N), N=N, N_test=N)
        assert bound == pytest.approx(float(stairs.at(alpha)), abs=1e-6)


def test_it_holds_in_at_least_so_many_trials():
    """The firm is the most frequent label of what it got; success is counted on examples of its own."""
    table = FiniteTable([[0.02, 0.01], [0.03, 0.02], [0.42, 0.05], [0.05, 0.40]])
    g, n, N, N_test = np.array([0, 1, 0, 1]), 60_000, 90_000, 20_000
    rng, held, bounds = np.random.default_rng(0), 0, []
    for _ in range(60):
        x, y = table.sample(n, rng)
        bounds.append(statistical_bound(Signal(table.empirical(x, y), g.tolist(), "y1"), n=n, N=N, N_test=N_test))
        counts = np.zeros((4, 2))
        np.add.at(counts, (g[x], 1), 1)
        np.add.at(counts, table.sample(N - n, rng), 1)
        says = counts.argmax(axis=1)
        held += (says[g[table.sample(N_test, rng)[0]]] == 1).mean() >= bounds[-1]
    assert held >= 57 and min(bounds) > 0.9  # δ = .05, and the bound says something


def test_more_examples_never_promise_less(car_market):
    signal = car_market("Good")
    bounds = [statistical_bound(signal, n=N // 4, N=N, N_test=N // 10) for N in 10 ** np.arange(2, 10)]
    assert bounds == sorted(bounds) and bounds[0] == 0 and bounds[-1] > 0.99


def test_radius_is_hoeffdings():
    rng, k, delta = np.random.default_rng(1), 200, 0.1
    means = rng.integers(0, 2, (20_000, k)).mean(axis=1)
    assert (means - 0.5 > radius(delta, k)).mean() <= delta
    assert radius(0.05, 100) == pytest.approx(0.1223873, abs=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"n": 100}, {"n": 101}, {"N_test": 0}, {"delta": 0.0}, {"delta": 1.0}, {"epsilon": 1.0}]
)
def test_numbers_out_of_range(car_market, wrong):
    with pytest.raises(GridError, match=next(iter(wrong))):
        statistical_bound(car_market("Good"), **({"n": 50, "N": 100, "N_test": 10} | wrong))
