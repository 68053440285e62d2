from __future__ import annotations

import json
from functools import partial
from itertools import combinations, permutations
from math import comb, factorial, prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.special import beta as beta_function

import dataleverage as dl
from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.values.semivalues import banzhaf, beta_shapley, semivalue, shapley

PEERS = json.loads((Path(__file__).parents[1] / "fixtures" / "peers.json").read_text())
EVERY = [shapley, banzhaf, partial(beta_shapley, alpha=4, beta=1), partial(beta_shapley, alpha=0.5, beta=2.5)]

# ------------------------------------------------------------------ games with closed forms


def voting(quota, weights):
    return lambda who: float(sum(weights[j] for j in who) >= quota)


def test_the_security_council(game_of):
    """Five vetoes and ten others, nine votes to pass: 421/2145 and 4/2145 (Shapley & Shubik); 848 and 84 swings (Banzhaf)."""
    table = game_of(voting(39, [7] * 5 + [1] * 10), 15)
    index = shapley(table)["v"].to_numpy()
    assert index == pytest.approx([421 / 2145] * 5 + [4 / 2145] * 10, abs=1e-12)
    assert banzhaf(table)["v"].to_numpy() == pytest.approx([848 / 2**14] * 5 + [84 / 2**14] * 10, abs=1e-12)


def test_a_vote_of_four_three_two_one_one(game_of):
    """[4; 3, 2, 1, 1]: the first is pivotal in half of all orders, and swings 6 of 8 coalitions; the others 2 of 8."""
    table = game_of(voting(4, [3, 2, 1, 1]), 4)
    assert shapley(table)["v"].tolist() == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6], abs=1e-12)
    assert banzhaf(table)["v"].tolist() == pytest.approx([6 / 8, 2 / 8, 2 / 8, 2 / 8], abs=1e-12)


@pytest.mark.parametrize("right", [1, 2, 3, 7])
def test_one_left_glove(game_of, right):
    """The left glove is worth something unless it comes before all right ones."""
    table = game_of(lambda who: float(min(0 in who, len(who) - (0 in who))), right + 1)
    each = 1 / (right * (right + 1))
    assert shapley(table)["v"].tolist() == pytest.approx([right / (right + 1), *[each] * right], abs=1e-12)


def test_the_airport(game_of):
    """Littlechild & Owen (1973): each piece of runway is shared by those who need it."""
    needs = [1.0, 1.0, 2.5, 4.0, 4.0, 7.0, 10.0]
    order = [3, 0, 6, 2, 5, 1, 4]
    cost = [needs[k] for k in order]
    table = game_of(lambda who: max((cost[j] for j in who), default=0.0), 7)
    pieces = np.diff([0.0, *needs]) / np.arange(7, 0, -1)
    assert shapley(table)["v"].tolist() == pytest.approx([pieces[: k + 1].sum() for k in order], abs=1e-12)


def test_the_minimum_spanning_tree(game_of):
    """Two towns away from the source: each pays the road to the town in equal parts, and its own street."""
    town, road, street = [0, 0, 0, 1, 1], [9.0, 4.0], [2.0, 3.0]
    n = len(town)
    length = np.full((n + 1, n + 1), 100.0)  # between towns
    for i in range(n):
        length[0, i + 1] = length[i + 1, 0] = road[town[i]]
        for j in range(n):
            if town[i] == town[j]:
                length[i + 1, j + 1] = street[town[i]]
    np.fill_diagonal(length, 0)

    def cost(who):
        nodes = [0, *(j + 1 for j in who)]
        return float(minimum_spanning_tree(length[np.ix_(nodes, nodes)]).sum())

    sizes = [town.count(t) for t in town]
    expected = [street[t] + (road[t] - street[t]) / size for t, size in zip(town, sizes, strict=True)]
    assert shapley(game_of(cost, n))["v"].tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 6, 9])
def test_miners(game_of, n):
    """Two miners carry one bar of gold."""
    assert shapley(game_of(lambda who: len(who) // 2, n))["v"].tolist() == pytest.approx([n // 2 / n] * n, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(p=st.floats(0.05, 0.95), n=st.integers(1, 7), seed=st.integers(0, 99))
def test_a_product_game_at_any_chance(game_of, p, n, seed):
    """A binomial semivalue is the derivative of the multilinear extension (Owen 1972), which factors for a product."""
    a = np.random.default_rng(seed).normal(1, 0.5, n)
    table = game_of(lambda who: prod(a[who]), n)
    weights = [p**s * (1 - p) ** (n - 1 - s) for s in range(n)]
    mixed = 1 - p + p * a
    expected = [(a[j] - 1) * np.prod(np.delete(mixed, j)) for j in range(n)]
    assert semivalue(table, weights)["v"].tolist() == pytest.approx(expected, abs=1e-9)


# ------------------------------------------------------------------ brute force and other packages


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999))
def test_shapley_is_the_mean_over_orders(table_of, n, seed):
    table = table_of(n, seed=seed)
    value = np.zeros((n, 2))
    for order in permutations(range(n)):
        row = 0
        for j in order:
            value[j] += table.scores[row | 1 << j] - table.scores[row]
            row |= 1 << j
    np.testing.assert_allclose(shapley(table).to_numpy(), value / factorial(n), atol=1e-9)


