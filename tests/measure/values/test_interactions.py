from __future__ import annotations

import json
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.values.interactions import interactions, moebius
from dataleverage.measure.values.semivalues import banzhaf, shapley

PEERS = json.loads((Path(__file__).parents[1] / "fixtures" / "peers.json").read_text())


def brute(table, i, j, weight):
    """Grabisch & Roubens (1999): a sum over the rows without the pair."""
    n = len(table.objects)
    others = [k for k in range(n) if k not in (i, j)]
    total = np.zeros(table.scores.shape[1])
    for size in range(n - 1):
        for held in combinations(others, size):
            row = sum(1 << k for k in held)
            v = table.scores
            total += weight(size) * (v[row | 1 << i | 1 << j] - v[row | 1 << i] - v[row | 1 << j] + v[row])
    return total


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 6), seed=st.integers(0, 9999))
def test_interactions_are_what_their_definitions_say(table_of, n, seed):
    table = table_of(n, seed=seed)
    fair, even = interactions(table), interactions(table, "banzhaf")
    assert len(fair) == n * (n - 1) // 2 and fair.index.names == ["object", "with"]
    for i, j in combinations(range(n), 2):
        pair = (table.objects[i], table.objects[j])
        exact = brute(table, i, j, lambda s: factorial(s) * factorial(n - s - 2) / factorial(n - 1))
        np.testing.assert_allclose(fair.loc[pair].to_numpy(), exact, atol=1e-9)
        np.testing.assert_allclose(even.loc[pair].to_numpy(), brute(table, i, j, lambda s: 0.5 ** (n - 2)), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999))
def test_dividends_sum_back_to_scores(table_of, n, seed):
    table = table_of(n, seed=seed)
    dividends = moebius(table)
    assert dividends.index.tolist() == table.frame.index.tolist()
    for row in range(2**n):
        inside = [part for part in range(2**n) if part & row == part]
        np.testing.assert_allclose(dividends.to_numpy()[inside].sum(axis=0), table.scores[row], atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 9999))
def test_values_share_the_dividends(table_of, n, seed):
    """Shapley shares a dividend in equal parts (Harsanyi 1963); Banzhaf halves it for everyone who must come too."""
    table = table_of(n, seed=seed)
    dividends = moebius(table).to_numpy()
    held = table.rows.astype(bool)
    size = held.sum(axis=1)
    for j in range(n):
        mine = held[:, j]
        fair = (dividends[mine] / size[mine, None]).sum(axis=0)
        even = (dividends[mine] / 2.0 ** (size[mine, None] - 1)).sum(axis=0)
        np.testing.assert_allclose(shapley(table).to_numpy()[j], fair, atol=1e-9)
        np.testing.assert_allclose(banzhaf(table).to_numpy()[j], even, atol=1e-9)


def test_complements_substitutes_and_strangers(game_of):
    """A and B are worth something only together; C and D are worth 2 between them; E minds nobody."""
    table = game_of(lambda who: float({0, 1} <= set(who)) + 2.0 * bool({2, 3} & set(who)) + 5.0 * (4 in who), 5)
    for index in ("shapley", "banzhaf"):
        found = interactions(table, index)["v"]
        assert found.loc["A", "B"] == pytest.approx(1, abs=1e-12) and found.loc["C", "D"] == pytest.approx(-2, abs=1e-12)
        assert found.drop([("A", "B"), ("C", "D")]).abs().max() < 1e-12
    assert moebius(table)["v"].loc[["AB", "CD", "E", "AE", ""]].tolist() == pytest.approx([1, -2, 5, 0, 0], abs=1e-12)


def test_shapiq_agrees():
    rows = np.array([[i >> j & 1 for j in range(6)] for i in range(64)], dtype=np.uint8)
    table = Table(rows, np.array(PEERS["cells"])[:, None], tuple("ABCDEF"), ("v",))
    for index, theirs in (("shapley", "SII"), ("banzhaf", "BII")):
        found = interactions(table, index)["v"]
        assert len(PEERS["shapiq"][theirs]) == 15
        for pair, value in PEERS["shapiq"][theirs].items():
            i, j = map(int, pair.split("+"))
            assert found.loc["ABCDEF"[i], "ABCDEF"[j]] == pytest.approx(value, abs=1e-9), pair
    dividends = moebius(table)["v"]
    assert len(PEERS["shapiq"]["Moebius"]) >= 60
    for who, value in PEERS["shapiq"]["Moebius"].items():
        assert dividends["".join("ABCDEF"[int(j)] for j in who.split("+"))] == pytest.approx(value, abs=1e-9), who


def test_what_cannot_interact(table_of):
    with pytest.raises(GridError, match="two objects"):
        interactions(table_of(1))
    with pytest.raises(GridError, match="no 'stii'"):
        interactions(table_of(3), "stii")
    table = table_of(3)
    part = Table(table.rows[:-1], table.scores[:-1], table.objects, table.columns)
    for value in (interactions, moebius):
        with pytest.raises(MissingCell, match="ABC"):
            value(part)
        with pytest.raises(GridError, match="not off a ndarray"):
            value(table.scores)
