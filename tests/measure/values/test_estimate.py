from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import dataleverage as dl
from dataleverage.errors import DataleverageError, GridError, MissingCell
from dataleverage.grid.table import Table
from dataleverage.measure.values.estimate import estimate
from dataleverage.measure.values.owen import owen
from dataleverage.measure.values.semivalues import banzhaf, beta_shapley, beta_weights, shapley

METHODS = [("shapley", name) for name in ("permutation", "antithetic", "stratified", "kernel")] + [("banzhaf", "msr")]
EXACT = {"shapley": shapley, "banzhaf": banzhaf}
SEEDS = 200


class Asked:
    """A formula of the row that keeps what it was asked for; `fails` after so many batches."""

    def __init__(self, n, formula, fails=None):
        self.objects = tuple(f"o{j}" for j in range(n))
        self.column_names = ("v",)
        self.formula, self.fails = formula, fails
        self.batches = []

    def scores(self, rows):
        if len(self.batches) == self.fails:
            raise RuntimeError("the power failed")
        self.batches.append(np.array(rows))
        return np.asarray(self.formula(np.asarray(rows, dtype=float))).reshape(len(rows), 1)

    @property
    def rows(self):
        return np.concatenate(self.batches)


def pairs(n):
    """A game of objects and pairs of them, whose Shapley and Banzhaf values are both a_i + ½ Σ_j b_ij."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=n), np.triu(rng.normal(scale=0.3, size=(n, n)), 1)
    return (lambda rows: rows @ a + ((rows @ b) * rows).sum(axis=1)), a + (b + b.T).sum(axis=1) / 2


def triples(n, value):
    """The same with 200 triples, each of whom has a third of what they make by Shapley, and a quarter by Banzhaf."""
    rng = np.random.default_rng(1)
    of_pairs, truth = pairs(n)
    members, makes = rng.random((200, n)).argsort(axis=1)[:, :3], rng.normal(size=200)
    part = np.bincount(members.ravel(), weights=np.repeat(makes, 3), minlength=n)
    worth = lambda rows: of_pairs(rows) + rows[:, members].prod(axis=2) @ makes  # noqa: E731
    return worth, truth + part / (3 if value == "shapley" else 4)


@pytest.mark.parametrize(("value", "method"), METHODS)
@pytest.mark.parametrize("kind", ["normal", "ridge"])
def test_estimates_are_unbiased_and_intervals_hold_what_they_say(table_of, ridge_grid, value, method, kind):
    table = table_of(7, columns=2, seed=5) if kind == "normal" else ridge_grid.unveil()
    truth = EXACT[value](table).to_numpy()
    means, inside = [], []
    for seed in range(SEEDS):
        found = estimate(table, value, method, budget=len(table) // 2, seed=seed)
        low, high = found.interval()
        means.append(found.values.to_numpy())
        inside.append((low.to_numpy() <= truth) & (truth <= high.to_numpy()))
    means, inside = np.array(means), np.array(inside)
    # Of some sixteen means of 200 estimates each, hardly ever is one 4.5 standard errors off.
    off = (means.mean(axis=0) - truth) / (means.std(axis=0, ddof=1) / math.sqrt(SEEDS))
    assert np.abs(off).max() < 4.5
    spread = math.sqrt(0.95 * 0.05 / SEEDS)
    each = inside.mean(axis=0)
    assert each.min() > 0.95 - 4.5 * spread
    assert 0.95 - 2.5 * spread < each.mean() <= 0.95 + 2.5 * spread


UNIONS = {"left": ["A", "D", "E"], "right": ["B", "G"], "C": ["C"], "F": ["F"]}


@pytest.mark.parametrize("name", ["permutation", "antithetic", "stratified", "owen"])
def test_other_values_are_unbiased_and_their_intervals_hold(table_of, name):
    table = table_of(7, columns=1, seed=8)
    if name == "owen":
        truth, asks = owen(table, UNIONS), {"value": "owen", "unions": UNIONS}
    else:
        weights = beta_weights(7, 4, 1.5)
        truth, asks = beta_shapley(table, 4, 1.5), {"value": "semivalue", "method": name, "weights": weights}
    found = [estimate(table, **asks, budget=80, seed=seed) for seed in range(SEEDS)]
    means = np.array([each.values["v" if "v" in each.values else "x"] for each in found])
    off = (means.mean(axis=0) - truth.to_numpy()[:, 0]) / (means.std(axis=0, ddof=1) / math.sqrt(SEEDS))
    assert np.abs(off).max() < 4.5
    ends = [each.interval() for each in found]
    inside = np.array([(low.to_numpy() <= truth) & (truth <= high.to_numpy()) for low, high in ends])
    spread = math.sqrt(0.95 * 0.05 / SEEDS)
    assert inside.mean(axis=0).min() > 0.95 - 4.5 * spread and abs(inside.mean() - 0.95) <= 2.5 * spread


def test_beta_shapley_of_sixty_objects():
    """Of a pair, an object has its part as often as the other is there before it: by size s, in s of n − 1 cases."""
    n = 60
    formula, truth = pairs(n)
    alone = formula(np.eye(n))
    logs = beta_weights(n, 4, 1)
    mass = np.array([math.comb(n - 1, s) * math.exp(logs[s]) for s in range(n)])
    expected = alone + 2 * (truth - alone) * (mass @ np.arange(n)) / (n - 1)
    found = estimate(Asked(n, formula), "semivalue", weights=logs, budget=6000)
    low, high = found.interval(1 - 1e-5)
    assert ((low["v"] <= expected) & (expected <= high["v"])).all() and found.errors["v"].max() < 0.5 * expected.std()
    equal = estimate(Asked(n, formula), "semivalue", weights=beta_weights(n, 1, 1), budget=1500, seed=1)
    np.testing.assert_allclose(equal.values["v"], truth, atol=1e-9)  # Shapley, where pairs leave nothing to chance


def test_owen_of_sixty_objects():
    """A triple of two in one union and one in another: the one comes last in half of all orders, the two in a quarter each."""
    n, unions = 60, {f"u{k}": [f"o{j}" for j in range(60) if j % 7 == k] for k in range(7)}
    rng = np.random.default_rng(1)
    members, makes = rng.random((200, n)).argsort(axis=1)[:, :3], rng.normal(size=200)
    truth = np.zeros(n)
    for triple, worth in zip(members, makes, strict=True):
        of = [j % 7 for j in triple]
        for j in triple:
            like = of.count(j % 7)
            truth[j] += worth * (1 / 3 if len(set(of)) != 2 else 1 / 2 if like == 1 else 1 / 4)
    found = estimate(Asked(n, lambda rows: rows[:, members].prod(axis=2) @ makes), "owen", unions=unions, budget=6000)
    low, high = found.interval(1 - 1e-5)
    assert ((low["v"] <= truth) & (truth <= high["v"])).all() and found.errors["v"].max() < 0.5 * truth.std()
    assert found.values["v"].sum() == pytest.approx(makes.sum(), abs=1e-9)


@pytest.mark.parametrize(("value", "method"), METHODS)
def test_what_is_counted_was_scored(value, method):
    formula, _ = pairs(12)
    asked, told = Asked(12, formula), []
    found = estimate(asked, value, method, budget=900, seed=3, progress=told.append)
    assert found.cells == len(np.unique(asked.rows, axis=0)) == sum(told) and len(told) == len(asked.batches)
    assert all(len(np.unique(batch, axis=0)) == len(batch) for batch in asked.batches)
    assert found.stopped == "budget" and 900 <= found.cells <= 900 * 9 / 8 + 2 * 12**2
    broken = Asked(12, formula, fails=1)
    with pytest.raises(RuntimeError, match="the power failed"):
        estimate(broken, value, method, budget=2000, seed=3)


@pytest.mark.parametrize(("value", "method"), METHODS)
@pytest.mark.parametrize("budget", [1, 30, 200])
def test_a_small_budget_is_kept(value, method, budget):
    asked = Asked(40, pairs(40)[0])
    found = estimate(asked, value, method, budget=budget)
    draw = {"permutation": 41, "antithetic": 82, "stratified": 2 * 40**2, "kernel": 4, "msr": 1}[method]
    assert found.cells == len(np.unique(asked.rows, axis=0)) <= budget * 9 / 8 + draw


@pytest.mark.parametrize("method", ["permutation", "antithetic"])
def test_the_rows_of_an_order_grow_by_one_and_none_is_cut_short(method):
    """Data that hurts: every first gain is negative, and yet orders go on to their end."""
    asked = Asked(9, lambda rows: (rows.sum(axis=1) - 5) ** 2 + rows[:, 0])
    seen = []
    scores = asked.scores
    asked.scores = lambda rows: (seen.append(np.array(rows)), scores(rows))[1]
    found = estimate(asked, method=method, budget=30)
    sizes = np.concatenate(seen).sum(axis=1)
    orders = found.draws * (2 if method == "antithetic" else 1)
    assert (sizes == 9).sum() == len(seen) and (sizes == 8).sum() <= orders
    # 9 objects alike but for the first: (16 − 25) / 9, and one more for the first.
    expected = np.append(-1.0 + 1.0, np.full(8, -1.0))
    found = estimate(asked, method=method, budget=400, seed=1)
    off = (found.values["v"] - expected).abs()
    assert (off <= 5 * found.errors["v"] + 1e-9).all()
    assert found.values["v"].sum() == pytest.approx(16 + 1 - 25, abs=1e-9)


@pytest.mark.parametrize(("value", "method"), METHODS)
def test_poison_and_losses_come_out_with_their_sign(game_of, value, method):
    """A game that falls first and then rises, with one object that only harms."""
    table = game_of(lambda who: (len(who) - 3) ** 2 / 10 - 2.0 * (6 in who), 7)
    truth = EXACT[value](table)["v"]
    found = estimate(table, value, method, budget=120, seed=2)
    assert truth["G"] < -1.5 and ((found.values["v"] - truth).abs() <= 5 * found.errors["v"] + 1e-9).all()


def test_values_of_an_estimate_of_shapley_sum_to_the_whole(table_of):
    table = table_of(8)
    for method in ("permutation", "antithetic", "kernel"):
        found = estimate(table, method=method, budget=60)
        np.testing.assert_allclose(found.values.sum().to_numpy(), table.scores[-1] - table.scores[0], atol=1e-9)


@pytest.mark.parametrize(("value", "method"), METHODS)
def test_precision_stops_it(table_of, value, method):
    table = table_of(8, seed=4)
    cells, draws = [], []
    for precision in (0.2, 0.1, 0.05):
        found = estimate(table, value, method, budget=10**6, precision=precision, seed=1)
        assert found.stopped == "precision" and found.errors.to_numpy().max() <= precision and found.draws >= 8
        cells.append(found.cells)
        draws.append(found.draws)
    assert draws == sorted(draws) and draws[0] < draws[-1] and max(cells) <= 256
    short = estimate(table, value, method, budget=100, precision=1e-6)
    assert short.stopped == "budget"


def test_more_draws_are_surer(table_of):
    table = table_of(10, columns=1)
    errors = [estimate(table, method="permutation", budget=b, seed=1).errors.to_numpy().mean() for b in (100, 400, 1000)]
    assert all(b < a for a, b in pairwise(errors))


@pytest.mark.parametrize(("value", "method"), METHODS)
def test_a_seed_is_a_draw(table_of, value, method):
    table = table_of(7)
    one, again, other = (estimate(table, value, method, budget=60, seed=seed) for seed in (1, 1, 2))
    assert one.values.equals(again.values) and one.errors.equals(again.errors) and one.cells == again.cells
    assert not one.values.equals(other.values)


@pytest.mark.parametrize(
    ("value", "method", "budget"),
    [
        ("shapley", "permutation", 6000),
        ("shapley", "antithetic", 6000),
        ("shapley", "stratified", 60_000),
        ("shapley", "kernel", 6000),
        ("banzhaf", "msr", 6000),
    ],
)
def test_sixty_objects(value, method, budget):
    formula, truth = triples(60, value)
    found = estimate(Asked(60, formula), value, method, budget=budget)
    off = found.values["v"].to_numpy() - truth
    errors = found.errors["v"].to_numpy()
    low, high = found.interval(1 - 1e-5)
    assert ((low["v"] <= truth) & (truth <= high["v"])).all()
    assert 0.6 < np.sqrt(((off / errors) ** 2).mean()) < 1.5
    assert errors.max() < 0.5 * truth.std()


@pytest.mark.parametrize("method", ["antithetic", "kernel"])
def test_pairs_leave_nothing_to_chance(method):
    """Whoever comes first, an order and its reverse, or a row and its complement, have each pair's gain once between them."""
    formula, truth = pairs(60)
    found = estimate(Asked(60, formula), method=method, budget=1500, seed=1)
    np.testing.assert_allclose(found.values["v"], truth, atol=1e-9)
    np.testing.assert_allclose(found.errors["v"], 0, atol=1e-9)


