from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from dataleverage.errors import GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.values.core import least_core

PEERS = json.loads((Path(__file__).parents[1] / "fixtures" / "peers.json").read_text())


def solved(table):
    found = least_core(table)
    return found["v"].to_numpy(), found.attrs["excess"]["v"]


# ------------------------------------------------------------------ games with closed forms


def test_a_majority_of_three_has_no_core(game_of):
    share, excess = solved(game_of(lambda who: float(len(who) >= 2), 3))
    assert share == pytest.approx([1 / 3] * 3, abs=1e-9) and excess == pytest.approx(1 / 3, abs=1e-9)


def test_the_scarce_glove_has_everything(game_of):
    share, excess = solved(game_of(lambda who: float(min(0 in who, len(who) - (0 in who))), 4))
    assert share == pytest.approx([1, 0, 0, 0], abs=1e-9) and excess == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("pairs", [1, 2, 4, 6])
def test_as_many_left_gloves_as_right(game_of, pairs):
    """The core is every split that is the same for all pairs; the equal one is nearest to equal."""
    share, excess = solved(game_of(lambda who: min(sum(j < pairs for j in who), sum(j >= pairs for j in who)), 2 * pairs))
    assert share == pytest.approx([0.5] * 2 * pairs, abs=1e-9)
    assert excess == pytest.approx(0 if pairs > 1 else -0.5, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 5, 6, 7])
