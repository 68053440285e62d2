from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import dataleverage as dl
from dataleverage.errors import GridError


def test_effects_are_those_of_ridge_regression_and_rank_held_out_rows():
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (200, 6))
    masks = np.unique(masks, axis=0)
    margins = masks @ np.array([3.0, 1.0, 0.0, -2.0, 0.5, 0.1]) + 7
    found = dl.values.datamodel(dl.Grid.from_masks(masks, margins).unveil(), penalty=0.5)
    assert found["score"].to_numpy() == pytest.approx(Ridge(alpha=0.5).fit(masks, margins).coef_, abs=1e-9)
    assert found.attrs["rank"]["score"] > 0.99


def test_on_every_row_effects_are_shrunken_banzhaf_values():
    rng = np.random.default_rng(1)
    table = dl.Grid.from_masks((np.arange(64)[:, None] >> np.arange(6)) & 1, rng.normal(size=(64, 2))).unveil()
    # over all rows the centred features are orthogonal, with squares that sum to 64/4
    expected = dl.values.banzhaf(table).to_numpy() * 16 / (16 + 0.1)
    assert dl.values.datamodel(table, penalty=0.1).to_numpy() == pytest.approx(expected, abs=1e-10)


def test_noise_ranks_nothing_and_nonsense_is_refused():
    rng = np.random.default_rng(2)
    table = dl.Grid.from_masks(rng.integers(0, 2, (100, 12)), rng.normal(size=100)).unveil()
    assert abs(dl.values.datamodel(table).attrs["rank"]["score"]) < 0.4
    with pytest.raises(GridError, match="penalty"):
        dl.values.datamodel(table, penalty=0)
    with pytest.raises(GridError, match="folds"):
        dl.values.datamodel(dl.Grid.from_masks([[1, 0], [0, 1]], [1.0, 2.0]).unveil())
    with pytest.raises(GridError, match="read off a table"):
        dl.values.datamodel(table.frame)