def brute(table, weight):
    """The definition: a sum over the rows without an object."""
    n = len(table.objects)
    value = np.zeros((n, table.scores.shape[1]))
    for j in range(n):
        others = [i for i in range(n) if i != j]
        for size in range(n):
            for held in combinations(others, size):
                row = sum(1 << i for i in held)
                value[j] += weight(size) * (table.scores[row | 1 << j] - table.scores[row])
    return value


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999), alpha=st.floats(0.1, 20), beta=st.floats(0.1, 20))
def test_values_are_what_their_definitions_say(table_of, n, seed, alpha, beta):
    table = table_of(n, seed=seed)
    np.testing.assert_allclose(banzhaf(table).to_numpy(), brute(table, lambda s: 0.5 ** (n - 1)), atol=1e-9)
    exact = brute(table, lambda s: beta_function(s + beta, n - 1 - s + alpha) / beta_function(alpha, beta))
    np.testing.assert_allclose(beta_shapley(table, alpha, beta).to_numpy(), exact, atol=1e-9)
    drawn = np.random.default_rng(seed).random(n)
    drawn /= sum(comb(n - 1, s) * w for s, w in enumerate(drawn))
    np.testing.assert_allclose(semivalue(table, drawn).to_numpy(), brute(table, lambda s: drawn[s]), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999))
def test_beta_one_one_is_shapley(table_of, n, seed):
    table = table_of(n, seed=seed)
    fair = [factorial(s) * factorial(n - 1 - s) / factorial(n) for s in range(n)]
    expected = semivalue(table, fair).to_numpy()
    np.testing.assert_allclose(beta_shapley(table, 1, 1).to_numpy(), expected, atol=1e-9)
    np.testing.assert_allclose(shapley(table).to_numpy(), expected, atol=1e-9)


def peers_table():
    rows = np.array([[i >> j & 1 for j in range(6)] for i in range(64)], dtype=np.uint8)
    return Table(rows, np.array(PEERS["cells"])[:, None], tuple("ABCDEF"), ("v",))


def test_shapiq_and_pydvl_agree():
    table = peers_table()
    assert shapley(table)["v"].tolist() == pytest.approx(list(PEERS["shapiq"]["SV"].values()), abs=1e-9)
    assert banzhaf(table)["v"].tolist() == pytest.approx(list(PEERS["shapiq"]["BV"].values()), abs=1e-9)
    assert shapley(table)["v"].tolist() == pytest.approx(PEERS["pydvl"]["shapley"], abs=1e-9)
    assert banzhaf(table)["v"].tolist() == pytest.approx(PEERS["pydvl"]["banzhaf"], abs=1e-9)
    for one in PEERS["pydvl"]["beta"]:
        found = beta_shapley(table, one["alpha"], one["beta"])["v"].tolist()
        assert found == pytest.approx(one["values"], abs=1e-9), one


# ------------------------------------------------------------------ axioms


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 8), seed=st.integers(0, 9999), scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_efficiency(table_of, n, seed, scale):
    table = table_of(n, seed=seed, scale=scale)
    whole = table.scores[-1] - table.scores[0]
    np.testing.assert_allclose(shapley(table).sum().to_numpy(), whole, atol=1e-9 * scale)


@pytest.mark.parametrize("value", EVERY)
@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 6), seed=st.integers(0, 9999), data=st.data())
def test_symmetry_null_player_and_dummy(table_of, value, n, seed, data):
    """Two objects that are the same in every row are worth the same; one that adds a constant is worth that constant."""
    table = table_of(n, seed=seed)
    i, j = data.draw(st.permutations(range(n)))[:2]
    swapped = np.arange(2**n)
    swapped = swapped & ~(1 << i | 1 << j) | (swapped >> i & 1) << j | (swapped >> j & 1) << i
    even = Table(table.rows, (table.scores + table.scores[swapped]) / 2, table.objects, table.columns)
    found = value(even).to_numpy()
    np.testing.assert_allclose(found[i], found[j], atol=1e-9)
    without = np.arange(2**n) & ~(1 << i)
    gift = np.array([0.0, 3.25]) * (np.arange(2**n) >> i & 1)[:, None]
    dummy = Table(table.rows, table.scores[without] + gift, table.objects, table.columns)
    np.testing.assert_allclose(value(dummy).to_numpy()[i], [0.0, 3.25], atol=1e-9)


@pytest.mark.parametrize("value", EVERY)
@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999), a=st.floats(-5, 5), b=st.floats(-5, 5))
def test_linearity(table_of, value, n, seed, a, b):
    table = table_of(n, seed=seed)
    mixed = Table(table.rows, table.scores @ np.array([[a], [b]]) + 7, table.objects, ("mixed",))
    expected = value(table).to_numpy() @ np.array([a, b])
    np.testing.assert_allclose(value(mixed)["mixed"].to_numpy(), expected, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 10), alpha=st.floats(0.1, 20), beta=st.floats(0.1, 20))
