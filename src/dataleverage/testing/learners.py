"""What every learner must do, whoever wrote it: checks to run on a new one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.errors import FitError, GridError
from dataleverage.grid import workers
from dataleverage.grid.blas import one_thread
from dataleverage.grid.learner import Learner, Need, Pool, Predictor, scaling
from dataleverage.grid.oracle import TrainedOracle, both_classes
from dataleverage.grid.rows import Rows
from dataleverage.testing.identity import check_object
from dataleverage.testing.trial import Trial, distance, labels
from dataleverage.testing.worlds import worlds
from dataleverage.world.world import Floats

Reference = Callable[[Floats, NDArray[Any]], Any]
"""X (m, d), y (m,) -> something fitted, with `predict(X_eval)`; None where it has no answer to these examples.

X is preprocessed as the learner asks for; y holds class indices (int64) or float64 targets. Of ratings, X has pairs of a user
and an item.
"""

ALIKE = 1e-6  # how far probabilities, orders and predictions of a loop may be from those of batches


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

    Rows that its `loop` fits one by one must have the labels of those in batches, and the same order of margins, probabilities
    and predictions within 1e-6; where it raises a FitError batches take over. On the first world a copy is sent to another
    process, and must decide as this one; so must what `loop` made here, where that can be sent.

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
                for check in (unchanged, outputs, untrained, batches, threads, own_examples, copies, weights, loop):
                    check(trial)
                if len(names) == 1:
                    elsewhere(trial)
                if reference is not None:
                    agreement(trial, reference)
    if not names:
        raise AssertionError(f"{type(learner).__name__}: it refuses every world: {refusal}")
    return tuple(names)


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


def loop(trial: Trial) -> None:
    """Fitted one by one, rows come to what they come to in batches; where one cannot be fitted so, batches take over."""
    batches = trial.learner.prepare(trial.pool, trial.need)(trial.trained.copy())
    for row, expected, given in zip(trial.trained, batches, one_by_one(trial, trial.trained), strict=True):
        if given is None:
            continue
        if given.shape[:1] != expected.shape[:1] or given.shape[1:] not in ((1,), (max(trial.pool.n_classes, 1),)):
            trial.fails("loop", f"a row fitted by itself has decision values {given.shape} and not {expected.shape}", row)
        mine, theirs = (trial.masked(row, each)[0] for each in (given, expected))
        if trial.world.task == "classification":
            trial.same_labels("loop", row, labels(mine), labels(theirs))
        off = apart(trial, mine, theirs)
        if not off <= ALIKE:
            trial.fails("loop", f"fitted by itself it differs by {off:.3g} from batches", row)


def one_by_one(trial: Trial, rows: Rows) -> list[Floats | None]:
    """(E, K) of each row by the learner's loop; None for rows that raise a FitError."""
    predict, found = trial.learner.loop(trial.pool, trial.need), list[Floats | None]()
    for row in rows:
        try:
            found.append(predict(row[None].copy())[0])
        except FitError:
            found.append(None)
        except Exception as error:
            trial.fails("loop", f"{type(error).__name__}: {error}", row, error)
    return found


def apart(trial: Trial, mine: Floats, theirs: Floats) -> float:
    """How far two ways are apart in what does not depend on the scale of decision values (E, K), beyond labels."""
    if trial.world.task != "classification":
        return distance(mine, theirs)
    if trial.need == "probability":
        return float(np.abs(chances(mine) - chances(theirs)).max())
    if trial.need == "ranking" and trial.pool.n_classes == 2:
        one, other = (each[:, -1] - (each[:, 0] if each.shape[1] == 2 else 0.0) for each in (mine, theirs))
        return max(disorder(one, other), disorder(other, one))
    return 0.0


def chances(decision: Floats) -> Floats:
    """(E, K) or (E, 1) decision values -> (E, K) probabilities."""
    both = both_classes(decision[None])[0] if decision.shape[1] == 1 else decision
    shares = np.exp(both - both.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def disorder(one: Floats, other: Floats) -> float:
    """How far the first (E,) falls where the second rises or stays, relative to its range where that is above 1."""
    ordered = one[np.lexsort((-one, other))]
    return float(np.max(-np.diff(ordered), initial=0.0) / max(1.0, float(np.ptp(one))))


def elsewhere(trial: Trial) -> None:
    """In another process, a copy of the learner and what its loop made here decide as in this one."""
    if workers.most(2) == 1:  # this is a worker itself
        return
    learner, pool, need = trial.learner, trial.pool, trial.need
    found = one_by_one(trial, trial.trained)
    some = [i for i, each in enumerate(found) if each is not None][:6] or list(range(min(6, len(found))))
    rows, alone = trial.trained[some], [each for i in some if (each := found[i]) is not None]
    made = learner.loop(pool, need) if alone else None
    sent = Sent(learner, pool, need, None if workers.cannot_be_sent(made) else made)  # a path says so, and sends nothing
    try:
        copied, looped = next(iter(workers.over(2, sent, [rows])))
    except Exception as error:
        trial.fails("another process", f"{type(error).__name__}: {error}", cause=error)
    trial.same("another process", rows, copied, learner.prepare(pool, need)(rows.copy()))
    if looped is not None:
        trial.same("another process, one by one", rows, looped, np.stack(alone))


class Sent:
    """Decides on rows in a worker: by what the learner prepares there, and by what its loop made here."""

    def __init__(self, learner: Learner, pool: Pool, need: Need, loop: Predictor | None) -> None:
        self.learner, self.pool, self.need, self.loop = learner, pool, need, loop

    def __call__(self, rows: Rows) -> tuple[Floats, Floats | None]:
        prepared = self.learner.prepare(self.pool, self.need)(rows.copy())
        return prepared, None if self.loop is None else self.loop(rows.copy())


def agreement(trial: Trial, reference: Reference) -> None:
    """Rows are predicted as by the reference's fit on their examples."""
    for row, decision in zip(trial.rows, trial.alone, strict=True):
        if trial.untrained(row[None])[0]:
            continue
        examples = trial.examples(row)
        X, X_eval = trial.pool.X[examples], trial.pool.X_eval
        if trial.learner.rescales:
            shift, scale = scaling(X, trial.learner.preprocess)
            X, X_eval = (X - shift) / scale, (X_eval - shift) / scale
        fitted = reference(X, trial.pool.y[examples])
        if fitted is None:
            continue
        predicted = np.asarray(fitted.predict(X_eval))
        if trial.world.task == "classification":
            trial.same_labels("reference", row, decision.argmax(axis=1), predicted)
        elif (off := distance(decision[:, 0], predicted.reshape(len(decision)))) > 1e-6:
            trial.fails("reference", f"predictions differ by {off:.3g}", row)
