"""Points: products and lists by hand, designs at random by what defines them and by indices known in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from dataleverage.sweep.design import Normal, Spread, Sweep
from dataleverage.sweep.points import points, unit_points, unit_problem, value_at

UNIFORM = Spread(uniform=(0.0, 1.0))


def three(design: Any, samples: int, seed: int = 0) -> Sweep:
    vary: dict[str, Any] = dict.fromkeys("abc", UNIFORM)
    return Sweep(scenario="x.yaml", vary=vary, design=design, samples=samples, seed=seed)


def test_a_factorial_is_every_combination_the_last_path_fastest() -> None:
    made = points(Sweep(scenario="x", vary={"a": (1, 2), "b": ("x", "y", "z")}))
    assert made.index.name == "point"
    assert list(made.itertuples(index=False, name=None)) == [(a, b) for a in (1, 2) for b in "xyz"]


def test_a_list_takes_the_first_of_each_then_the_second() -> None:
    made = points(Sweep(scenario="x", design="list", vary={"a": (1, 2), "b": ({"kind": "always"}, "threshold")}))
    assert list(made.itertuples(index=False, name=None)) == [(1, {"kind": "always"}), (2, "threshold")]


def test_a_list_of_one_value_has_it_at_every_point() -> None:
    made = points(Sweep(scenario="x", design="list", vary={"a": ("always",), "b": (1, 2, 3), "c": (3, 2, 1)}))
    assert list(made.itertuples(index=False, name=None)) == [("always", 1, 3), ("always", 2, 2), ("always", 3, 1)]


def test_nothing_varied_is_one_point() -> None:
    assert points(Sweep(scenario="x")).shape == (1, 0)


def test_columns_keep_their_type() -> None:
    made = points(Sweep(scenario="x", design="list", vary={"a": (1, 2), "b": (1, 0.5), "c": (True, False), "d": (1, "x")}))
    assert [made[name].dtype.kind for name in "abcd"] == ["i", "O", "O", "O"]
    assert [type(value) for value in made["b"]] == [int, float]
    assert made["c"].tolist() == [True, False] and made["d"].tolist() == [1, "x"]


def test_a_latin_hypercube_has_one_point_in_every_slice_of_every_path() -> None:
    cube = unit_points(three("latin_hypercube", 50))
    for column in cube.T:
        assert sorted(np.floor(column * 50).astype(int)) == list(range(50))


def test_sobol_indices_of_ishigami_come_out_as_in_closed_form() -> None:
    from SALib.analyze import sobol

    sweep = three("sobol", 4096)
    x = np.pi * (2 * unit_points(sweep) - 1)
    assert len(x) == 4096 * 5
    a, b = 7.0, 0.1
    y = np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = sobol.analyze(unit_problem(sweep), y, calc_second_order=False, seed=0)
    v1, v2 = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8
    v13 = b**2 * np.pi**8 * 8 / 225
    total = v1 + v2 + v13
    np.testing.assert_allclose(found["S1"], np.array([v1, v2, 0]) / total, atol=0.02)
    np.testing.assert_allclose(found["ST"], np.array([v1 + v13, v2, v13]) / total, atol=0.02)


def test_morris_moves_one_path_at_a_time_by_the_same_step() -> None:
    from SALib.analyze import morris

    sweep = three("morris", 20)
    cube = unit_points(sweep)
    assert set(np.unique(cube.round(9))) <= {0.0, round(1 / 3, 9), round(2 / 3, 9), 1.0}
    for trajectory in cube.reshape(20, 4, 3):
        steps = np.diff(trajectory, axis=0)
        assert ((np.abs(steps) > 1e-9).sum(axis=1) == 1).all()
        np.testing.assert_allclose(np.abs(steps).max(axis=1), 2 / 3)
        assert sorted(np.abs(steps).argmax(axis=1)) == [0, 1, 2]
    found = morris.analyze(unit_problem(sweep), cube, cube @ np.array([3.0, -2.0, 0.0]), num_levels=4, seed=0)
    np.testing.assert_allclose(found["mu"], [3, -2, 0], atol=1e-9)


@pytest.mark.parametrize("design", ["latin_hypercube", "sobol", "morris"])
def test_the_same_seed_gives_the_same_points_and_numpys_own_state_does_not_matter(design: str) -> None:
    np.random.seed(1)  # noqa: NPY002 - what is tested is that nothing reads it
    first = points(three(design, 8))
    np.random.seed(2)  # noqa: NPY002
    assert points(three(design, 8)).equals(first)
    assert not points(three(design, 8, seed=1)).equals(first)


@pytest.mark.parametrize(
    ("spread", "law"),
    [
        (Spread(uniform=(2.0, 5.0)), stats.uniform(2, 3)),
        (Spread(range=(2.0, 5.0)), stats.uniform(2, 3)),
        (Spread(loguniform=(0.01, 10.0)), stats.loguniform(0.01, 10)),
        (Spread(normal=Normal(mean=1.0, sd=2.0)), stats.norm(1, 2)),
        (Spread(normal=Normal(mean=1.0, sd=2.0, low=0.0)), stats.truncnorm(-0.5, np.inf, 1, 2)),
        (Spread(normal=Normal(mean=1.0, sd=2.0, low=0.0, high=1.5)), stats.truncnorm(-0.5, 0.25, 1, 2)),
    ],
)
def test_values_are_quantiles_of_their_law(spread: Spread, law: Any) -> None:
    shares = [0.001, 0.1, 0.5, 0.77, 0.999]
    np.testing.assert_allclose([value_at(spread, u) for u in shares], law.ppf(shares), rtol=1e-9)


def test_whole_numbers_and_listed_values_are_all_as_likely() -> None:
    shares = (np.arange(600) + 0.5) / 600
    assert np.bincount([value_at(Spread(integer=(1, 6)), u) for u in shares]).tolist() == [0, *[100] * 6]
    drawn = [value_at(Spread(values=("x", "y", "z")), u) for u in shares]
    assert [drawn.count(value) for value in "xyz"] == [200, 200, 200]


@pytest.mark.parametrize("u", [0.0, 1.0])
def test_the_ends_of_every_spread_are_numbers_within_it(u: float) -> None:
    assert value_at(Spread(integer=(1, 6)), u) == (6 if u else 1)
    assert value_at(Spread(values=(7, 8)), u) == (8 if u else 7)
    for spread in (Spread(loguniform=(0.01, 10.0)), Spread(normal=Normal(mean=2, sd=3, low=0.01, high=10))):
        value = value_at(spread, u)
        assert 0.01 <= value <= 10 and value == pytest.approx(10 if u else 0.01, abs=1e-6)
    assert np.isfinite(value_at(Spread(normal=Normal(mean=0, sd=1)), u))
