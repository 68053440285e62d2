from __future__ import annotations

import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataleverage.errors import DataError, GridError, MissingCell
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.logistic import LogisticRegression
from dataleverage.grid.learners.naive_bayes import GaussianNB
from dataleverage.grid.learners.ridge import Ridge, RidgeClassifier
from dataleverage.grid.rows import all_rows, extreme_rows, objects_in


def table(rows: dict[str, float], **more) -> Grid:
    return Grid.from_table(pd.DataFrame({"s": rows}), **more)


def test_cells_of_a_table_are_given_back_as_they_are():
    frame = pd.DataFrame({"x": [0.1, 0.9, 0.4], "y": [1, 2, 3]}, index=["", "BA", "C"])
    grid = Grid.from_table(frame)
    assert grid.objects == ("A", "B", "C") and grid.column_names == ("x", "y") and grid.n_present == 1
    assert grid.scores([[1, 1, 0], [0, 0, 0], [1, 1, 0]]).tolist() == [[0.9, 2], [0.1, 1], [0.9, 2]]
    assert grid.sizes.tolist() == [1, 1, 1] and grid.words([[1, 1, 0], [0, 0, 0]]) == ["AB", ""]
    assert grid.rows([]).shape == (0, 3) and grid.scores(grid.rows([])).shape == (0, 2)


def test_a_table_with_holes_unveils_what_it_knows():
    grid = table({"AB": 0.9, "A": 0.4, "B*": 0.2})
    known = grid.unveil()
    assert known.frame["s"].to_dict() == {"AB": 0.9, "A": 0.4, "B*": 0.2} and grid.n_present == 2
    assert not known.complete and known.holes == 2
    with pytest.raises(MissingCell, match="no cells for B, the empty row") as caught:
        grid.scores(grid.rows(["B", "A", ""]))
    assert caught.value.remedy
    assert table({"": 0, "A": 1, "B": 1, "AB": 2}).unveil().complete


def test_what_was_unveiled_makes_the_same_grid_again():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), np.tile([0, 1], 40)
    for names in (["n", "s"], ["north", "south"], [0, 1], [0, 10]):
        grid = Grid.from_arrays(X, y, np.repeat(names, 40), X, y, learner=GaussianNB())
        again = Grid.from_table(grid.unveil().frame)
        assert again.objects == grid.objects == tuple(map(str, names))
        assert np.array_equal(again.scores(all_rows(2)), grid.scores(all_rows(2)))


@pytest.mark.parametrize(
    ("words", "objects"),
    [
        (["AB", "C", ""], "ABC"),
        (["B*", "AB*2"], "AB"),
        (["A+north", "south*2", ""], ["A", "north", "south"]),
        (["A+B", "A"], "AB"),
    ],
)
def test_objects_are_read_from_rows(words, objects):
    assert objects_in(words) == tuple(objects)
    frame = pd.DataFrame({"s": np.arange(len(words))}, index=words)
    assert Grid.from_table(frame).unveil().scores[:, 0].tolist() == list(range(len(words)))


