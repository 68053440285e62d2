from __future__ import annotations

from dataclasses import replace

import pytest

from dataleverage.grid.cost import Cost, Rates, Shape, Work
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners import by_name
from dataleverage.grid.learners.discriminant import Space
from dataleverage.grid.sums import Products, Sums

RATES = Rates(products=1e9, numbers=1e8, calls=1e5)
SHAPE = Shape(examples=1000, features=50, evaluation=200, outputs=3, units=10, row=500.0)


def test_seconds_are_work_over_rates():
    assert Work(2e9, 3e8, 4e5).seconds(RATES) == pytest.approx(2 + 3 + 4)
    cost = Cost(once=Work(products=5e9), row=Work(numbers=2e8), bytes=1)
    assert cost.seconds(10, RATES) == pytest.approx(5 + 20)
    assert cost.seconds(10, RATES, prepared=True, threads=4) == pytest.approx(5)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in by_name().items()
        if not kind.loops and kind.__module__.startswith("dataleverage.grid") and kind.task != ("rating",)
    ],
)
def test_every_learner_of_ours_counts_its_work_and_more_of_anything_costs_more(name):
    kind = by_name()[name]
    learner = kind()
    if "classification" not in learner.task:
        shape = replace(SHAPE, outputs=1)
    else:
        shape = SHAPE
    cost = learner.cost(shape)
    small = cost.seconds(100, RATES)
    for field in ("examples", "features", "evaluation"):
        assert learner.cost(replace(shape, **{field: 20 * getattr(shape, field)})).seconds(100, RATES) > small, field
    assert cost.seconds(100, RATES, prepared=True) < small < cost.seconds(1000, RATES)


def test_bytes_are_those_that_are_kept(world_named):
    pool = pool_of(world_named("wine"))
    shape = Shape.of(pool, 45.0)
    assert (shape.examples, shape.features, shape.outputs, shape.units) == (90, 13, 3, 6)
    Z = pool.X[:, [*range(13), 0, 0, 0, 0]]  # as many as features, a one and three targets
    assert by_name()["RidgeClassifier"]().cost(shape).bytes == bytes_of(Sums(pool, Products(Z)))
    space = Space.of(pool, 0.1)
    kept = bytes_of(space.scatter) + bytes_of(space.by_class)
    assert by_name()["LinearDiscriminantAnalysis"]().cost(shape).bytes == pytest.approx(kept, rel=0.1)


def bytes_of(sums: Sums) -> int:
    assert sums.per_unit is not None
    return sums.per_unit.nbytes


@pytest.mark.parametrize("name", ["RidgeClassifier", "GaussianNB", "NearestCentroid", "LinearDiscriminantAnalysis"])
def test_a_population_keeps_no_sums_of_units_and_pays_for_the_examples_of_a_row(name):
    crowd = Shape(examples=300_000, features=60, evaluation=2000, outputs=2, units=100_000, row=250_000.0)
    cost = by_name()[name]().cost(crowd)
    assert cost.bytes < 2**20
    half = replace(crowd, row=125_000.0)
    assert by_name()[name]().cost(half).row.products < cost.row.products


def test_no_more_dimensions_than_examples_count():
    assert replace(SHAPE, features=5000).rank == 1000 and SHAPE.rank == 50
