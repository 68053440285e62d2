"""Multinomial and Bernoulli naive Bayes: counts add over objects, and a row's classes are scored by one matrix product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import GridError
from dataleverage.grid.cost import Cost, Shape, additive_cost
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.learners.ridge import Affine
from dataleverage.grid.rows import Rows
from dataleverage.grid.sums import ByClass, Sums
from dataleverage.world.world import Floats, Ints, Mask

BATCH = 2**14  # float64 numbers of counts taken together: 128 kB stay in the processor's cache

Smoothing = Annotated[
    float,
    Field(ge=1e-10, description="Added to every count (Laplace or Lidstone smoothing), so that nothing is impossible."),
]
FitPrior = Annotated[
    bool, Field(description="Learn the classes' prior probabilities from the row; otherwise they are all the same.")
]


Score = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""(R, K, d) sums and (R, K) weights of examples -> (R, K, d) log-likelihood of each feature and (R, K) intercepts."""


class MultinomialNB(Learner):
    """Naive Bayes for counts (words in a text), equal to scikit-learn's MultinomialNB.

    Manning, Raghavan and Schütze (2008), chapter 13. Features may be fractions, but not negative: the preprocessing
    `min_max` makes those of the training examples fit.
    """

    kind: Literal["multinomial_nb"] = "multinomial_nb"
    alpha: Smoothing = 1.0
    fit_prior: FitPrior = True
    weighs: ClassVar[bool] = True

    def check(self, pool: Pool, need: Need) -> None:
        """Raises GridError for negative training features, where the shares of a class's total mean nothing."""
        lowest = pool.X.min(axis=0, initial=0.0)
        if (lowest < 0).any():
            j = int(np.argmin(lowest))
            raise GridError(
                f"multinomial_nb needs features that are counts, and feature {j} goes down to {lowest[j]:g}",
                remedy="Set preprocess: min_max, give counts, or choose gaussian_nb.",
                key="learner",
            )

    def cost(self, shape: Shape) -> Cost:
        return additive_cost(shape)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        def score(counts: Floats, examples: Floats) -> tuple[Floats, Floats]:
            smoothed = counts + self.alpha
            logs = np.log(smoothed / smoothed.sum(axis=2, keepdims=True))
            return logs, np.zeros(logs.shape[:2])

        return additive(pool, pool.X_eval, score, self.fit_prior, lambda X: X)


class BernoulliNB(Learner):
    """Naive Bayes for features that are there or not, equal to scikit-learn's BernoulliNB.

    McCallum and Nigam (1998): unlike in the multinomial model, that a feature is absent counts as evidence too.
    """

    kind: Literal["bernoulli_nb"] = "bernoulli_nb"
    alpha: Smoothing = 1.0
    binarize: float = Field(default=0.0, description="A feature is there where its value is larger than this.")
    fit_prior: FitPrior = True
    weighs: ClassVar[bool] = True

    def cost(self, shape: Shape) -> Cost:
        return additive_cost(shape)

    def there(self, X: Floats) -> Mask:
        """Which features are there."""
        return np.greater(X, self.binarize)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        def score(counts: Floats, examples: Floats) -> tuple[Floats, Floats]:
            total = examples[..., None]
            absent = np.log((total - counts + self.alpha) / (total + 2 * self.alpha))
            there = np.log((counts + self.alpha) / (total + 2 * self.alpha))
            return there - absent, absent.sum(axis=2)

        X_eval = self.there(pool.X_eval).astype(np.float64)
        return additive(pool, X_eval, score, self.fit_prior, self.there)


def additive(
    pool: Pool, X_eval: Floats, score: Score, fit_prior: bool, counted: Callable[[Floats], Floats | Mask]
) -> Predictor:
    """What predicts joint log-likelihoods, linear in the features, from sums over each class of a row.

    X_eval : (E, d). counted : what is summed of the features of examples (m, d).
    """
    size, classes = pool.X.shape[1], pool.n_classes

    def terms(X: Floats, y: Ints) -> Floats:
        made = np.ones((len(X), size + 1))
        made[:, :size] = counted(X)
        return made

    sums = Sums(pool, ByClass(pool.X, pool.y, classes, terms))
    affine = Affine.of(X_eval, classes)
    batch = sums.together(BATCH)

    def predict(rows: Rows, weights: Floats | None = None) -> Floats:
        decision = affine.room(len(rows))
        for start in range(0, len(rows), batch):
            part = slice(start, start + batch)
            found = sums(rows[part], None if weights is None else weights[part])
            affine.fill(coefficients(found), decision[part])
        return decision

    def coefficients(found: Floats) -> Floats:
        """(R, K, d + 1) sums -> (R, K, d + 1)."""
        counts = found[..., size]
        slopes, intercepts = score(found[..., :size], counts)
        if fit_prior:
            intercepts += np.log(np.where(counts > 0, counts, 1.0))  # classes that a row lacks are masked by the oracle
        return np.concatenate([slopes, intercepts[..., None]], axis=2)

    return predict
