from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from dataleverage.grid import lattice
from dataleverage.grid.lattice import Lattice, by_level
from dataleverage.grid.rows import all_rows


def multilinear(n: int, degree: int, size: int, seed: int = 0):
    """A random sum over sets of at most `degree` objects, as a function of rows."""
    rng = np.random.default_rng(seed)
    terms = [(list(s), rng.normal(size=size)) for k in range(degree + 1) for s in combinations(range(n), k)]
    return lambda rows: sum(rows[:, s].all(axis=1)[:, None] * value for s, value in terms)


def sweep(memory: Lattice, rows, solutions) -> list:
    """Ask for each level and then tell it; the forecasts, level by level."""
    forecasts = []
    for level in by_level(rows):
        forecasts.append((level, memory.forecast(rows[level])))
        memory.learn(rows[level], solutions[level], forecasts[-1][1])
    return forecasts


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("slots", [2**20, 2**4], ids=["a slot for each row", "slots by hash"])
def test_sums_over_sets_of_objects_are_forecast_exactly(degree, slots, monkeypatch):
    monkeypatch.setattr(lattice, "SLOTS", slots)
    n, rows = 7, all_rows(7)
    memory = Lattice(n, 1, 3)
    if slots == 2**4:
        memory.slots = 2**20  # hashed, but without collisions
        memory.codes, memory.place = np.zeros(2**20, dtype=np.uint64), np.full(2**20, -1, dtype=np.int32)
    truth = multilinear(n, degree, 3)(rows)
    for level, forecast in sweep(memory, rows, truth):
        away = int((rows[level[0]] == 0).sum())
        assert forecast.known.all() == (away > 0)
        assert (forecast.depth == min(away, lattice.ORDER)).all()
        if away > degree:
            assert forecast.start == pytest.approx(truth[level], abs=1e-3)
        elif 0 < away <= degree:
            assert np.abs(forecast.start - truth[level]).max() > 1e-2


def test_poisoned_rows_are_forecast_from_rows_with_the_poison_taken_back():
    rows = np.indices((4,) * 4).reshape(4, -1).T.astype(np.uint8)  # absent, clean and two tactics
    effect = np.random.default_rng(0).normal(size=(4, 4, 2))
    truth = effect[np.arange(4), rows].sum(axis=1)
    for level, forecast in sweep(Lattice(4, 3, 2), rows, truth):
        if (rows[level[0]] != 1).sum() > 1:
            assert forecast.start == pytest.approx(truth[level], abs=1e-4)


def test_parents_have_one_more_object_clean_and_come_in_an_earlier_part():
    rows = np.indices((3,) * 5).reshape(5, -1).T.astype(np.uint8)
    memory = Lattice(5, 2, 1)
    sweep(memory, rows, np.zeros((len(rows), 1)))
    child, place = memory.parents(rows)
    found = {(rows[c].tobytes(), memory.rows[p].tobytes()) for c, p in zip(child, place, strict=True)}
    expected = set()
    for row in rows:
        for j in np.flatnonzero(row != 1):
            parent = row.copy()
            parent[j] = 1
            expected.add((row.tobytes(), parent.tobytes()))
    assert found == expected
    when = {rows[i].tobytes(): k for k, part in enumerate(by_level(rows)) for i in part}
    assert all(when[above] < when[below] for below, above in expected)
    assert sorted(np.concatenate(by_level(rows))) == list(range(len(rows)))


def test_rows_without_known_parents_start_at_the_nearest():
    rng = np.random.default_rng(0)
    for n, n_present in ((9, 1), (40, 1), (30, 2)):
        memory = Lattice(n, n_present, 2)
        known, asked = rng.integers(0, n_present + 1, (50, n)).astype(np.uint8), rng.integers(0, 2, (20, n)).astype(np.uint8)
        solutions = rng.normal(size=(50, 2))
        memory.learn(known, solutions, memory.forecast(known))
        start = memory.nearest(asked)
        for row, found in zip(asked, start, strict=True):
            away = ((row[:, None] != np.arange(1, n_present + 1)) != (known[:, :, None] != np.arange(1, n_present + 1))).sum(
                (1, 2)
            )
            nearest = solutions[away == away.min()]
            assert min(np.abs(found - each).max() for each in nearest) < 1e-6


def test_nothing_known_starts_at_zero():
    forecast = Lattice(6, 1, 4).forecast(all_rows(6))
    assert not forecast.start.any()
    assert not forecast.known.any()


def test_a_single_known_parent_is_taken_as_it_is():
    memory = Lattice(50, 1, 3)
    rows = np.ones((4, 50), dtype=np.uint8)
    for i in range(1, 4):
        rows[i:, i] = 0
    solutions = np.random.default_rng(0).normal(size=(4, 3))
    forecasts = [forecast for _, forecast in sweep(memory, rows, solutions)]
    assert forecasts[3].start[0] == pytest.approx(solutions[2], abs=1e-6)  # one of three parents: no extrapolation


def test_what_was_told_first_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(lattice, "MEMORY", 40 * (4 * lattice.ORDER * 2 + 8 + 16))
    rows = all_rows(8)
    memory = Lattice(8, 1, 2)
    assert memory.capacity == 40
    truth = np.random.default_rng(1).normal(size=(len(rows), 2))
    levels = by_level(rows)
    sweep(memory, rows, truth)
    assert len(memory) == 40
    last = np.concatenate(levels)[-40:]
    assert {row.tobytes() for row in memory.rows} == {rows[i].tobytes() for i in last}
    child, place = memory.parents(rows)
    assert all(
        (memory.rows[p] >= rows[c]).all() and memory.rows[p].sum() == rows[c].sum() + 1
        for c, p in zip(child, place, strict=True)
    )
    kept = {rows[i].tobytes(): truth[i] for i in last}
    assert all(memory.forecasts[p, 0] == pytest.approx(kept[memory.rows[p].tobytes()], rel=1e-6) for p in range(40))


def test_memory_is_bounded():
    assert Lattice(40, 1, 31).capacity <= lattice.MOST_ROWS
    wide = Lattice(40, 1, 10_000)
    assert 1 <= wide.capacity * wide.size * lattice.ORDER * 4 <= lattice.MEMORY
