"""What every learner must do, whoever wrote it: checks to run on a new one."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import FitError, GridError
from dataleverage.grid.blas import one_thread
from dataleverage.grid.learner import Learner, Need, Pool
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import Rows, in_words, onehot
from dataleverage.testing.identity import check_object
from dataleverage.testing.worlds import worlds
from dataleverage.world.world import Floats, Ints, Mask, Task, World

Reference = Callable[[Floats, NDArray[Any]], Any]
"""X (m, d), y (m,) -> something fitted, with `predict(X_eval)`; None where it has no answer to these examples.

X is preprocessed as the learner asks for; y holds class indices (int64) or float64 targets. Of ratings, X has pairs of a user
and an item.
"""

METRIC: dict[tuple[Task, Need], str] = {
    ("classification", "probability"): "log_loss",
    ("classification", "ranking"): "auc",
    ("classification", "label"): "accuracy",
    ("regression", "label"): "rmse",
    ("rating", "label"): "rmse",
}


def check_learner(
    learner: Learner,
    *,
    reference: Reference | None = None,
    rows: int = 24,
    within: float = 1e-9,
    repeats: bool = True,
    seed: int = 0,
) -> tuple[str, ...]:
    """Check a learner on small worlds: clean and poisoned rows, rare classes, and data that is hard on arithmetic.

    As an object it must be frozen, hashable and picklable, with a fingerprint that is the same in a copy and another for any
    other parameter. On every world that it does not refuse in its `check` (with a GridError), decision values must be the
    same for any batch, order, chunks and copies of rows, in threads, and with other examples in absent objects; finite where
    they have to be; and neither pool nor rows may be changed. Where a learner `weighs`, weights of one must be the same as
    none, and an example of weight 2 the same as one that is there twice. Rows that raise a FitError are left out where they do
    so on their own too, as long as others do not.

    Parameters
    ----------
    learner : what to check.
    reference : given a row's examples, returns an independent fit whose labels must be the same on every row tried (or, for
        numbers and ratings, whose predictions must agree within 1e-6 of their size): scikit-learn's, converged with
        `tol=1e-10`, say.
    rows : how many random rows to try on each world, beside the empty and the full row and single objects.
    within : how far decision values may differ between batches, relative to their size where that is above 1.
    repeats : False for a learner that weighs and for which an example of weight 2 need not be the same as one that is there
        twice: one that draws examples, or follows the last bits of its sums, as trees do between splits that are equally good.
    seed : of worlds and rows.

    Returns the names of the worlds that it was checked on.

    Raises AssertionError, whose message says which check failed, and on which world and row.
    """
    check_object(learner)
    names, refusal = [], "it has no task"
    for task in learner.task:
        for name, world in worlds(task, seed).items():
            trial = Trial(learner, name, world, within, repeats, rows, seed)
            if trial.oracle is None:
                refusal = trial.refusal
                continue
            names.append(name)
            with one_thread():  # as in the oracle's own batches
                for check in (unchanged, outputs, untrained, batches, threads, own_examples, copies, weights):
                    check(trial)
                if reference is not None:
                    agreement(trial, reference)
    if not names:
        raise AssertionError(f"{type(learner).__name__}: it refuses every world: {refusal}")
    return tuple(names)


# ---------------------------------------------------------------------- on a world


@dataclass(eq=False)
class Trial:
    """A learner on a world. `rows` random rows are tried; those that raise a FitError on their own are left out."""

    learner: Learner
    name: str
    world: World
    within: float
    repeats: bool
    n_random: int
    seed: int
    refusal: str = ""

    @cached_property
    def need(self) -> Need:
        """The most that the learner can give here."""
        return self.oracle.measure.needs if self.oracle is not None else "label"

    @cached_property
    def oracle(self) -> TrainedOracle | None:
        """One that has scored nothing; None where the learner refuses the world."""
        for need in ("probability", "ranking", "label"):
            metric = METRIC.get((self.world.task, need))
            if metric is not None and need in self.learner.gives:
                try:
                    columns = columns_of(self.world, metric)
                    return TrainedOracle(self.world, self.learner, columns, workers=1)
                except GridError as error:
                    self.refusal = str(error)
        return None

    @cached_property
    def pool(self) -> Pool:
        assert self.oracle is not None
        return self.oracle.pool

    @cached_property
    def fitted(self) -> tuple[Rows, Floats]:
        """(R, n), (R, E, K): rows that can be fitted, and what each on its own comes to with an oracle that remembers nothing.

        Empty, full, and single objects in every variant, and random rows, in random order.
        """
        rng, n, most = np.random.default_rng(self.seed), self.world.n_objects, self.world.n_present
        single = np.concatenate([v * np.eye(n, dtype=np.uint8) for v in range(1, most + 1)])
        ends = np.repeat(np.arange(most + 1, dtype=np.uint8)[:, None], n, axis=1)
        drawn = rng.integers(0, most + 1, (self.n_random, n)).astype(np.uint8)
        rows = rng.permutation(np.unique(np.concatenate([ends, single, drawn]), axis=0)).astype(np.uint8)
        rows, kept, error = rows[np.argsort(self.untrained(rows), kind="stable")], [], None
        decided: list[Floats] = []
        for i, row in enumerate(rows):
            try:
                decided.append(self.decide(row[None]))
                kept.append(i)
            except FitError as failed:
                error = failed
            except Exception as failed:
                self.fails("fitting", f"{type(failed).__name__}: {failed}", row, failed)
        if not kept or self.untrained(rows[kept[:1]])[0]:
            self.fails("fitting", f"no row can be fitted: {error}", rows[0], error)
        return rows[kept], np.concatenate(decided)

    @property
    def rows(self) -> Rows:
        """(R, n): see `fitted`."""
        return self.fitted[0]

    @property
    def alone(self) -> Floats:
        """(R, E, K): see `fitted`."""
        return self.fitted[1]

    @cached_property
    def trained(self) -> Rows:
        """(R, n): those of the rows that the learner is asked to train on."""
        return self.rows[~self.untrained(self.rows)]

    def untrained(self, rows: Rows) -> Mask:
        """(R,): rows that are empty or have a single class."""
        assert self.oracle is not None
        _, empty, single = self.oracle.untrained(rows)
        return empty | single

    def fresh(self) -> TrainedOracle:
        """An oracle that remembers nothing."""
        assert self.oracle is not None
        return TrainedOracle(self.world, self.learner, self.oracle.columns, workers=1)

    def decide(self, rows: Rows) -> Floats:
        """(R, E, K): what an oracle that remembers nothing decides on a batch."""
        return self.fresh().decide(rows.copy())

    def fails(self, check: str, what: str, row: Rows | None = None, cause: BaseException | None = None) -> NoReturn:
        """Raise the AssertionError."""
        if row is not None:
            words = in_words(row, self.world.objects)
            what = f"{what} (row {words or 'without objects'} = {row.tolist()})"
        raise AssertionError(f"{type(self.learner).__name__}, {check}: on the world {self.name!r}, {what}") from cause

    def same(self, check: str, rows: Rows, mine: Floats, expected: Floats, within: float | None = None) -> None:
        """Labels must be identical, and decision values near; the first row where they are not is named."""
        allowed = self.within if within is None else within
        for row, one, other in zip(rows, mine, expected, strict=True):
            if self.world.task == "classification":
                self.same_labels(check, row, labels(one), labels(other))
            off = distance(one, other)
            if not off <= allowed:
                self.fails(check, f"decision values differ by {off:.3g}, and {allowed:g} is allowed", row)

    def same_labels(self, check: str, row: Rows, mine: NDArray[Any], expected: NDArray[Any]) -> None:
        """(E,), (E,) class indices of a row."""
        differ = np.flatnonzero(mine != expected)
        if len(differ):
            e = differ[0]
            what = f"{len(differ)} of {len(mine)} labels differ: the first, of example {e}, is {mine[e]} and not {expected[e]}"
            self.fails(check, what, row)

    @property
    def near(self) -> float:
        """How far decision values of different pools may be apart: a learner may scale them by the pool."""
        return math.inf if self.world.task == "classification" else 1e-6

    def masked(self, row: Rows, decision: Floats) -> Floats:
        """(1, E, K): decision values (E, K) of a row, without the classes that it lacks."""
        has = np.isin(np.arange(decision.shape[1]), self.pool.y[self.examples(row)])
        return (np.where(has, decision, -np.inf) if decision.shape[1] > 1 else decision)[None]

    def examples(self, row: Rows) -> Ints:
        """(m,): which examples of the pool a row has, in training order."""
        inside = np.flatnonzero((onehot(row[None], self.world.n_present) > 0)[0][self.pool.unit])
        return inside[np.argsort(inside % len(self.world.y), kind="stable")]


def distance(one: Floats, other: Floats) -> float:
    """The largest difference, relative to the size of values above 1; infinite where only one is finite."""
    equal = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        off = np.where(equal, 0.0, np.abs(one - other) / np.maximum(1.0, np.minimum(np.abs(one), np.abs(other))))
    return float(np.where(np.isnan(off), math.inf, off).max(initial=0.0))


def labels(decision: Floats) -> NDArray[np.intp]:
    """(E,) of decision values (E, K), or of margins (E, 1)."""
    return np.asarray(decision[:, 0] > 0, dtype=np.intp) if decision.shape[1] == 1 else decision.argmax(axis=1)


# ---------------------------------------------------------------------- checks on a world


def outputs(trial: Trial) -> None:
    """Decision values have the right shape and type, and are numbers where the row has the class."""
    given = trial.learner.prepare(trial.pool, trial.need)(trial.trained.copy())
    expected = (len(trial.trained), len(trial.pool.X_eval), max(trial.pool.n_classes, 1))
    shapes = (expected, (*expected[:2], 1)) if trial.pool.n_classes == 2 else (expected,)
    if not isinstance(given, np.ndarray) or given.shape not in shapes or given.dtype != np.float64:
        found = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        trial.fails("outputs", f"`prepare` gives what predicts {found} and not float64 {expected}")
    for row, decision in zip(trial.rows, trial.alone, strict=True):
        if np.isnan(decision).any() or not np.isfinite(decision.max(axis=1)).all():
            trial.fails("outputs", "no class has a finite decision value, or one is NaN, for some example", row)


def untrained(trial: Trial) -> None:
    """Empty rows predict what is common, rows of one class that class, and no row a class that it lacks."""
    for row, decision in zip(trial.rows, trial.alone, strict=True):
        y = trial.pool.y[trial.examples(row)]
        if trial.world.task != "classification":
            if not len(y) and distance(decision, np.full_like(decision, trial.world.y.astype(np.float64).mean())) > 1e-12:
                trial.fails("empty row", "it does not predict the mean target of the full row", row)
            continue
        allowed = np.unique(y) if len(y) else np.array([np.bincount(trial.world.y.astype(np.int64)).argmax()])
        strange = np.setdiff1d(decision.argmax(axis=1), allowed)
        if len(strange):
            trial.fails("lacking classes", f"the class {strange[0]} is predicted; the row allows {allowed.tolist()}", row)


def batches(trial: Trial) -> None:
    """Rows are scored the same together, in any order, in chunks after each other, and more than once."""
    rows, alone = trial.rows, trial.alone
    trial.same("batch and one by one", rows, trial.decide(rows), alone)
    trial.same("order", rows, trial.decide(rows[::-1])[::-1], alone)
    oracle = trial.fresh()
    chunks = [oracle.decide(rows[start : start + 7].copy()).copy() for start in range(0, len(rows), 7)]
    trial.same("chunks", rows, np.concatenate(chunks), alone)
    trial.same("the same rows again", rows, oracle.decide(rows.copy()), alone)
    twice = np.random.default_rng(trial.seed).permutation(np.repeat(np.arange(len(rows)), 2))
    trial.same("duplicates", rows[twice], trial.decide(rows[twice]), alone[twice])


def threads(trial: Trial) -> None:
    """What `prepare` returns can be called by several threads at once, where the learner says so."""
    if not trial.learner.threads:
        return
    predict = trial.learner.prepare(trial.pool, trial.need)
    expected = predict(trial.trained.copy())
    parts = [trial.trained[start : start + 2].copy() for start in range(0, len(trial.trained), 2)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            trial.same("threads", trial.trained, np.concatenate(list(pool.map(predict, parts))), expected)


def own_examples(trial: Trial) -> None:
    """What is in absent objects, or in other variants of present ones, changes no label and, but for rounding, no number."""
    pool, rng = trial.pool, np.random.default_rng(trial.seed)
    for row in trial.trained[:8]:
        others = np.setdiff1d(np.arange(len(pool.y)), trial.examples(row))
        X, y = pool.X.copy(), pool.y.copy()
        X[others], y[others] = X[rng.permutation(others)], y[rng.permutation(others)]
        usual, changed = (
            trial.masked(row, trial.learner.prepare(each, trial.need)(row[None].copy())[0])
            for each in (pool, replace(pool, X=X, y=y))
        )
        trial.same("examples of absent objects", row[None], changed, usual, trial.near)


def unchanged(trial: Trial) -> None:
    """Neither the pool nor the rows are written to, nor what was returned before."""
    pool, rows = trial.pool, trial.trained.copy()
    before = {name: getattr(pool, name).copy() for name in ("X", "y", "unit", "X_eval")}
    predict = trial.learner.prepare(pool, trial.need)
    given = predict(rows)
    kept = given.copy()
    predict(rows[::-1].copy())
    for name, array in before.items():
        if not np.array_equal(getattr(pool, name), array):
            trial.fails("inputs", f"the pool's {name} was written to")
    changed = (rows != trial.trained).any(axis=1)
    if changed.any():
        trial.fails("inputs", "the rows were written to", trial.trained[int(np.argmax(changed))])
    if not np.array_equal(given, kept, equal_nan=True):
        trial.fails("outputs", "what was returned for one batch was written to for the next")


def copies(trial: Trial) -> None:
    """A pickled copy of the learner decides the same."""
    assert trial.oracle is not None
    copy = pickle.loads(pickle.dumps(trial.learner))
    decided = TrainedOracle(trial.world, copy, trial.oracle.columns, workers=1).decide(trial.rows.copy())
    trial.same("pickling", trial.rows, decided, trial.alone)


def weights(trial: Trial) -> None:
    """A learner that weighs counts examples as often as they weigh, and remembers no weights."""
    try:
        if not trial.learner.weighs:
            return
        trial.learner.check_weights()
    except GridError:
        return
    pool, rows = trial.pool, trial.trained
    predict, ones = trial.learner.prepare(pool, trial.need), (rows > 0).astype(np.float64)
    plain, times = predict(rows.copy()), np.random.default_rng(trial.seed).integers(1, 4, trial.world.n_objects)
    trial.same("weights of one", rows, predict(rows.copy(), ones.copy()), plain)
    weighted = predict(rows.copy(), ones * times)
    alone = [predict(row[None].copy(), weight[None]) for row, weight in zip(rows, ones * times, strict=True)]
    trial.same("weights, in a batch and one by one", rows, weighted, np.concatenate(alone))
    trial.same("none after weights", rows, predict(rows.copy()), plain)
    if trial.repeats:
        twice = np.repeat(np.arange(len(pool.y)), times[pool.unit // pool.n_present])
        repeated = replace(pool, X=pool.X[twice], y=pool.y[twice], unit=pool.unit[twice])
        expected = trial.learner.prepare(repeated, trial.need)(rows.copy())
        for row, *pair in zip(rows, weighted, expected, strict=True):
            mine, theirs = (trial.masked(row, each) for each in pair)
            trial.same("whole-number weights and repeated examples", row[None], mine, theirs, trial.near)


def agreement(trial: Trial, reference: Reference) -> None:
    """Rows are predicted as by the reference's fit on their examples."""
    for row, decision in zip(trial.rows, trial.alone, strict=True):
        if trial.untrained(row[None])[0]:
            continue
        examples = trial.examples(row)
        fitted = reference(trial.pool.X[examples], trial.pool.y[examples])
        if fitted is None:
            continue
        predicted = np.asarray(fitted.predict(trial.pool.X_eval))
        if trial.world.task == "classification":
            trial.same_labels("reference", row, decision.argmax(axis=1), predicted)
        elif (off := distance(decision[:, 0], predicted.reshape(len(decision)))) > 1e-6:
            trial.fails("reference", f"predictions differ by {off:.3g}", row)
