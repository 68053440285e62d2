from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.measure.signal import FiniteTable, bayes_success, possible_labels

SHARES = st.builds(Fraction, st.integers(0, 24), st.just(24))


@settings(max_examples=500, deadline=None)
@given(data=st.data(), alpha=SHARES, tactic=st.sampled_from(["feature_label", "feature_only"]))
def test_success_of_planting_is_what_the_definitions_say(data, alpha, tactic, instances, exact_success, signal_of):
    counts, g, target = data.draw(instances())
    found = bayes_success(signal_of(counts, g, target), float(alpha), tactic)
    assert found == pytest.approx(float(exact_success(counts, g, target, alpha, tactic)), abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), alpha=SHARES)
def test_success_of_erasing_is_what_the_definitions_say(data, alpha, instances, exact_success, signal_of):
    counts, g, target = data.draw(instances(idempotent=True))
    found = bayes_success(signal_of(counts, g, target), float(alpha), "erase")
    assert found == pytest.approx(float(exact_success(counts, g, target, alpha, "erase")), abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), epsilon=st.floats(0, 0.9))
def test_a_suboptimal_firm_is_optimal_for_a_law_that_is_mixed_with_another(seed, epsilon):
    rng = np.random.default_rng(seed)
    table = FiniteTable(rng.dirichlet(np.full(12, 0.5)).reshape(4, 3))
    may = possible_labels(table, epsilon)
    for noise in rng.dirichlet(np.full(3, 0.2), size=(50, 4)):
        predicted = ((1 - epsilon) * table.conditional + epsilon * noise).argmax(axis=1)
        assert may[np.arange(4), predicted].all()
    for label in range(3):  # the law that speaks for one label alone makes it the prediction wherever it is possible
        mixed = (1 - epsilon) * table.conditional + epsilon * (np.arange(3) == label)
        assert (may[:, label] == (mixed[:, label] >= mixed.max(axis=1) - 1e-12 * (1 - epsilon))).all()


def test_anything_may_be_said_where_nothing_is_known():
    assert possible_labels(FiniteTable([[1.0, 0.0], [0.0, 0.0]])).tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("epsilon", [-0.1, 1.0, float("nan")])
def test_epsilon_out_of_range(epsilon, car_market):
    with pytest.raises(GridError, match="epsilon"):
        bayes_success(car_market("Good"), 0.1, epsilon=epsilon)
