"""Gaussian naive Bayes: counts, sums and sums of squares add, so that a row is a few sums over its objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.grid.cost import Cost, Shape, Work, summing
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.rows import Rows
from dataleverage.grid.sums import ByClass, Sums
from dataleverage.world.world import Floats, Ints, Mask

BATCH = 2**17  # float64 numbers of sums taken together: 1 MB of them stays in the processor's cache
CANCELLED = 1e-5  # of the sum of squares left after subtracting the mean: less, and the variance is computed anew
SAMPLE = 64  # examples of a class whose median is its centre: of all of them it would take longer than all sums
FAR = 1e8  # squared deviations from the centre: expanding (x − mean)² would lose as many digits, so it is not expanded

NO_VARIANCE = 1e-290  # of the squared span of a feature: divided by less variance, squared deviations would overflow
TINY = 1e-300  # 1 / TINY is still finite


class GaussianNB(Learner):
    """Naive Bayes with a normal distribution of every feature within every class, equal to scikit-learn's GaussianNB.

    `var_smoothing` times the largest feature variance in the row's own examples is added to every variance. With weights that
    variance is weighted too, as if examples were there several times; scikit-learn's is not.
    """

    kind: Literal["gaussian_nb"] = "gaussian_nb"
    var_smoothing: float = Field(
        default=1e-9,
        gt=0,
        description="Share of the row's largest feature variance that is added to all variances.",
    )
    weighs: ClassVar[bool] = True

    def cost(self, shape: Shape) -> Cost:
        d, K, E = shape.features, shape.outputs, shape.evaluation
        products, kept = summing(shape, K * (2 * d + 1))
        row = Work(products=products + K * 2 * d * E, numbers=K * (25 * d + 3 * E), calls=60 * K * 4 * K * d / BATCH)
        return Cost(Work(numbers=shape.examples * d * 20 + E * d * K * 4, calls=60 + 30 * K), row, kept)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        classes = [Class.of(pool, k) for k in range(pool.n_classes)]
        centre = np.stack([each.centre for each in classes])
        size = pool.X.shape[1]

        def terms(X: Floats, y: Ints) -> Floats:
            made = np.ones((len(X), 2 * size + 1))
            np.subtract(X, centre[y], out=made[:, :size])
            np.multiply(made[:, :size], made[:, :size], out=made[:, size:-1])
            return made

        sums = Sums(pool, ByClass(pool.X, pool.y, pool.n_classes, terms))
        both = (pool.X, pool.X_eval)
        highest, lowest = np.max([X.max(axis=0) for X in both], axis=0), np.min([X.min(axis=0) for X in both], axis=0)
        span = float((highest - lowest).max())
        least = max(span * span * NO_VARIANCE, TINY)
        batch = sums.together(BATCH)

        def predict(rows: Rows, weights: Floats | None = None) -> Floats:
            decision = np.empty((pool.n_classes, len(rows), len(pool.X_eval))).transpose(1, 2, 0)  # each class contiguous
            for start in range(0, len(rows), batch):
                part = slice(start, start + batch)
                fitted = moments(rows[part], None if weights is None else weights[part])
                decide(classes, fitted, self.var_smoothing, least, decision[part])
            return decision

        def moments(rows: Rows, weights: Floats | None) -> list[Moments]:
            """Of every class. Where sums have lost too many digits, they are computed from the row's own examples."""
            found = sums(rows, weights)
            fitted = []
            for k in range(pool.n_classes):
                count, mean, variance, cancelled = by_sums(found[:, k], weights is not None)
                for i in np.flatnonzero(cancelled):
                    weight = pool.weights_of(rows[i], None if weights is None else weights[i]) * (pool.y == k)
                    mean[i], variance[i] = by_examples(pool.X[weight > 0] - centre[k], weight[weight > 0] / count[i])
                fitted.append((count, mean, variance))
            return fitted

        return predict


Moments = tuple[Floats, Floats, Floats]
"""Of one class: (R,) counts (or weights), (R, d) means relative to its centre, and (R, d) variances."""


