"""Metrics and columns: how the decisions of a trained model become cells.

A learner's decision values `(R, E, K)` for R rows come in, a matrix `(R, C)` of scores goes out. Whatever is per
example (is it correct, what is its loss) is computed once for all columns, and averaged over each column's
examples by one matrix product: more columns are nearly free.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from dataleverage.errors import FitError, GridError
from dataleverage.grid import ranking
from dataleverage.grid.learner import Need
from dataleverage.grid.seen import TIE, Scorer, Seen
from dataleverage.world.world import Floats, Ints, Mask, Part, Task, World


@dataclass(frozen=True)
class Metric:
    """What is measured on a slice.

    name, label : in files, and for people.
    tasks : those that it is defined for.
    need : what it reads from decision values: the label, their order, or probabilities.
    greater_is_better : False for losses.
    mean : what the score is a mean over, if anything, so that its standard error has a closed form.
    description : one sentence.
    """

    name: str
    label: str
    tasks: tuple[Task, ...]
    need: Need
    greater_is_better: bool
    mean: Literal["examples", "users"] | None = None
    description: str = ""


CLASSES: tuple[Task, ...] = ("classification",)
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", CLASSES, "label", True, "examples", "Share of examples labelled correctly."),
        Metric(
            "balanced_accuracy",
            "balanced accuracy",
            CLASSES,
            "label",
            True,
            description="Accuracy within each class of the slice, averaged over those classes.",
        ),
        Metric(
            "log_loss",
            "log loss",
            CLASSES,
            "probability",
            False,
            "examples",
            "Mean of −log(probability of the true class), probabilities clipped at float64 epsilon.",
        ),
        Metric(
            "auc",
            "ROC AUC",
            CLASSES,
            "ranking",
            True,
            description="Area under the ROC curve, ties counted half; the mean of one class against the rest when "
            "there are more than two (which takes probabilities).",
        ),
        Metric("r2", "R²", ("regression",), "label", True, description="1 − squared error / variance within the slice."),
        Metric("rmse", "RMSE", ("regression", "rating"), "label", False, description="Root of the mean squared error."),
        Metric(
            "hits",
            "surfaced hits",
            ("rating",),
            "label",
            True,
            "users",
            f"Share of a user's top {ranking.HITS} of their held-out items that they rated {ranking.LIKED:g} or more, averaged "
            "over users; ties counted at their mean.",
        ),
        Metric(
            "ndcg",
            f"NDCG@{ranking.DEEP}",
            ("rating",),
            "label",
            True,
            "users",
            f"How near to the best order is a user's top {ranking.DEEP} of their held-out items, with gain 2^rating − 1, "
            "averaged over users; ties counted at their mean.",
        ),
        Metric("score", "score", (), "label", True, description="Whatever a table or masks hold; more is better."),
        Metric("loss", "loss", (), "label", False, description="Whatever a table or masks hold; less is better."),
    )
}


@dataclass(frozen=True)
class Column:
    """A slice and a metric, on one part of the evaluation pool.

    name : what the column is called. slice, metric : names.
    part : "audit" (reported) or "monitor" (what operators look at). examples : how many it is measured on.
    """

    name: str
    slice: str
    metric: str
    part: Part
    examples: int


def columns_of(world: World, wanted: str | Sequence[tuple[str, str]], part: Part = "audit") -> tuple[Column, ...]:
    """The columns of one part of the evaluation pool.

    Parameters
    ----------
    wanted : a metric, measured on every slice that has examples in this part; or pairs (slice, metric). Of pairs, those whose
        slice is made for the other part are left out, as all of the monitor part are that have no examples where a world has
        none but those made for slices. Owners' own monitor examples are measured by every metric of the pairs.
    part : monitor columns have names that begin with `monitor:`.

    Raises GridError for an unknown metric or slice, a metric that does not fit the task or a slice's examples, a pair
    named twice, and a named slice without examples.
    """
    counts = {each.name: int(np.count_nonzero(examples_of(world, each.name, part))) for each in world.slices}
    if isinstance(wanted, str):
        known_metric(wanted, world.task)
        pairs = [(name, wanted) for name, count in counts.items() if count]
    else:
        made_for = {each.name: each.part for each in world.slices}
        pairs = [(name, metric) for name, metric in wanted if made_for.get(name) in (None, part)]
        if part == "monitor":
            pairs = monitor_pairs(world, counts, pairs)
    prefix = "monitor:" if part == "monitor" else ""
    short = isinstance(wanted, str) or len({metric for _, metric in wanted}) == 1
    columns: list[Column] = []
    for name, metric in pairs:
        known_metric(metric, world.task)
        if name not in counts:
            raise GridError(f"there is no slice {name!r}", remedy=nearest(name, counts, "Slices"))
        if not counts[name]:
            raise GridError(
                f"the slice {name!r} has no {part} examples to measure {metric} on",
                remedy="Leave this column out, or give the slice more evaluation examples.",
            )
        check_examples(world, name, metric, part)
        column = Column(f"{prefix}{name}" if short else f"{prefix}{name} {metric}", name, metric, part, counts[name])
        if column in columns:
            raise GridError(f"the column {column.name!r} is asked for twice", remedy="Name each pair once.")
        columns.append(column)
    return tuple(columns)


def monitor_pairs(world: World, counts: dict[str, int], pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs (slice, metric) as the monitor part can measure them, and those of owners' own examples, which nobody names.

    counts : slice -> monitor examples.
    """
    if not counts[world.slices[0].name]:  # nothing was set aside: only what is made for the part is there
        pairs = [(name, metric) for name, metric in pairs if counts.get(name, 1)]
    if world.own_monitor is None:
        return pairs
    own = [world.slices[i].name for i in world.own_monitor.ravel() if i >= 0]
    more = [(name, metric) for metric in dict.fromkeys(metric for _, metric in pairs) for name in own]
    return pairs + [pair for pair in more if pair not in set(pairs)]


