from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from dataleverage.measure.values.samplers import SAMPLERS, Unions, gains, in_order, orders

RNG = np.random.default_rng


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_draw_has_the_rows_it_says(name, n):
    sampler = SAMPLERS[name](n, 1)
    rows = sampler.draw(5, RNG(0))
    ends = 2 if name == "kernel" else 0  # nothing and everything, once
    assert rows.shape == (5 * sampler.rows_per_draw + ends, n) and rows.dtype == np.uint8 and rows.max() == 1
    sampler.take(rows, rows @ np.arange(1.0, n + 1)[:, None])
    assert sampler.draws == 5
    assert sampler.draw(3, RNG(1)).shape == (3 * sampler.rows_per_draw, n)


def test_orders_are_all_as_likely():
    drawn = orders(24_000, 4, RNG(0))
    counts = [(drawn == order).all(axis=1).sum() for order in permutations(range(4))]
    assert len(counts) == 24 and sum(((c - 1000) / 31) ** 2 for c in counts) < 50  # chi-squared, 23 degrees of freedom


def test_objects_gain_on_arrival():
    order = np.array([[2, 0, 1], [1, 2, 0]])
    rows = in_order(order)
    assert rows.reshape(2, 4, 3).tolist() == [
        [[0, 0, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]],
        [[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 1, 1]],
    ]
    scores = np.array([[0.0, 5, 4, 10], [1, 1, 8, 9]])[:, :, None]
    assert gains(rows.reshape(2, 4, 3), scores, np.ones(3))[:, :, 0].tolist() == [[-1, 6, 5], [1, 0, 7]]
    weighed = gains(rows.reshape(2, 4, 3), scores, np.array([1.0, 2.0, 3.0]))  # by who came before
    assert weighed[:, :, 0].tolist() == [[-2, 18, 5], [3, 0, 14]]


def test_a_reverse_follows_its_order():
    rows = SAMPLERS["antithetic"](5, 1).draw(6, RNG(0)).reshape(6, 2, 6, 5)
    np.testing.assert_array_equal(rows[:, 1, ::-1], 1 - rows[:, 0])  # who is not there forth is there back


def test_unions_stay_together_and_are_in_any_order():
    sampler = Unions(5, 1, np.array([0, 1, 0, 1, 2]))
    rows = sampler.draw(6000, RNG(0)).reshape(6000, 2, 6, 5)
    np.testing.assert_array_equal(rows[:, 1, ::-1], 1 - rows[:, 0])
    arrival = 5 - rows[:, 0].sum(axis=1, dtype=np.int64)  # (6000, 5) the place of each object, from 0
    assert (abs(arrival[:, 0] - arrival[:, 2]) == 1).all() and (abs(arrival[:, 1] - arrival[:, 3]) == 1).all()
    # 3! orders of unions, twice 2! within: 24 orders as likely.
    counts = np.unique(arrival, axis=0, return_counts=True)[1]
    assert len(counts) == 24 and sum((c - 250) ** 2 / 250 for c in counts) < 50  # chi-squared, 23 degrees of freedom


def test_strata_hold_every_object_at_every_size():
    rows = SAMPLERS["stratified"](4, 1).draw(300, RNG(0)).reshape(300, 4, 4, 2, 4)
    without, held = rows[:, :, :, 0], rows[:, :, :, 1]
    for j in range(4):
        assert not without[:, j, :, j].any() and held[:, j, :, j].all()
        np.testing.assert_array_equal(np.delete(without[:, j], j, axis=-1), np.delete(held[:, j], j, axis=-1))
    assert (without.sum(axis=-1) == np.arange(4)).all()
    others = without[:, 0, 1, 1:].mean(axis=0)
    np.testing.assert_allclose(others, 1 / 3, atol=4 * np.sqrt(2 / 9 / 300))


def test_kernel_rows_come_with_their_complement_and_in_proportion():
    n, count = 5, 200_000
    rows = SAMPLERS["kernel"](n, 1).draw(count, RNG(0))[2:].reshape(count, 2, n)
    np.testing.assert_array_equal(rows[:, 0] + rows[:, 1], 1)
    size = rows[:, 0].sum(axis=1)
    chance = np.array([1 / (s * (n - s)) for s in range(1, n)])
    chance /= chance.sum()
    seen = np.bincount(size, minlength=n)[1:] / count
    np.testing.assert_allclose(seen, chance, atol=4 * np.sqrt(0.21 / count))


def test_the_kernel_s_regression_of_all_rows_is_shapley(table_of):
    """Every row as often as its weight says: the constrained least squares of Lundberg & Lee (2017) is exact."""
    from dataleverage.measure.values.semivalues import shapley

    n = 5
    table = table_of(n)
    rows, scores = [], []
    for row in range(1, 2 ** (n - 1)):  # one of each pair
        size = bin(row).count("1")
        times = 60 // (size * (n - size)) * 60 // [n, n * (n - 1) // 2][min(size, n - size) - 1]
        for _ in range(times):
            rows += [table.rows[row], table.rows[2**n - 1 - row]]
            scores += [table.scores[row], table.scores[2**n - 1 - row]]
    sampler = SAMPLERS["kernel"](n, 2)
    ends = [table.rows[0], table.rows[-1]]
    sampler.take(np.array([*ends, *rows]), np.array([table.scores[0], table.scores[-1], *scores]))
    np.testing.assert_allclose(sampler.result()[0], shapley(table).to_numpy(), atol=1e-9)


def test_reused_samples_of_all_rows_are_banzhaf(table_of):
    from dataleverage.measure.values.semivalues import banzhaf

    table = table_of(4)
    sampler = SAMPLERS["msr"](4, 2)
    for part in np.array_split(np.arange(16), 3):
        sampler.take(table.rows[part], table.scores[part])
    values, errors = sampler.result()
    np.testing.assert_allclose(values, banzhaf(table).to_numpy(), atol=1e-12)
    held = table.rows.astype(bool)
    for j in range(4):
        of_means = table.scores[held[:, j]].var(axis=0) / 7 + table.scores[~held[:, j]].var(axis=0) / 7
        np.testing.assert_allclose(errors[j], np.sqrt(of_means), rtol=1e-9)


@pytest.mark.parametrize("name", ["permutation", "antithetic", "stratified"])
def test_the_error_is_that_of_a_mean_of_draws(name, table_of):
    table = table_of(4, columns=1)
    sampler, alone = SAMPLERS[name](4, 1), []
    for seed in range(9):
        one = SAMPLERS[name](4, 1)
        rows = one.draw(1, RNG(seed))
        for each in (sampler, one):
            each.take(rows, table.known(rows) + 1e6)  # far from nothing, so that sums of squares would cancel
        alone.append(one.result()[0])
        assert np.isinf(one.result()[1]).all()
    mean, error = sampler.result()
    np.testing.assert_allclose(mean, np.mean(alone, axis=0), atol=1e-8)
    np.testing.assert_allclose(error, np.std(alone, axis=0, ddof=1) / 3, rtol=1e-6, atol=1e-9)