@dataclass(frozen=True, eq=False)
class Class:
    """One class as all rows see it.

    Features are taken relative to the median value of some of the class's examples: sums stay small next to the spread, and
    sums of whole-number features stay exact, so that constant features have a variance of exactly zero.

    centre : (d,). X_eval : (E, d) relative to it. design : (2 d + 1, E): squares of X_eval, itself, and ones.
    """

    centre: Floats
    X_eval: Floats
    design: Floats

    @classmethod
    def of(cls, pool: Pool, label: int) -> Class:
        size, mine = pool.X.shape[1], np.flatnonzero(pool.y == label)
        some = pool.X[mine[:: -(-len(mine) // SAMPLE)]] if len(mine) else np.zeros((1, size))
        centre = np.partition(some, len(some) // 2, axis=0)[len(some) // 2]
        design = np.ones((len(pool.X_eval), 2 * size + 1))
        np.subtract(pool.X_eval, centre, out=design[:, size:-1])
        np.multiply(design[:, size:-1], design[:, size:-1], out=design[:, :size])
        return cls(centre, design[:, size:-1], design.T)


def by_sums(sums: Floats, weighted: bool) -> tuple[Floats, Floats, Floats, Mask]:
    """(R, 2 d + 1) sums of features, of their squares and of ones -> moments, and (R,) where they are mostly rounding."""
    size = sums.shape[1] // 2
    total, squares, count = sums[:, :size], sums[:, size:-1], sums[:, -1]
    n = np.where(count > 0, count, 1.0)[:, None]
    mean = total / n
    if weighted:  # squares of small weights would vanish
        square = squares / n
        variance = square - mean * mean
        cancelled = np.asarray((variance < CANCELLED * square).any(axis=1))
    else:
        scatter = n * squares - total * total  # exact for whole numbers; zero for one example
        variance = scatter / (n * n)
        cancelled = np.asarray((scatter < CANCELLED * n * squares).any(axis=1) & (count > 1))
    return count, mean, np.maximum(variance, 0.0, out=variance), cancelled


def by_examples(X: Floats, share: Floats) -> tuple[Floats, Floats]:
    """(m, d) examples and (m,) their shares of the weight -> (d,) mean and (d,) variance."""
    apart = X - X[0]  # exactly 0 where examples are all alike
    middle = share @ apart
    return X[0] + middle, share @ (apart - middle) ** 2


def decide(
    classes: list[Class],
    fitted: list[Moments],
    smoothing: float,
    least: float,
    out: Floats,
) -> None:
    """Fill out (R, E, K) with joint log-likelihoods; -inf for classes that a row lacks.

    least : the least that is added to variances, so that no likelihood overflows.
    """
    counts = np.stack([count for count, _, _ in fitted], axis=1)  # (R, K)
    total = counts.sum(axis=1)
    share = counts / np.where(total > 0, total, 1.0)[:, None]
    largest = largest_variance(classes, fitted, share)
    # A row whose examples are all alike has no variance at all: then every class fits equally well, up to its prior.
    smallest = np.where(largest > 0, np.maximum(smoothing * largest, least), 1.0)[:, None]
    prior = np.log(np.where(counts > 0, share, 1.0))
    size = len(classes[0].centre)
    weights = np.empty((len(out), 2 * size + 1))
    for k, (each, (_, mean, variance)) in enumerate(zip(classes, fitted, strict=True)):
        precision, slope = weights[:, :size], weights[:, size:-1]
        np.divide(-0.5, variance + smallest, out=precision)
        np.multiply(mean, precision, out=slope)
        squared = mean * slope
        weights[:, -1] = (squared + np.log(precision * (-1 / np.pi)) / 2).sum(axis=1) + prior[:, k]
        slope *= -2
        np.matmul(weights, each.design, out=out[..., k])
        out[counts[:, k] == 0, :, k] = -np.inf
        for i in np.flatnonzero((squared < -FAR / 2).any(axis=1)) if squared.min() < -FAR / 2 else ():
            direct = ((each.X_eval - mean[i]) ** 2 * precision[i] + np.log(precision[i] * (-1 / np.pi)) / 2).sum(axis=1)
            out[i, :, k] = prior[i, k] + direct


def largest_variance(classes: list[Class], fitted: list[Moments], share: Floats) -> Floats:
    """(R,): the largest variance of a feature among all examples of a row: within classes plus between them."""
    means = [each.centre + mean for each, (_, mean, _) in zip(classes, fitted, strict=True)]
    centre = sum(share[:, k, None] * mean for k, mean in enumerate(means))
    parts = [share[:, k, None] * (variance + (means[k] - centre) ** 2) for k, (_, _, variance) in enumerate(fitted)]
    return np.asarray(np.max(np.asarray(sum(parts)), axis=1))