def test_miners(game_of, n):
    share, excess = solved(game_of(lambda who: len(who) // 2, n))
    assert share == pytest.approx([n // 2 / n] * n, abs=1e-9)
    odd = (n - 1) / 2 - (n - 1) * (n // 2) / n
    assert excess == pytest.approx(odd if n % 2 else (0 if n > 2 else -0.5), abs=1e-9)


def test_those_with_a_veto_share(game_of):
    """In the core of a vote only those without whom nothing passes have anything."""
    table = game_of(lambda who: float({0, 1} <= set(who) and len(who) >= 3), 5)
    share, excess = solved(table)
    assert share == pytest.approx([0.5, 0.5, 0, 0, 0], abs=1e-9) and excess == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_a_sum_is_shared_as_it_is_made(game_of, n):
    """All groups get exactly their due: the core is a point, where nothing has any room."""
    worth = np.random.default_rng(n).normal(size=n)
    share, excess = solved(game_of(lambda who: worth[who].sum() + 3, n))
    assert share == pytest.approx(worth, abs=1e-9) and excess == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("n", [3, 6, 9])
def test_equal_objects_have_equal_shares(game_of, n, power):
    share, excess = solved(game_of(lambda who: len(who) ** power, n))
    assert share == pytest.approx([n**power / n] * n, abs=1e-9)
    assert excess == pytest.approx(max(s**power - s * n**power / n for s in range(1, n)), abs=1e-9)


def test_nothing_to_share(game_of):
    share, excess = solved(game_of(lambda who: 0.7, 4))
    assert share.tolist() == [0] * 4 and excess == pytest.approx(0, abs=1e-9)


def test_pydvl_agrees():
    rows = np.array([[i >> j & 1 for j in range(6)] for i in range(64)], dtype=np.uint8)
    table = Table(rows, np.array(PEERS["cells"])[:, None], tuple("ABCDEF"), ("v",))
    assert least_core(table)["v"].tolist() == pytest.approx(PEERS["pydvl"]["least core"], abs=1e-4)  # its solver's precision


# ------------------------------------------------------------------ one program over all groups


def programs(table):
    """(excess, constraints) of one linear program over all groups at once; gains in the unit of the table."""
    n = len(table.objects)
    gain = table.scores[:, 0] - table.scores[0, 0]
    groups = table.rows[1:-1].astype(float)
    found = linprog(
        np.append(np.zeros(n), 1),
        A_ub=-np.column_stack([groups, np.ones(len(groups))]),
        b_ub=-gain[1:-1],
        A_eq=np.append(np.ones(n), 0)[None],
        b_eq=[gain[-1]],
        bounds=(None, None),
    )
    return found.fun, groups, gain


def certify(table):
    """Every group has its due, the excess is the least, and no shares that are allowed are nearer to equal ones.

    The shares x nearest to equal ones are those with x·y ≥ x·x for every allowed y, which is one more linear program.
    """
    share, excess = solved(table)
    least, groups, gain = programs(table)
    unit = max(np.abs(gain).max(), 1e-300)
    assert share.sum() == pytest.approx(gain[-1], abs=1e-9 * unit)
    assert (gain[1:-1] - excess - groups @ share).max() <= 1e-7 * unit
    assert excess == pytest.approx(least, abs=1e-7 * unit)
    n = len(share)
    other = linprog(
        share / unit,
        A_ub=-groups,
        b_ub=(excess - gain[1:-1]) / unit + 1e-9,
        A_eq=np.ones((1, n)),
        b_eq=[gain[-1] / unit],
        bounds=(None, None),
    )
    assert other.status in (0, 3)
    assert other.status == 0 and other.fun >= (share / unit) @ (share / unit) - 1e-6


HARD = {
    "normal": lambda rows, rng: rng.normal(size=len(rows)),
    "large": lambda rows, rng: 1e8 * rng.normal(size=len(rows)),
    "small differences of large scores": lambda rows, rng: 1e6 + 1e-3 * rng.normal(size=len(rows)),
    "a sum": lambda rows, rng: rows @ rng.normal(size=rows.shape[1]),
    "a sum, nearly": lambda rows, rng: rows @ rng.normal(size=rows.shape[1]) + 1e-6 * rng.normal(size=len(rows)),
    "a sum, but for rounding": lambda rows, rng: rows @ rng.normal(size=rows.shape[1]) + 1e-10 * rng.normal(size=len(rows)),
    "accuracies": lambda rows, rng: rng.binomial(200, 0.9 - 0.4 * np.exp(-rows.sum(axis=1) / 2)) / 200,
    "a vote": lambda rows, rng: 1.0 * (rows @ rng.random(rows.shape[1]) > rows.shape[1] / 4),
    "gloves": lambda rows, rng: np.minimum(rows[:, ::2].sum(axis=1), rows[:, 1::2].sum(axis=1)),
    "an airport": lambda rows, rng: -(rows * rng.random(rows.shape[1])).max(axis=1),
    "convex": lambda rows, rng: (rows @ rng.random(rows.shape[1])) ** 2,
}


@pytest.mark.parametrize("n", [2, 3, 5, 8, 10])
@pytest.mark.parametrize("kind", HARD)
def test_shares_are_certified(table_of, kind, n):
    table = table_of(n, columns=1)
    scores = HARD[kind](table.rows.astype(float), np.random.default_rng(n))
    certify(Table(table.rows, scores[:, None], table.objects, ("v",)))


@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_shares_are_the_least_squares(table_of, n, seed):
    """Against a solver of another family."""
    drawn = table_of(n, columns=1, seed=seed)
    table = Table(drawn.rows, drawn.scores, drawn.objects, ("v",))
    excess, groups, gain = programs(table)
    found = minimize(
        lambda x: x @ x,
        np.full(n, gain[-1] / n),
        jac=lambda x: 2 * x,
        method="SLSQP",
        constraints=[
            {"type": "eq", "fun": lambda x: x.sum() - gain[-1], "jac": lambda x: np.ones(n)},
            {"type": "ineq", "fun": lambda x: groups @ x - gain[1:-1] + excess + 1e-9, "jac": lambda x: groups},
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    share, _ = solved(table)
    assert share @ share == pytest.approx(found.fun, abs=1e-6)
    np.testing.assert_allclose(share, found.x, atol=1e-4)


def test_columns_are_solved_apart(table_of):
    table = table_of(4, columns=2)
    both = least_core(table)
    assert both.index.tolist() == list("ABCD") and set(both.attrs["excess"]) == {"x", "y"}
    for c, name in enumerate("xy"):
        alone = Table(table.rows, table.scores[:, [c]], table.objects, (name,))
        np.testing.assert_allclose(least_core(alone)[name], both[name], atol=1e-9)


def test_what_has_no_core(table_of):
    with pytest.raises(GridError, match="two objects"):
        least_core(table_of(1))
    table = table_of(3)
    with pytest.raises(MissingCell, match="ABC"):
        least_core(Table(table.rows[:-1], table.scores[:-1], table.objects, table.columns))
    scores = table.scores.copy()
    scores[3, 0] = np.nan
    with pytest.raises(GridError, match="AB on x"):
        least_core(Table(table.rows, scores, table.objects, table.columns))
