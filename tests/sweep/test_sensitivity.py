"""Sensitivity: the Ishigami function's closed form, SALib run by hand, and effects of a plane that are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sin
from typing import Any

import numpy as np
import pytest

from dataleverage.errors import SweepError
from dataleverage.sweep.design import Spread, Sweep
from dataleverage.sweep.points import points, unit_points
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import sensitivity, sigma_errors

Played = Callable[..., Results]
A, B = 7.0, 0.1


def ishigami(values: dict[str, float]) -> float:
    """Ishigami and Homma 1990."""
    return sin(values["x"]) + A * sin(values["y"]) ** 2 + B * values["z"] ** 4 * sin(values["x"])


def three(design: Any, samples: int | None, **more: Any) -> Sweep:
    vary: dict[str, Any] = dict.fromkeys("xyz", Spread(uniform=(-pi, pi)))
    return Sweep(scenario="x.yaml", vary=vary, design=design, samples=samples, outcomes=("users",), **more)


def test_sobol_indices_of_the_ishigami_function_are_those_of_its_closed_form(played: Played) -> None:
    found = sensitivity(played(three("sobol", 2048), lambda values, w, r: ishigami(values)), "users")
    one, two, three_ = 0.5 * (1 + B * pi**4 / 5) ** 2, A**2 / 8, B**2 * pi**8 * (1 / 18 - 1 / 50)
    whole = one + two + three_
    table = found.indices
    assert (found.method, table.index.tolist()) == ("sobol", ["x", "y", "z"])
    assert table["first"].tolist() == pytest.approx([one / whole, two / whole, 0], abs=0.02)
    assert table["total"].tolist() == pytest.approx([(one + three_) / whole, two / whole, three_ / whole], abs=0.02)
    for name, truth in (("first", [one, two, 0]), ("total", [one + three_, two, three_])):
        inside = (table[f"{name}_low"] <= np.array(truth) / whole) & (np.array(truth) / whole <= table[f"{name}_high"])
        assert inside.all()


def test_indices_are_those_of_salib_run_by_hand(played: Played) -> None:
    from SALib.analyze import morris, sobol
    from SALib.test_functions import Ishigami

    problem = {"num_vars": 3, "names": list("xyz"), "bounds": [[-pi, pi]] * 3}
    sweep = three("sobol", 128)
    hand = sobol.analyze(problem, Ishigami.evaluate(points(sweep).to_numpy()), calc_second_order=False, seed=1)
    table = sensitivity(played(sweep, lambda values, w, r: ishigami(values)), "users").indices
    assert table["first"].to_numpy() == pytest.approx(hand["S1"]) and table["total"].to_numpy() == pytest.approx(hand["ST"])
    assert (table["first_high"] - table["first"]).to_numpy() == pytest.approx(hand["S1_conf"], rel=0.35)
    sweep = three("morris", 60)
    scores = Ishigami.evaluate(points(sweep).to_numpy())
    effects = morris.analyze(problem, unit_points(sweep), scores, seed=1)
    table = sensitivity(played(sweep, lambda values, w, r: ishigami(values)), "users").indices
    for name in ("mu_star", "sigma", "mu"):
        assert table[name].to_numpy() == pytest.approx(effects[name]), name
    reach = (table["mu_star_high"] - table["mu_star"]).to_numpy()
    assert reach == pytest.approx(np.asarray(effects["mu_star_conf"], dtype=float), rel=0.35, abs=1e-9)


def test_the_effects_of_a_plane_are_its_slopes_across_the_whole_range(played: Played) -> None:
    sweep = three("morris", 10)
    table = sensitivity(played(sweep, lambda v, w, r: 3 * v["x"] - v["y"]), "users").indices
    assert table["mu_star"].tolist() == pytest.approx([6 * pi, 2 * pi, 0], abs=1e-9)
    assert table["mu"].tolist() == pytest.approx([6 * pi, -2 * pi, 0], abs=1e-9)
    assert table["sigma_high"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)


def test_the_error_of_sigma_is_that_of_a_normal_sample() -> None:
    """Trajectories that move x alone by the same step, with effects drawn from a normal distribution: sd(s) is near s/√(2n)."""
    rises = np.random.default_rng(0).normal(size=400)
    unit = np.tile([[0.0], [0.5]], (400, 1))
    means = np.stack([np.zeros(400), 0.5 * rises], axis=1).ravel()
    (found,) = sigma_errors(unit, means, np.random.default_rng(1))
    assert found == pytest.approx(1 / np.sqrt(800), rel=0.15)


def test_worlds_that_miss_a_point_are_left_out_of_all_points(played: Played) -> None:
    """World 1 is a hundred higher and lacks one point; were it kept elsewhere, it would swamp the indices."""
    whole = played(three("sobol", 64, worlds=3), lambda v, w, r: ishigami(v) + 100 * w)
    holed = played(three("sobol", 64, worlds=3), lambda v, w, r: None if w == 1 and v["x"] > 3 else ishigami(v) + 100 * w)
    one, two = sensitivity(whole, "users"), sensitivity(holed, "users")
    assert (one.worlds, two.worlds) == (3, 2)
    assert two.indices["first"].to_numpy() == pytest.approx(one.indices["first"].to_numpy())


def test_the_same_sweep_gives_the_same_intervals_whatever_the_global_state(played: Played) -> None:
    results = played(three("sobol", 32), lambda values, w, r: ishigami(values))
    first = sensitivity(results, "users").indices
    np.random.seed(7)  # noqa: NPY002 - SALib falls back on the global state where it is given no seed
    assert sensitivity(results, "users").indices.equals(first)


@pytest.mark.parametrize("design", ["latin_hypercube", "factorial"])
def test_other_designs_are_refused(design: str, played: Played) -> None:
    sweep = three(design, 8)
    if design == "factorial":
        sweep = Sweep(scenario="x.yaml", vary=dict.fromkeys("xyz", (0.0, 1.0)), outcomes=("users",))
    with pytest.raises(SweepError, match=rf"(?s)a {design} design has no sensitivity indices.*design: sobol"):
        sensitivity(played(sweep, lambda values, w, r: ishigami(values)), "users")


def test_holes_and_constants_are_refused(played: Played) -> None:
    with pytest.raises(SweepError, match="users is the same at every point"):
        sensitivity(played(three("morris", 4), lambda values, w, r: 0.3), "users")
    with pytest.raises(SweepError, match=r"(?s)no world has users at all 20 points.*--again"):
        sensitivity(played(three("sobol", 4), lambda v, w, r: None if v["x"] > 1 else ishigami(v)), "users")
    cut = played(three("sobol", 4), lambda values, w, r: ishigami(values))
    with pytest.raises(SweepError, match="20 points, and 15 are in the table"):
        sensitivity(type(cut)(cut.sweep, cut.runs[cut.runs.point < 15]), "users")