NAN = float("nan")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: table({"AB": 1, "BA": 2}), "the row 'BA' more than once"),
        (lambda: table({"A*": 1, "A*1": 2}), "more than once"),
        (lambda: Grid.from_table(pd.DataFrame({"s": [1, 2]}, index=["A", "A"])), "the row 'A' more than once"),
        (lambda: table({"A": NAN}), "row 'A' and column 's' is nan"),
        (lambda: table({"A": np.inf}), "is inf"),
        (lambda: table({"A": None}), "row 'A' and column 's' is nan"),
        (lambda: Grid.from_table(pd.DataFrame({"s": ["good"]}, index=["A"])), "not a number"),
        (lambda: Grid.from_table(pd.DataFrame({"s": pd.array([1, None], "Int64")}, index=["A", ""])), "is nan"),
        (lambda: table({"AX": 1}, objects="AB"), "names 'X', which is no object"),
        (lambda: table({"AA": 1}), "names 'A' twice"),
        (lambda: table({"A*999": 1}), "tactic '999'"),
        (lambda: table({"A": 1}, objects=["A", "A"]), "two objects 'A'"),
        (lambda: Grid.from_table(pd.DataFrame([[1, 2]], index=["A"], columns=["s", "s"])), "two columns 's'"),
        (lambda: table({"": 1}), "no objects"),
        (lambda: table({}), "no objects"),
        (lambda: Grid.from_table(pd.DataFrame(index=["A"])), "no columns"),
        (lambda: table({"A": 1}, metric="acuracy"), "'acuracy' is no metric"),
        (lambda: table({"A": 1}).unveil(budget=0), "budget is 0"),
        (lambda: table({"A": 1}).scores([[1, 0]]), "rows have shape"),
        (lambda: table({"A": 1}).scores([[2]]), "variant 2"),
        (lambda: table({"A": 1}).column("x"), "no column 'x'"),
    ],
)
def test_what_is_no_table_or_no_row(make, words):
    with pytest.raises(GridError, match=words):
        make()


def test_names_that_rows_do_not_tell():
    grid = table({"1": 1, "12": 2}, objects=["1", "12"])
    assert grid.scores([[1, 0], [0, 1]]).tolist() == [[1], [2]]
    grid = table({"north": 1}, objects=["north", "south"])
    assert grid.unveil().holes == 3


def test_unveiling_is_every_clean_row(world_named):
    grid = Grid.of_world(world_named("wine, poisoned"), RidgeClassifier())
    known = grid.unveil()
    assert known.complete and np.array_equal(known.rows, all_rows(5)) and known.columns == grid.column_names
    assert np.array_equal(grid.scores(all_rows(5)[::-1])[::-1], known.scores)


@given(n=st.integers(1, 7), budget=st.integers(1, 140))
def test_a_budget_goes_to_the_ends_first(n, budget):
    rows = extreme_rows(n, budget)
    assert len(rows) == min(budget, 2**n) == len({tuple(row) for row in rows})
    away = [min(row.sum(), n - row.sum()) for row in rows.astype(int)]
    assert away == sorted(away)


def test_more_objects_than_are_enumerated():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 2)), np.tile([0, 1], 25)
    grid = Grid.from_arrays(X, y, np.arange(50) % 25, X, y, learner=GaussianNB())
    with pytest.raises(GridError, match=r"2\*\*25 rows"):
        grid.unveil()
    known = grid.unveil(budget=60)
    ends = [0, 25, *[24] * 25, *[1] * 25]
    assert sorted(known.rows.sum(axis=1).tolist()[:52]) == sorted(ends) and len(known) == 60 == grid.trained
    pairs = {tuple(np.flatnonzero(row == 0)) for row in known.rows[52:]}
    assert pairs == set(list(combinations(range(25), 2))[:8])


def test_arrays_take_the_task_from_the_learner_and_the_target():
    rng = np.random.default_rng(0)
    X, groups = rng.normal(size=(60, 2)), np.arange(60) % 3
    whole = Grid.from_arrays(X, np.arange(60), groups, X, np.arange(60), learner=Ridge())
    assert whole.world.task == "regression" and whole.columns[0].metric == "rmse"
    floats = Grid.from_arrays(X, np.tile([0.0, 1.0], 30), groups, X, np.tile([0.0, 1.0], 30), learner=GaussianNB())
    assert floats.world.classes == ("0.0", "1.0") and floats.columns[0].metric == "accuracy"
    assert floats.column_names == ("all",) and floats.sizes.tolist() == [20, 20, 20]
    with pytest.raises(DataError, match="X_train has shape"):
        Grid.from_arrays(X[0], [0], [0], X, np.zeros(60), learner=GaussianNB())
    with pytest.raises(GridError, match="'sharpness'"):
        Grid.from_arrays(X, np.tile([0, 1], 30), groups, X, np.tile([0, 1], 30), learner=GaussianNB(), metric="sharpness")


