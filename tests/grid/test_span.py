from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dataleverage.grid.learner import pool_of
from dataleverage.grid.span import spanned


def test_distances_and_products_about_the_mean_are_kept(world_named):
    pool = pool_of(world_named("few examples, many features"))
    turned = spanned(pool)
    assert pool.X.shape == (24, 64) and turned.X.shape in ((24, 24), (24, 23))  # about their mean 24 points span 23 dimensions
    mean = pool.X.mean(axis=0)
    assert pytest.approx((pool.X - mean) @ (pool.X - mean).T, abs=1e-9) == turned.X @ turned.X.T
    assert turned.X_eval @ turned.X.T == pytest.approx((pool.X_eval - mean) @ (pool.X - mean).T, abs=1e-9)


@pytest.mark.parametrize("shared", [0.0, 1e3])
def test_examples_far_from_dependent_and_near_to_it_are_turned_alike(world_named, shared):
    """Features of a thousand times the others' size make all of them nearly dependent."""
    rng = np.random.default_rng(0)
    X, X_eval = rng.normal(size=(20, 300)), rng.normal(size=(7, 300))
    X[:, :5] += shared * rng.normal(size=(20, 5))
    pool = replace(pool_of(world_named("wine")), X=X, X_eval=X_eval)
    turned, mean = spanned(pool), X.mean(axis=0)
    assert turned.X.shape[1] == (20 if shared else 19)
    exact = (X - mean) @ (X - mean).T
    assert np.abs(turned.X @ turned.X.T - exact).max() < 1e-13 * np.abs(exact).max()
    assert turned.X_eval @ turned.X.T == pytest.approx((X_eval - mean) @ (X - mean).T, rel=1e-9, abs=1e-9)


def test_fewer_features_than_examples_stay_as_they_are(world_named):
    pool = pool_of(world_named("wine"))
    assert spanned(pool) is pool
    square = replace(pool, X=pool.X[:13], y=pool.y[:13], unit=pool.unit[:13])
    assert spanned(square) is square


def test_examples_that_are_all_alike_span_nothing(world_named):
    pool = pool_of(world_named("few examples, many features"))
    turned = spanned(replace(pool, X=np.ones_like(pool.X)))
    assert np.abs(turned.X).max() == 0
