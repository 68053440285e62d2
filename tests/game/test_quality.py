from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from dataleverage.errors import GapError, ScenarioError
from dataleverage.game.payoffs import Payoffs
from dataleverage.game.quality import quality_of
from dataleverage.grid.gap import Gap
from dataleverage.grid.grid import Grid
from dataleverage.scenario.load import loads

OWNERS = ("north", "east", "south", "west")


def write(folder, target: str, signal: float = 1.5, seed: int = 3) -> None:
    """Four owners of unequal size whose examples lie in different places."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(4), [50, 40, 70, 90])
    X = rng.normal(size=(len(owner), 3)) + 0.4 * owner[:, None] * [1, -1, 0]
    level = signal * X[:, 0] + np.where(owner % 2, 1, -1) * X[:, 1] + rng.normal(size=len(owner))
    y = {"classes": np.where(level > 0.4, "yes", "no"), "number": level}[target]
    pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y, "who": [OWNERS[i] for i in owner]}).to_csv(
        folder / "tiny.csv", index=False
    )


def scenario(folder, more: str, target: str = "classes", **kwargs):
    write(folder, target, **kwargs)
    return loads(
        f"""
title: tiny
data:
  kind: csv
  path: tiny.csv
  target: y
  owner: who
  objects: {{by: column, column: who}}
  holdout: {{audit: 0.4}}
  slices: {{by: owner}}
{more}""",
        folder=folder,
    )


GAMES = {
    "accuracy": "learner: {kind: ridge_classifier, alpha: 1.0}\n",
    "log_loss": "learner: {kind: logistic_regression, C: 1.0}\ncolumns: {metric: log_loss}\n",
}
STRIKES = """
creators:
  - {name: north, count: 1, strategy: {kind: scripted, moves: {1: delete}}}
  - {name: rest, count: 1}
  - {name: south, count: 1, strategy: {kind: scripted, moves: {2: delete}}}
  - {name: west}
rounds: 2
"""


def refitted(world, held: list[int], estimator, metric: str, mask) -> float:
    """The score on some audit examples of scikit-learn's own fit on the objects held."""
    inside = np.isin(world.object_of, held)
    fitted = estimator.fit(world.X[inside], world.y[inside])
    return scored(fitted, world, metric, mask)


def scored(fitted, world, metric: str, mask) -> float:
    X, y = world.X_eval[mask], world.y_eval[mask]
    if metric == "accuracy":
        return accuracy_score(y, fitted.predict(X))
    if metric == "log_loss":
        return log_loss(y, fitted.predict_proba(X), labels=[0, 1])
    return root_mean_squared_error(y, fitted.predict(X))


def estimator_of(metric: str):
    return {
        "accuracy": RidgeClassifier(alpha=1.0),
        "log_loss": LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000),
        "rmse": Ridge(alpha=1.0),
    }[metric]


def guess(world, metric: str, mask) -> float:
    y = world.y_eval[mask]
    if metric == "rmse":
        return float(np.sqrt(np.mean((y - world.y.mean()) ** 2)))
    prior = np.bincount(world.y) / len(world.y)
    return float(np.mean(y == prior.argmax())) if metric == "accuracy" else float(-np.log(prior[y]).mean())


@pytest.mark.parametrize("metric", GAMES)
def test_quality_and_company_view_against_scikit_learn(tmp_path, metric):
    game = scenario(tmp_path, GAMES[metric] + STRIKES + "payoffs: {revenue: 10, view: company}\n").game()
    world, audit = game.setup.grid.world, game.setup.grid.world.audit
    record = game.play()
    sign = -1 if metric == "log_loss" else 1
    everyone = [0, 1, 2, 3]
    full = refitted(world, everyone, estimator_of(metric), metric, audit)
    gap = sign * (full - guess(world, metric, audit))
    at = {name: i for i, name in enumerate(world.owners)}
    left = [everyone, [i for i in everyone if i != 0], [i for i in everyone if i not in (0, 2)]]
    assert record.manifest["normalisation"]["gap"] == pytest.approx(gap, abs=1e-6)
    for round, held in enumerate(left):
        q = 1 + sign * (refitted(world, held, estimator_of(metric), metric, audit) - full) / gap
        assert record.rounds.quality[round] == pytest.approx(q, abs=1e-5)
        union = audit & np.isin(world.eval_owner, held)
        both = [refitted(world, objects, estimator_of(metric), metric, union) for objects in (held, everyone)]
        company = 1 + sign * (both[0] - both[1]) / gap
        assert record.rounds.company_quality[round] == pytest.approx(company, abs=1e-5)
        assert record.rounds.share_retained[round] == pytest.approx(union.sum() / audit.sum())
        if round:
            assert record.rounds.revenue[round] == pytest.approx(10 * max(0, company), abs=1e-4)
    last = record.moves[record.moves["round"] == 2].reset_index()
    for i, owner in enumerate(world.owners):
        mine = audit & (world.eval_owner == at[owner])
        own = [refitted(world, objects, estimator_of(metric), metric, mine) for objects in (left[2], everyone)]
        if record.creators.judged_on[i] == owner:
            assert last.quality[i] == pytest.approx(1 + sign * (own[0] - own[1]) / gap, abs=1e-5)
        else:
            assert last.quality[i] == pytest.approx(record.rounds.quality[2])
    assert owner in set(record.creators.judged_on), "somebody is judged on its own examples"