def test_threads_that_ask_for_the_same_rows_train_them_once(world_named):
    world, rows, rng = world_named("wine"), all_rows(6), np.random.default_rng(0)
    for workers in (1, 2):
        grid = Grid.of_world(world, Noting())
        grid.oracle.workers = workers
        NOTED.clear()
        orders = [rng.permutation(64) for _ in range(8)]
        together = threading.Barrier(8)

        def ask(order, grid=grid, together=together):
            together.wait()
            return np.concatenate([grid.scores(rows[part]) for part in np.array_split(order, 5)])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, orders))
        assert grid.trained == len(grid.store) == 64
        assert len(NOTED) == len(set(NOTED))
        assert grid.served == 8 * 64 - 64
        expected = Grid.of_world(world, RidgeClassifier()).scores(rows)
        for order, answer in zip(orders, answers, strict=True):
            assert np.array_equal(answer, expected[order])


class Noting(RidgeClassifier):
    """Notes every row that it trains on."""

    def prepare(self, pool, need):
        inner = RidgeClassifier().prepare(pool, need)

        def predict(rows, weights=None):
            NOTED.extend(row.tobytes() for row in rows)
            return inner(rows, weights)

        return predict


NOTED: list[bytes] = []


@pytest.mark.parametrize("learner", [RidgeClassifier(), GaussianNB(), LogisticRegression(preprocess="standardize")])
def test_a_pickled_grid_knows_what_it_knew_and_trains_the_rest(world_named, learner):
    grid = Grid.of_world(world_named("wine, poisoned"), learner, [("all", "accuracy"), ("all", "balanced_accuracy")])
    rows = all_rows(5)
    grid.scores(rows[:20])
    copy = pickle.loads(pickle.dumps(grid))
    again = pickle.loads(pickle.dumps(copy))
    assert np.array_equal(again.scores(rows), grid.scores(rows))
    assert (again.trained, again.served) == (grid.trained, grid.served) == (32, 20)


def scores_there(grid: Grid, rows) -> tuple[np.ndarray, int, int]:
    return grid.scores(rows), grid.trained, grid.from_disk


def test_a_grid_in_another_process_uses_the_same_store(world_named, tmp_path):
    grid = Grid.of_world(world_named("wine"), RidgeClassifier()).keep_in(tmp_path / "cells.db")
    rows = all_rows(6)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there, trained, _ = pool.submit(scores_there, grid, rows[:50]).result()
        assert trained == 50
        here = grid.scores(rows)
        assert (grid.trained, grid.from_disk) == (14, 50)
        assert np.array_equal(here[:50], there)
        again, trained, _ = pool.submit(scores_there, grid, rows).result()
        assert trained == 14  # which it brought along
        assert np.array_equal(again, here)


def test_weighted_rows_known_before_go_into_the_store_as_such(world_named, tmp_path):
    rows, weights = all_rows(6)[1:20], np.random.default_rng(0).uniform(0.5, 2.0, 6)
    early = Grid.of_world(world_named("wine"), RidgeClassifier())
    scores = early.scores(rows, weights)
    early.keep_in(tmp_path / "cells.db")
    late = Grid.of_world(world_named("wine"), RidgeClassifier()).keep_in(tmp_path / "cells.db")
    assert np.array_equal(late.scores(rows, weights), scores)
    assert (late.trained, late.from_disk) == (0, 19)
    late.scores(rows)
    assert late.trained == 19


def test_what_was_known_before_goes_into_the_store_too(world_named, tmp_path):
    early = Grid.of_world(world_named("wine"), RidgeClassifier())
    early.scores(all_rows(6)[:30])
    early.gap("all")
    trained = early.trained
    early.keep_in(tmp_path / "cells.db").keep_in(tmp_path / "cells.db")
    late = Grid.of_world(world_named("wine"), RidgeClassifier()).keep_in(tmp_path / "cells.db")
    assert late.gap("all") == early.gap("all")
    assert np.array_equal(late.scores(all_rows(6)[:30]), early.scores(all_rows(6)[:30]))
    assert late.trained == 0
    assert trained == 32
