"""Surrogates: what is believed of rows that nobody unveiled. A surrogate always says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.rows import Rows, distinct, onehot
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints

MEMORY = 500 * 2**20  # bytes that the numbers of a fit may take
CHUNK = 2**22  # numbers of features that are held together while rows are predicted: 32 MB
DUAL = 2048  # rows up to which there are as many equations as rows, and beyond which as few as can be


class Surrogate(Protocol):
    """Predicts scores of rows from the scores of others."""

    def predict(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C)."""

    def errors(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C): the standard error of each prediction, in the unit of the score; infinite where not known."""


class NeighbourMean:
    """The mean score of the known rows that differ in the fewest objects; a known row keeps its score.

    rows : (R, n) uint8, at least one; scores : (R, C).
    """

    def __init__(self, rows: Rows, scores: Floats) -> None:
        self.rows, self.scores = rows, scores

    def predict(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C)."""
        step = max(1, CHUNK // max(rows.shape[1], len(self.rows)))
        parts = [self.mean(self.away(rows[start : start + step])) for start in range(0, max(len(rows), 1), step)]
        return np.concatenate(parts)

    def errors(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C): the root mean square of what each known row's score is off the mean of its nearest others.

        The same for all rows, as nearness says nothing certain. Infinite where a single row is known.
        """
        return np.broadcast_to(self.left_out, (len(rows), self.scores.shape[1])).copy()

    @cached_property
    def left_out(self) -> Floats:
        """(C,): the root mean square leave-one-out residual."""
        if len(self.rows) < 2:
            return np.full(self.scores.shape[1], np.inf)
        away = self.away(self.rows)
        np.fill_diagonal(away, np.inf)
        return np.asarray(np.sqrt(((self.mean(away) - self.scores) ** 2).mean(axis=0)))

    def away(self, rows: Rows) -> Floats:
        """(R, n) -> (R, K): in how many objects each row differs from each known one."""
        step = max(1, CHUNK // rows.shape[1])
        same = np.zeros((len(rows), len(self.rows)), dtype=np.float32)  # numbers of objects are whole, and far below 2**24
        for variant in range(int(max(rows.max(initial=0), self.rows.max(initial=0))) + 1):
            asked = (rows == variant).astype(np.float32)
            for start in range(0, len(self.rows), step):
                known = self.rows[start : start + step] == variant
                same[:, start : start + step] += asked @ known.astype(np.float32).T
        return np.asarray(rows.shape[1] - same.astype(np.float64))

    def mean(self, away: Floats) -> Floats:
        """(R, K) distances -> (R, C)."""
        nearest = (away == away.min(axis=1, keepdims=True)).astype(np.float64)
        return np.asarray(nearest @ self.scores / nearest.sum(axis=1, keepdims=True))


class Additive:
    """An additive datamodel (Ilyas et al. 2022, §2): a score is a sum over how each object is present.

    Fitted by least squares with a small ridge penalty towards no effect, so that it is defined from a single row on.

    rows : (R, n) uint8, at least one; scores : (R, C); n_present : ways of being present; penalty > 0 on squared effects.

    Attributes
    ----------
    effect : (F, C) what each feature adds to a score; feature `object * n_present + variant - 1` is 1 where the object is
        present in that variant, and 0 elsewhere.
    centre, level : (F,) and (C,) the mean features and scores of the known rows.
    """

    def __init__(self, rows: Rows, scores: Floats, n_present: int = 1, penalty: float = 0.1) -> None:
        self.n_present, self.penalty = n_present, penalty
        present = self.features(rows)
        self.centre, self.level = present.mean(axis=0), scores.mean(axis=0)
        present -= self.centre
        self.spread, self.left = present, scores - self.level
        self.inner: Floats
        if len(rows) <= max(DUAL, self.size(rows.shape[1])):
            # the dual form: as many equations as rows, however many objects there are
            self.inner = present @ present.T + penalty * np.eye(len(rows))
            self.effect: Floats = present.T @ np.linalg.solve(self.inner, self.left)
        else:
            self.inner = present.T @ present + penalty * np.eye(present.shape[1])
            self.effect = np.linalg.solve(self.inner, present.T @ self.left)

    def predict(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C)."""
        parts = [self.level + (self.features(part) - self.centre) @ self.effect for part in self.chunks(rows)]
        predicted: Floats = np.concatenate(parts)
        return predicted

    def errors(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, C): the standard error of each prediction as the score of a row nobody has seen, in its unit.

        That of the ridge posterior in closed form: the effects have a normal prior of variance s² / penalty, and what no
        sum of effects expresses is taken for noise of variance s². s² is what makes the leave-one-out residuals, also in
        closed form, of the size that the posterior expects (Rasmussen & Williams 2006, §5.4.2). Rows that were fitted are
        not told apart: their errors are those of a second row like them. Infinite where a single row is known.
        """
        if len(self.spread) < 2:
            return np.full((len(rows), len(self.level)), np.inf)
        own = [self.variance(self.features(part) - self.centre) for part in self.chunks(rows)]
        return np.asarray(np.sqrt((1 + np.concatenate(own))[:, None] * self.noise))

    def size(self, n_objects: int) -> int:
        """F, the number of features."""
        return n_objects * self.n_present

    def features(self, rows: Rows) -> Floats:
        """(R, n) uint8 -> (R, F), all 0 or 1."""
        return onehot(rows, self.n_present)

    def chunks(self, rows: Rows) -> list[Rows]:
        """The rows in parts whose features fit in memory together."""
        step = max(1, CHUNK // len(self.centre))
        return [rows[start : start + step] for start in range(0, max(len(rows), 1), step)]

    @cached_property
    def factor(self) -> Floats:
        """The lower Cholesky factor of the equations."""
        return np.asarray(np.linalg.cholesky(self.inner))

    def variance(self, away: Floats) -> Floats:
        """(R, F) features less their centre -> (R,): the posterior variance of the mean score, in units of s²."""
        from scipy.linalg import solve_triangular

        dual = len(self.inner) == len(self.spread)
        sides = self.spread @ away.T if dual else away.T
        seen = (solve_triangular(self.factor, sides, lower=True) ** 2).sum(axis=0)
        own = ((away**2).sum(axis=1) - seen) / self.penalty if dual else seen
        return np.asarray(np.maximum(own, 0) + 1 / len(self.spread))

    @cached_property
    def noise(self) -> Floats:
        """(C,): s² of each column."""
        # The residual e of a known row and the leverage h of the row on its own prediction give the residual e / (1 − h) that
        # the row would have had if it had been left out, whose variance the posterior puts at s² / (1 − h).
        step = max(1, CHUNK // len(self.centre))
        parts = [self.variance(self.spread[start : start + step]) for start in range(0, len(self.spread), step)]
        rest = np.maximum(1 - np.concatenate(parts), np.finfo(np.float64).eps)
        residual = self.left - self.spread @ self.effect
        return np.asarray((residual**2 / rest[:, None]).mean(axis=0))


class Pairwise(Additive):
    """A datamodel with an effect for each object and for each pair of objects (Ilyas et al. 2022, §2, with pairs added).

    Exact for scores that are made of single objects and of pairs, as many rows as features given and the penalty small.
    n objects have n + n (n − 1) / 2 features: a fit that would take more than 500 MB is refused with a GridError. Parameters,
    attributes and standard errors are those of Additive; features of single objects come first, then those of pairs in the
    order of (0, 1), (0, 2) … (1, 2) …
    """

    def __init__(self, rows: Rows, scores: Floats, n_present: int = 1, penalty: float = 0.1) -> None:
        check_memory(len(rows), rows.shape[1], pair_features(rows.shape[1], n_present))
        super().__init__(rows, scores, n_present, penalty)

    def size(self, n_objects: int) -> int:
        return pair_features(n_objects, self.n_present)

    def features(self, rows: Rows) -> Floats:
        present = onehot(rows, self.n_present)
        single = present.shape[1]
        first, second = pairs(single, self.n_present)
        features = np.empty((len(rows), single + len(first)))
        features[:, :single] = present
        np.take(present, first, axis=1, out=features[:, single:], mode="clip")
        step = max(1, CHUNK // max(len(first), 1))
        for start in range(0, len(rows), step):
            features[start : start + step, single:] *= present[start : start + step][:, second]
        return features


def pair_features(n_objects: int, n_present: int) -> int:
    """How many features single objects and pairs have."""
    return n_objects * n_present + n_objects * (n_objects - 1) // 2 * n_present**2


def check_memory(count: int, n_objects: int, size: int) -> None:
    """Raise GridError where a datamodel of so many rows with so many features would take more than 500 MB to fit."""
    need = 8 * (2 * count * size + 2 * (count if count <= max(DUAL, size) else size) ** 2)
    if need > MEMORY:
        raise GridError(
            f"{count:,} rows of {n_objects:,} objects have {size:,} features each: a datamodel of them "
            f"takes {need / 2**20:,.0f} MB, and {MEMORY / 2**20:,.0f} MB is the most",
            remedy="Give fewer rows, merge objects, or fit an additive datamodel instead of a pairwise one.",
        )


def pairs(single: int, n_present: int) -> tuple[Ints, Ints]:
    """(P,), (P,): features of two different objects; one object is never present in two ways."""
    first, second = np.triu_indices(single, 1)
    differ = first // n_present != second // n_present
    return first[differ].astype(np.int64), second[differ].astype(np.int64)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """How well a surrogate predicts rows that it was not fitted on, by column.

    rank : (C,) Spearman's rank correlation of predicted with true scores, −1 … 1; NaN where either are all the same.
    error : (C,) mean absolute error, in the unit of the score.
    predicted : (R, C) the prediction for each row by the surrogate that was not fitted on it.
    """

    rank: Floats
    error: Floats
    predicted: Floats


def held_out(
    surrogate: Callable[[Rows, Floats], Surrogate], rows: Rows, scores: Floats, folds: int = 5, *, seed: int = 0
) -> HeldOut:
    """Cross-validate a surrogate on known rows, as Ilyas et al. (2022, §3) judge datamodels by subsets held out.

    Parameters
    ----------
    surrogate : a class of this module, or what builds one from rows and scores: `partial(Additive, n_present=2)`.
    rows, scores : (R, n) uint8 and (R, C). A row that is given more than once is in one fold with its copies.
    folds : 2 … the number of distinct rows; as many leave out one row at a time.
    seed : of the random division into folds.

    Raises GridError for a number of folds that cannot be made.
    """
    which = distinct(rows)[1]
    count = int(which.max(initial=-1)) + 1
    if not 2 <= folds <= count:
        raise GridError(
            f"{folds} folds cannot be made of {count} different rows", remedy="Give at least 2 folds, and a row for each."
        )
    fold = Streams(seed)["held out"].permutation(np.arange(count) % folds)[which]
    predicted = np.empty(scores.shape)
    for k in range(folds):
        predicted[fold == k] = surrogate(rows[fold != k], scores[fold != k]).predict(rows[fold == k])
    rank = np.array([rank_correlation(*both) for both in zip(predicted.T, scores.T, strict=True)])
    return HeldOut(rank, np.abs(predicted - scores).mean(axis=0), predicted)


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's: the correlation of ranks, tied values at their mean rank."""
    from scipy.stats import rankdata

    ranks = [rankdata(values) - (len(values) + 1) / 2 for values in (one, other)]
    size = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float(ranks[0] @ ranks[1]) / size if size else float("nan")