def test_root_mean_squared_error_is_a_loss(tmp_path):
    more = "learner: {kind: ridge, alpha: 1.0}\n" + STRIKES
    game = scenario(tmp_path, more, target="number").game()
    world, audit = game.setup.grid.world, game.setup.grid.world.audit
    record = game.play()
    full = refitted(world, [0, 1, 2, 3], estimator_of("rmse"), "rmse", audit)
    gap = guess(world, "rmse", audit) - full
    without = refitted(world, [1, 3], estimator_of("rmse"), "rmse", audit)
    assert record.rounds.quality.iloc[-1] == pytest.approx(1 - (without - full) / gap, abs=1e-9)
    assert record.rounds.company_quality.isna().all(), "a root is no mean over examples"
    assert any("company view is not given" in warning for warning in record.manifest["warnings"])


def test_a_gap_within_noise_is_refused_with_its_numbers(tmp_path):
    write(tmp_path, "classes", signal=1.5)
    frame = pd.read_csv(tmp_path / "tiny.csv")
    frame["y"] = np.random.default_rng(0).permutation(frame["y"])
    frame.to_csv(tmp_path / "noise.csv", index=False)
    text = """
title: noise
data: {kind: csv, path: noise.csv, target: y, owner: who, objects: {by: column, column: who}, holdout: {audit: 0.4}}
learner: ridge_classifier
creators: [{name: all}]
"""
    with pytest.raises(GapError, match=r"beats guessing by -?0\.\d{4} ± 0\.\d{4} \(accuracy\)") as caught:
        loads(text, folder=tmp_path)
    assert caught.value.place.key == "data"


def tabled(cells: dict[str, list[float]], columns: list[str], metric: str = "accuracy", **kwargs) -> Grid:
    frame = pd.DataFrame.from_dict(cells, orient="index", columns=columns)
    return Grid.from_table(frame, metric=metric, **kwargs)


CELLS = {"": [0.2, 0.1], "A": [0.5, 0.9], "B": [0.6, 0.3], "AB": [0.8, 0.7]}


def test_the_formula_with_pooled_weights():
    grid = tabled(CELLS, ["all", "rare"])
    quality, _ = quality_of(grid, Payoffs(weights={"rare": 3, "all": 1}), ["p", "q"])
    gap = 0.25 * 0.6 + 0.75 * 0.6
    by_hand = 1 + (0.25 * (0.5 - 0.8) + 0.75 * (0.9 - 0.7)) / gap
    assert quality.overall(quality.of(np.array([0.5, 0.9]))) == pytest.approx(by_hand)
    assert quality.gap == pytest.approx(gap)
    assert quality.judged_on.tolist() == [0, 0], "the first weighted column of the grid"


def test_losses_are_negated():
    cells = {word: [1 - score for score in scores] for word, scores in CELLS.items()}
    lost, _ = quality_of(tabled(cells, ["all", "rare"], "log_loss"), Payoffs(), ["p", "q"])
    won, _ = quality_of(tabled(CELLS, ["all", "rare"]), Payoffs(), ["p", "q"])
    for word in CELLS:
        assert lost.of(np.array(cells[word])) == pytest.approx(won.of(np.array(CELLS[word])))


def test_columns_without_weight_play_no_part_even_if_unknown():
    grid = tabled(CELLS, ["all", "rare"], floor={"all": 0.2}, full={"all": 0.8})
    grid._gaps.pop("rare", None)
    quality, _ = quality_of(grid, Payoffs(), ["p", "q"])
    assert quality.overall(quality.of(np.array([0.5, 0.9]))) == pytest.approx(0.5)


def test_a_creator_whose_own_column_has_no_bounds_is_judged_on_the_weighted_one():
    cells = {"A": [0.5, 0.9], "AB": [0.8, 0.7]}
    grid = tabled(cells, ["all", "A"], floor={"all": 0.2})
    quality, warnings = quality_of(grid, Payoffs(), ["A", "B"])
    assert quality.judged_on.tolist() == [0, 0]
    assert np.isfinite(quality.of(np.array([0.5, 0.9]))[quality.judged_on]).all()
    assert "1 of 2 creators are judged on 'all'" in warnings[0]


@pytest.mark.parametrize(("floor", "full", "own"), [(0.1, 0.9, True), (0.9, 0.9, False), (0.9, 0.1, False)])
def test_a_slice_that_training_does_not_help_is_refused(make_setup, floor, full, own):
    gaps = {"all": Gap(0, 1, 0), "A": Gap(floor, full, 0), "B": Gap(0, 1, 0)}
    setup = make_setup(2, columns=("all", "A", "B"), gaps=gaps)
    assert setup.quality.judged_on.tolist() == [1 if own else 0, 2]


def test_two_standard_errors_are_needed(make_setup):
    with pytest.raises(GapError, match=r"0\.5000 ± 0\.2500"):
        make_setup(2, gaps={"all": Gap(0, 0.5, 0.25)})
    assert make_setup(2, gaps={"all": Gap(0, 0.5, 0.2499)}).quality.gap == 0.5


@pytest.mark.parametrize(
    ("weights", "said", "key"),
    [
        ({"none": 1.0}, "no audit column 'none'", "payoffs.weights.none"),
        ({"all": -1.0}, "is negative", "payoffs.weights.all"),
        ({"all": 0.0}, "no column has a weight above 0", "payoffs.weights"),
        ({"monitor:all": 1.0}, "no audit column", "payoffs.weights.monitor:all"),
    ],
)
def test_weights_that_say_nothing(make_setup, weights, said, key):
    with pytest.raises(ScenarioError, match=said) as caught:
        make_setup(2, monitored=True, payoffs={"weights": weights})
    assert caught.value.place.key == key


def test_the_company_view_is_refused_where_it_cannot_be_made(make_setup):
    with pytest.raises(ScenarioError, match="company view cannot be made") as caught:
        make_setup(2, payoffs={"view": "company"})
    assert caught.value.place.key == "payoffs.view"