def test_beta_weights_sum_to_one(game_of, n, alpha, beta):
    """An object that always adds one is worth the sum of the weights over the rows without it."""
    found = beta_shapley(game_of(len, n), alpha, beta)["v"].to_numpy()
    np.testing.assert_allclose(found, np.ones(n), atol=1e-9)


def test_log_weights_for_sixteen_objects(table_of):
    from scipy.special import gammaln

    n = 16
    table = table_of(n, columns=1)
    s = np.arange(n)
    logs = gammaln(s + 1) + gammaln(n - s) - gammaln(n + 1)
    found = semivalue(table, logs, log=True).to_numpy()
    np.testing.assert_allclose(found, shapley(table).to_numpy(), atol=1e-9)
    assert found.sum() == pytest.approx(table.scores[-1, 0] - table.scores[0, 0], abs=1e-9)
    # A size that is left out has the logarithm −inf: this is leave-one-out.
    last = np.append(np.full(n - 1, -np.inf), 0.0)
    full = 2**n - 1
    loo = [table.scores[full, 0] - table.scores[full - (1 << j), 0] for j in range(n)]
    assert semivalue(table, last, log=True)["x"].tolist() == pytest.approx(loo, abs=1e-12)


# ------------------------------------------------------------------ tables as they come


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 5), seed=st.integers(0, 999))
def test_the_order_of_rows_is_nothing_and_poison_is_left_out(table_of, n, seed):
    table = table_of(n, seed=seed)
    rng = np.random.default_rng(seed)
    poisoned = rng.integers(0, 4, size=(9, n)).astype(np.uint8)
    poisoned[:, 0] = 2
    rows = np.concatenate([table.rows, np.unique(poisoned, axis=0)])
    scores = np.concatenate([table.scores, np.full((len(rows) - 2**n, 2), np.nan)])
    order = rng.permutation(len(rows))
    mixed = Table(rows[order], scores[order], table.objects, table.columns)
    for value in EVERY:
        np.testing.assert_array_equal(value(mixed).to_numpy(), value(table).to_numpy())


def test_the_result_is_objects_by_columns(table_of):
    found = dl.values.shapley(table_of(3))
    assert found.index.tolist() == ["A", "B", "C"] and found.index.name == "object" and list(found.columns) == ["x", "y"]


@pytest.mark.parametrize("value", EVERY)
def test_holes_are_named(table_of, value):
    table = table_of(4)
    kept = [i for i in range(16) if i not in (0, 5, 12)]
    part = Table(table.rows[kept], table.scores[kept], table.objects, table.columns)
    with pytest.raises(MissingCell, match="no cells for the empty row, AC, CD\n"):
        value(part)
    with pytest.raises(MissingCell, match=r"A, B, AB, C, AC, BC, ABC, D and 7 more"):
        value(Table(table.rows[:1], table.scores[:1], table.objects, table.columns))


@pytest.mark.parametrize("value", EVERY)
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_cells_that_are_no_numbers_are_named(table_of, value, broken):
    table = table_of(3)
    scores = table.scores.copy()
    scores[[0, 5], [1, 0]] = broken
    with pytest.raises(GridError, match="2 cells are not finite numbers: the empty row on y, AC on x"):
        value(Table(table.rows, scores, table.objects, table.columns))


@pytest.mark.parametrize("value", [*EVERY, partial(semivalue, weights=[1.0])])
def test_what_is_no_table(table_of, value):
    with pytest.raises(GridError, match="not off a DataFrame") as caught:
        value(table_of(2).frame)
    assert "unveil" in caught.value.remedy


def test_too_many_objects_to_enumerate():
    names = tuple(f"o{j}" for j in range(21))
    table = Table(np.ones((1, 21), dtype=np.uint8), np.ones((1, 1)), names, ("v",))
    with pytest.raises(GridError, match=r"21 objects have 2\*\*21 rows") as caught:
        shapley(table)
    assert "estimate" in caught.value.remedy
    with pytest.raises(GridError, match="no objects"):
        shapley(Table(np.zeros((1, 0), dtype=np.uint8), np.ones((1, 1)), (), ("v",)))


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        ([0.5, 0.5], r"shape \(2,\); 3 objects need \(3,\)"),
        ([[1 / 3, 1 / 6, 1 / 3]], "shape"),
        ([0.5, 0.5, 0.5], "sum to 2"),
        ([-1, 1, 0], "at least 0"),
        ([np.nan, 0, 1], "finite"),
        ([np.inf, 0, 0], "finite"),
        (["a", "b", "c"], "not numbers"),
        ([[1], [1, 2]], "not numbers"),
    ],
)
def test_weights_that_make_no_semivalue(table_of, weights, what):
    with pytest.raises(GridError, match=what):
        semivalue(table_of(3), weights)


@pytest.mark.parametrize(("alpha", "beta"), [(0, 1), (1, 0), (-1, 2), (np.nan, 1), (1, np.inf)])
def test_beta_needs_positive_numbers(table_of, alpha, beta):
    with pytest.raises(GridError, match="not defined"):
        beta_shapley(table_of(3), alpha, beta)