def test_a_grid_is_asked_only_for_what_is_new(ridge_grid):
    grid = dl.Grid(ridge_grid.objects, ridge_grid.oracle, sizes=ridge_grid.sizes, world=ridge_grid.world)
    found = dl.values.estimate(grid, budget=100)
    assert grid.trained == found.cells and list(found.values.columns) == ["all", "half"]


def test_the_interval_is_students(table_of):
    from scipy.stats import t

    found = estimate(table_of(5), method="permutation", budget=20)
    low, high = found.interval(0.8)
    reach = t.ppf(0.9, found.draws - 1) * found.errors
    np.testing.assert_allclose(low, found.values - reach)
    np.testing.assert_allclose(high, found.values + reach)
    with pytest.raises(GridError, match="probability"):
        found.interval(95)


def test_tables_with_holes_and_broken_cells(table_of):
    table = table_of(5)
    with pytest.raises(MissingCell, match="no cells for"):
        estimate(Table(table.rows[::2], table.scores[::2], table.objects, table.columns))
    scores = table.scores.copy()
    scores[31, 1] = np.nan
    with pytest.raises(GridError, match="1 cell is not a finite number: ABCDE on y"):
        estimate(Table(table.rows, scores, table.objects, table.columns))


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"value": "nucleolus"}, "no estimator of 'nucleolus'"),
        ({"method": "msr"}, "'msr' does not estimate shapley"),
        ({"value": "banzhaf", "method": "kernel"}, "'kernel' does not estimate banzhaf"),
        ({"method": "luck"}, "'luck' does not estimate"),
        ({"budget": 0}, "budget is 0"),
        ({"precision": 0}, "never reached"),
        ({"precision": -0.1}, "never reached"),
        ({"precision": math.nan}, "never reached"),
        ({"seed": -1}, "seed"),
        ({"value": "semivalue"}, "a semivalue needs `weights`"),
        ({"weights": np.log([1 / 4, 1 / 12, 1 / 12, 1 / 4])}, "no other value reads them"),
        ({"value": "semivalue", "weights": np.zeros(4)}, "sum to 8 over the rows"),
        ({"value": "semivalue", "weights": np.zeros(3)}, r"shape \(3,\)"),
        ({"value": "semivalue", "weights": np.log([1 / 4, 1 / 12, 1 / 12, 1 / 4]), "method": "kernel"}, "'kernel' does not"),
        ({"value": "owen"}, "owen needs `unions`"),
        ({"value": "owen", "unions": {"all": ["A", "B"]}}, "C, D are in no union"),
    ],
)
def test_nonsense_is_refused(table_of, settings, what):
    with pytest.raises(DataleverageError, match=what):
        estimate(table_of(4), **settings)


def test_what_cannot_be_estimated(table_of):
    with pytest.raises(GridError, match="two objects"):
        estimate(table_of(1))
    with pytest.raises(GridError, match="not from a DataFrame"):
        estimate(table_of(3).frame)