def examples_of(world: World, name: str, part: Part) -> Mask:
    """(E,) bool: the evaluation examples of a slice in one part."""
    mask = next(each.mask for each in world.slices if each.name == name)
    return mask & (world.audit if part == "audit" else ~world.audit)


def known_metric(name: str, task: Task) -> Metric:
    """The metric of that name. Raises GridError where there is none, or it is not for this task."""
    fitting = [metric.name for metric in METRICS.values() if task in metric.tasks]
    if name not in METRICS:
        raise GridError(f"there is no metric {name!r}", remedy=nearest(name, fitting, f"Metrics for {task}"))
    if name not in fitting:
        known = " and ".join(METRICS[name].tasks) or "tables of cells"
        raise GridError(
            f"the metric {name} is for {known}, and the target asks for {task}",
            remedy=f"Metrics for {task} are {', '.join(fitting)}.",
        )
    return METRICS[name]


def nearest(name: str, known: Iterable[str], what: str) -> str:
    """A remedy: the known name that is most like this one, and what there is."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    return f"{guess}{what} are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}."


def check_examples(world: World, name: str, metric: str, part: Part) -> None:
    """Raise a GridError where the metric is not defined on the slice's examples."""
    y = world.y_eval[examples_of(world, name, part)]
    if metric == "auc":
        present = set(y.tolist())
        lacking = [label for k, label in enumerate(world.classes) if k not in present]
        if lacking:
            raise GridError(
                f"auc needs {part} examples of every class, and the slice {name!r} has none of {', '.join(lacking)}",
                remedy="Use accuracy or log_loss here, or a slice with every class.",
            )
    if metric == "r2" and (len(y) < 2 or np.ptp(y.astype(np.float64)) == 0):
        found = f"{len(y)} example" if len(y) < 2 else "one and the same target throughout"
        raise GridError(
            f"r2 needs {part} examples with different targets, and the slice {name!r} has {found}",
            remedy="Use rmse here, or a larger slice.",
        )


def mean_correct(world: World, masks: Mask) -> Scorer:
    """Accuracy. masks : (E, C'). Counts are whole numbers, hence exact in any order of summation."""
    inside, sizes = masks.astype(np.float32), masks.sum(axis=0)
    return lambda seen: np.asarray((seen.correct @ inside) / sizes)


def mean_recall(world: World, masks: Mask) -> Scorer:
    """Balanced accuracy: the mean recall of the classes a slice has."""
    y = world.y_eval
    labels = np.unique(y)
    inside = np.stack([masks & (y == label)[:, None] for label in labels]).astype(np.float32)  # (K', E, C')
    sizes = inside.sum(axis=1, dtype=np.int64)
    classes = np.count_nonzero(sizes, axis=0)

    def score(seen: Seen) -> Floats:
        total = np.zeros((len(seen.decision), masks.shape[1]))
        for part, size in zip(inside, sizes, strict=True):  # in this order always: the same bits for every batch
            total += (seen.correct @ part) / np.maximum(size, 1)
        return np.asarray(total / classes)

    return score


def mean_loss(world: World, masks: Mask) -> Scorer:
    """Log loss."""
    inside, sizes = masks.astype(np.float64), masks.sum(axis=0)
    return lambda seen: np.asarray((seen.loss @ inside) / sizes)


def area(world: World, masks: Mask) -> Scorer:
    """ROC AUC from mid-ranks (Mann and Whitney 1947); one class against the rest for more than two classes."""
    y = world.y_eval
    where = [np.flatnonzero(mask) for mask in masks.T]

    def score(seen: Seen) -> Floats:
        result = np.zeros((len(seen.decision), len(where)))
        for c, examples in enumerate(where):
            for k, order, size in seen.rankings:
                result[:, c] += area_under(order[:, examples], y[examples] == k, size[:, examples])
        return result / len(seen.rankings)

    return score


