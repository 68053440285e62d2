from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.grid import packed


def systems(count: int, size: int, seed: int):
    """Positive definite matrices of unequal scale, and right-hand sides."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(count, size, size + 2)) * rng.uniform(0.1, 10, size=(count, 1, 1))
    return half @ half.transpose(0, 2, 1) + 0.5 * np.eye(size), rng.normal(size=(count, size))


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 40), size=st.integers(1, packed.SMALL + 3), seed=st.integers(0, 2**32))
def test_systems_are_solved_as_by_lapack(count, size, seed):
    matrices, right = systems(count, size, seed)
    rows, columns = packed.upper(size)
    found = packed.solve(matrices[:, rows, columns], right.copy())
    assert found == pytest.approx(np.linalg.solve(matrices, right[..., None])[..., 0], rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("size", [1, 4, 11, packed.SMALL])
def test_a_system_is_solved_the_same_among_others_and_inputs_stay(size):
    matrices, right = systems(2 * packed.TOGETHER // (size * (size + 1) // 2) + 3 if size > 4 else 500, size, 1)
    rows, columns = packed.upper(size)
    given_matrices = matrices[:, rows, columns]
    before = given_matrices.copy(), right.copy()
    every = packed.solve(given_matrices, right)
    for i in (0, len(right) // 2, len(right) - 1):
        assert np.array_equal(packed.solve(given_matrices[i : i + 1], right[i : i + 1])[0], every[i])
    assert np.array_equal(given_matrices, before[0]) and np.array_equal(right, before[1])


@pytest.mark.parametrize("size", [1, 2, 7])
def test_outer_products_are_packed_upper_triangles(size):
    vectors = np.random.default_rng(size).normal(size=(5, size))
    full = np.einsum("ni,nj->nij", vectors, vectors)
    rows, columns = packed.upper(size)
    assert np.array_equal(packed.outer(vectors), full[:, rows, columns])
    assert np.array_equal(packed.outer(vectors)[:, packed.diagonal(size)], vectors**2)
