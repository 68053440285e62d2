"""The surrogates that a scenario can name: what they sample, what they refuse, and how they are judged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import spearmanr

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.grid.surrogates import AdditiveDatamodel, InfluenceFunctions, NeighbourMeans, PairwiseDatamodel, SurrogateKind
from dataleverage.kinds import family
from dataleverage.streams import Streams


@given(st.integers(1, 12), st.integers(1, 3), st.integers(10, 60), st.sampled_from([None, 0.2, 0.8]), st.integers(0, 99))
def test_a_sample_is_distinct_rows_with_both_ends(n, n_present, rows, share, seed):
    kind = AdditiveDatamodel(rows=rows, share=share)
    sample = kind.sample(n, n_present, Streams(seed))
    assert sample.dtype == np.uint8
    assert sample.shape[1] == n
    assert sample.max(initial=0) <= n_present
    assert len(np.unique(sample, axis=0)) == len(sample) <= max(rows, (n_present + 1) ** n)
    assert {tuple(np.ones(n)), tuple(np.zeros(n))} <= {tuple(row) for row in sample}
    assert np.array_equal(sample, kind.sample(n, n_present, Streams(seed)))
    if (n_present + 1) ** n <= rows:
        assert len(sample) == (n_present + 1) ** n


def test_objects_are_in_a_row_with_the_chance_given():
    sample = NeighbourMeans(rows=2000, share=0.7).sample(40, 1, Streams(1))[2:]
    assert sample.mean(axis=0) == pytest.approx(np.full(40, 0.7), abs=4 * np.sqrt(0.21 / 2000))
    assert len(sample) == 1998


def test_numbers_of_objects_are_even_where_no_chance_is_given():
    sizes = NeighbourMeans(rows=4000, share=None).sample(30, 1, Streams(1))[2:].sum(axis=1)
    middle = np.bincount(sizes, minlength=31)[3:28]  # there are few rows of nearly none or nearly all
    assert middle / len(sizes) == pytest.approx(np.full(25, middle.sum() / len(sizes) / 25), abs=4 * np.sqrt(0.035 / 4000))


def test_of_the_objects_present_an_even_number_is_poisoned():
    sample = NeighbourMeans(rows=3000, share=0.8).sample(40, 3, Streams(1))[2:]
    part = (sample > 1).sum(axis=1) / (sample > 0).sum(axis=1)
    assert np.quantile(part, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.06)
    assert (sample == 2).sum() / (sample == 3).sum() == pytest.approx(1, abs=0.05)


def test_the_kinds_are_registered():
    assert set(family("surrogate").members) >= {"additive", "pairwise", "neighbour_mean", "influence"}
    assert family("surrogate").members["pairwise"] is PairwiseDatamodel
    for bad in ({"rows": 1}, {"rows": 30_000}, {"share": 0.0}, {"share": 1.0}, {"penalty": 0.0}):
        with pytest.raises(ValidationError):
            AdditiveDatamodel(**bad)


def refused(grid: Grid, kind: SurrogateKind, *said: str) -> None:
    with pytest.raises(GridError) as caught:
        grid.with_surrogate(kind)
    assert caught.value.place.key == "surrogate.kind"
    assert caught.value.remedy
    for words in said:
        assert words in str(caught.value)


def test_what_cannot_have_a_surrogate(world_named, world_of):
    import pandas as pd

    table = Grid.from_table(pd.DataFrame({"all": [0.1, 0.9]}, index=["", "A"]))
    for kind in (AdditiveDatamodel(), InfluenceFunctions()):
        refused(table, kind, "a table of cells trains nothing")
    refused(Grid.of_world(world_named("wine"), GaussianNB()), InfluenceFunctions(), "gaussian_nb has no influence functions")
    anew = Grid.of_world(world_named("wine"), RidgeClassifier(preprocess="standardize_each_row"))
    refused(anew, InfluenceFunctions(), "preprocess: standardize_each_row features change with the row")
    rng = np.random.default_rng(0)
    many = world_of(rng.normal(size=(1900, 3)), rng.integers(0, 2, 1900), train=1800, objects=1600)
    grid = Grid.of_world(many, RidgeClassifier())
    refused(grid, PairwiseDatamodel(), "1,600 objects have 1,280,800 features each", "additive")
    refused(grid, AdditiveDatamodel(rows=20_000), "20,000 rows of 1,600 objects", "fewer rows")
    assert grid.trained == 0


def test_influence_functions_are_judged_beside_the_rows_they_do_not_use(world_named):
    """Rank, error and the growth of the standard error with the share of examples that left, worked out one row at a time."""
    world = world_named("wine")
    grid = Grid.of_world(world, LogisticRegression(preprocess="standardize"), "log_loss")
    kind = InfluenceFunctions(rows=12, share=0.7)
    lookup = grid.with_surrogate(kind)
    judged = lookup.fit.judged
    rows, shares, off, predicted, true = lookup.fit.rows, [], [], [], []
    for row in rows:
        if 0 < row.sum() < len(row):
            predicted.append(lookup.fit.model.predict(row[None])[0])
            true.append(Grid.of_world(world, grid.oracle.learner, "log_loss").scores(row[None])[0])
            shares.append(world.sizes[row == 0].sum() / world.sizes.sum())
            off.append((predicted[-1] - true[-1]) / shares[-1])
    assert judged.error == pytest.approx(np.abs(np.array(predicted) - true).mean(axis=0))
    for c in range(len(grid.columns)):
        assert judged.rank[c] == pytest.approx(spearmanr(np.array(predicted)[:, c], np.array(true)[:, c]).statistic)
    factor = np.sqrt(np.mean(np.square(off), axis=0))
    one = 1 - np.eye(world.n_objects, dtype=np.uint8)[:1]
    assert lookup.fit.model.errors(one)[0] == pytest.approx(factor * world.sizes[0] / world.sizes.sum())
    assert (lookup.fit.model.errors(grid.full_row) == 0).all()


def test_newton_steps_of_ridge_need_no_training(world_named):
    """They are exact, so every clean row is predicted as it is trained, single classes and nothing at all included."""
    world = world_named("wine")
    grid = Grid.of_world(world, RidgeClassifier())
    lookup = grid.with_surrogate(InfluenceFunctions(step="newton", rows=10))
    rows = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).T.astype(np.uint8)
    assert lookup.scores(rows) == pytest.approx(Grid.of_world(world, RidgeClassifier()).scores(rows))
    assert (~lookup.exact(rows)).sum() == 64 - len(lookup.fit.rows)