def area_under(ranking: Floats, positive: Mask, size: Floats) -> Floats:
    """(R, E) values and (E,) which are positive -> (R,) ROC AUC, ties counted half.

    Values are tied with the next ones in order that are no further away than `TIE` times the size (R, E) of the numbers they
    were computed from: so near, it is rounding that orders them, which is another in another batch.
    """
    order = np.argsort(ranking, axis=1)
    value, size = np.take_along_axis(ranking, order, axis=1), np.take_along_axis(size, order, axis=1)
    with np.errstate(invalid="ignore"):  # infinities are tied with each other: their difference is NaN
        apart = value[:, 1:] - value[:, :-1] > TIE * np.maximum(size[:, 1:], size[:, :-1])
    place, none = np.arange(ranking.shape[1]), np.zeros((len(ranking), 1), dtype=np.int64)
    first = np.maximum.accumulate(np.concatenate([none, np.where(apart, place[1:], 0)], axis=1), axis=1)
    ends = np.concatenate([np.where(apart, place[:-1], place[-1]), none + place[-1]], axis=1)
    last = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    twice = np.where(positive[order], first + last, 0).sum(axis=1)  # ranks from 0; whole numbers, whose sums are exact
    count = int(positive.sum())
    return np.asarray((twice - count * (count - 1)) / (2 * count * (len(positive) - count)))


def explained(world: World, masks: Mask) -> Scorer:
    """R²."""
    inside, target = masks.astype(np.float64), world.y_eval.astype(np.float64)
    total = np.array([np.sum((target[mask] - target[mask].mean()) ** 2) for mask in masks.T])
    return lambda seen: np.asarray(1 - (seen.squared_error @ inside) / total)


def root_mean_square(world: World, masks: Mask) -> Scorer:
    """RMSE."""
    inside, sizes = masks.astype(np.float64), masks.sum(axis=0)
    return lambda seen: np.asarray(np.sqrt((seen.squared_error @ inside) / sizes))


SCORERS: dict[str, Callable[[World, Mask], Scorer]] = {
    "accuracy": mean_correct,
    "balanced_accuracy": mean_recall,
    "log_loss": mean_loss,
    "auc": area,
    "r2": explained,
    "rmse": root_mean_square,
    "hits": ranking.hits,
    "ndcg": ranking.ndcg,
}


class Measurer:
    """Measures decision values on all columns: `(R, E, K)` -> `(R, C)` float64.

    Counting metrics (accuracy, balanced_accuracy, hits, ndcg) are bit-identical for every order and chunking of the rows.
    """

    def __init__(self, world: World, columns: Sequence[Column]) -> None:
        self.world, self.columns = world, tuple(columns)
        self.masks = {column: examples_of(world, column.slice, column.part) for column in self.columns}
        self.scorers = self._scorers()

    def _scorers(self) -> list[tuple[Ints, Scorer]]:
        """What scores the columns of each metric, and which columns those are."""
        found: list[tuple[Ints, Scorer]] = []
        for metric in METRICS:
            which = [c for c, column in enumerate(self.columns) if column.metric == metric]
            if which:
                masks = np.stack([self.masks[self.columns[c]] for c in which], axis=1)
                found.append((np.array(which), SCORERS[metric](self.world, masks)))
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "scorers"}  # functions, which cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.scorers = self._scorers()

    @property
    def needs(self) -> Need:
        """The most that any column reads from decision values: label < ranking < probability."""
        order: tuple[Need, ...] = get_args(Need)
        found = {METRICS[column.metric].need for column in self.columns}
        if len(self.world.classes) > 2 and any(column.metric == "auc" for column in self.columns):
            found.add("probability")
        return max(found, key=order.index, default="label")

    def __call__(self, decision: Floats) -> Floats:
        """(R, E, K) -> (R, C). Raises FitError for decision values that are NaN: they have no score."""
        if decision.size and np.isnan(decision.max()):
            broken = int(np.isnan(decision).any(axis=(1, 2)).sum())
            raise FitError(
                f"the decision values of {broken} of {len(decision)} rows are not numbers",
                remedy="Look for features of enormous size; preprocess: standardize may help.",
            )
        seen = Seen(decision, self.world.y_eval)
        result = np.empty((len(decision), len(self.columns)))
        for which, score in self.scorers:
            result[:, which] = score(seen)
        return result

    def per_example(self, decision: Floats, column: Column) -> Floats | None:
        """(E, K) -> (E_slice,), or (U_slice,) for means over users: the scores whose mean is the cell; None for others."""
        if METRICS[column.metric].mean is None:
            return None
        seen, mask = Seen(decision[None], self.world.y_eval), self.masks[column]
        if METRICS[column.metric].mean == "users":
            return ranking.per_user(self.world, mask, column.metric, seen)
        each = seen.correct if column.metric == "accuracy" else seen.loss
        return np.asarray(each[0, mask], dtype=np.float64)
