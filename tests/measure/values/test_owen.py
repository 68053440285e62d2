from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.values.owen import owen
from dataleverage.measure.values.semivalues import shapley


def test_two_of_three_who_stand_together(game_of):
    """Owen (1977): with a majority of three, two in a union have all, and share it."""
    table = game_of(lambda who: float(len(who) >= 2), 3)
    assert owen(table, {"left": ["A", "B"], "right": ["C"]})["v"].tolist() == pytest.approx([0.5, 0.5, 0], abs=1e-12)
    assert owen(table, {"one": "A", "two": "B", "three": "C"})["v"].tolist() == pytest.approx([1 / 3] * 3, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n=st.integers(1, 7))
def test_unanimity_games(game_of, data, n):
    """Unions that are needed share in equal parts, and so do the needed within each; these games span all others."""
    needed = data.draw(st.sets(st.integers(0, n - 1), min_size=1))
    union = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    table = game_of(lambda who: float(needed <= set(who)), n)
    unions = {f"u{k}": [table.objects[j] for j in range(n) if union[j] == k] for k in set(union)}
    meeting = {union[j] for j in needed}
    expected = [(j in needed) / len(meeting) / max(sum(union[i] == union[j] for i in needed), 1) for j in range(n)]
    assert owen(table, unions)["v"].tolist() == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n=st.integers(1, 6), seed=st.integers(0, 9999))
def test_the_mean_over_orders_that_keep_unions_together(table_of, data, n, seed):
    table = table_of(n, seed=seed)
    union = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    unions = {f"u{k}": [table.objects[j] for j in range(n) if union[j] == k] for k in set(union)}
    value, orders = np.zeros((n, 2)), 0
    for order in permutations(range(n)):
        changes = sum(union[a] != union[b] for a, b in pairwise(order))
        if changes + 1 > len(unions):
            continue  # a union is torn apart
        row, orders = 0, orders + 1
        for j in order:
            value[j] += table.scores[row | 1 << j] - table.scores[row]
            row |= 1 << j
    found = owen(table, unions)
    np.testing.assert_allclose(found.to_numpy(), value / orders, atol=1e-9)
    np.testing.assert_allclose(found.sum().to_numpy(), table.scores[-1] - table.scores[0], atol=1e-9)
    # The game between unions is played as Shapley's.
    names = list(unions)
    bits = [sum(1 << table.objects.index(name) for name in unions[u]) for u in names]
    rows = np.array([[i >> k & 1 for k in range(len(names))] for i in range(2 ** len(names))], dtype=np.uint8)
    between = shapley(Table(rows, table.scores[rows @ np.array(bits)], tuple(names), table.columns))
    for u in names:
        np.testing.assert_allclose(found.loc[unions[u]].sum().to_numpy(), between.loc[u].to_numpy(), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999))
def test_one_union_of_all_or_of_each_is_shapley(table_of, n, seed):
    table = table_of(n, seed=seed)
    expected = shapley(table).to_numpy()
    np.testing.assert_allclose(owen(table, {"all": table.objects}).to_numpy(), expected, atol=1e-9)
    np.testing.assert_allclose(owen(table, {name: [name] for name in table.objects}).to_numpy(), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("unions", "what"),
    [
        ({"u": ["A", "B"]}, "C are in no union"),
        ({"u": ["A", "B"], "w": ["B", "C"]}, "'B' is in the unions 'u' and 'w'"),
        ({"u": ["A", "A", "B", "C"]}, "'A' is in the unions 'u' and 'u'"),
        ({"u": ["A", "B", "C"], "w": []}, "'w' is empty"),
        ({"u": ["A", "B", "C", "Z"]}, "'Z', which is no object"),
        ({}, "in no union"),
    ],
)
def test_unions_that_are_no_partition(table_of, unions, what):
    with pytest.raises(GridError, match=what):
        owen(table_of(3), unions)


def test_holes(table_of):
    table = table_of(2)
    with pytest.raises(MissingCell, match="no cells for B"):
        owen(Table(table.rows[[0, 1, 3]], table.scores[[0, 1, 3]], table.objects, table.columns), {"u": "AB"})
