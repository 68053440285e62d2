from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dataleverage.grid.learner import pool_of
from dataleverage.grid.span import spanned


def test_distances_and_products_about_the_mean_are_kept(world_named):
    pool = pool_of(world_named("few examples, many features"))
    turned = spanned(pool)
    assert pool.X.shape == (24, 64) and turned.X.shape == (24, 24)
    mean = pool.X.mean(axis=0)
    assert pytest.approx((pool.X - mean) @ (pool.X - mean).T, abs=1e-9) == turned.X @ turned.X.T
    assert turned.X_eval @ turned.X.T == pytest.approx((pool.X_eval - mean) @ (pool.X - mean).T, abs=1e-9)


def test_fewer_features_than_examples_stay_as_they_are(world_named):
    pool = pool_of(world_named("wine"))
    assert spanned(pool) is pool
    square = replace(pool, X=pool.X[:13], y=pool.y[:13], unit=pool.unit[:13])
    assert spanned(square) is square


def test_examples_that_are_all_alike_span_nothing(world_named):
    pool = pool_of(world_named("few examples, many features"))
    turned = spanned(replace(pool, X=np.ones_like(pool.X)))
    assert np.abs(turned.X).max() == 0
