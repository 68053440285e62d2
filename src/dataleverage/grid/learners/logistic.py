"""Logistic regression on thousands of rows: each starts from what its neighbours forecast.

The objective is scikit-learn's. For two classes it is `½‖w‖² + C Σ log(1 + exp(−s (wᵀx + b)))` with s = ±1, for more
`½ Σ‖w_k‖² + C Σ log(Σ_k exp(w_kᵀx + b_k)) − (w_yᵀx + b_y)` over the classes that the row has; intercepts are unpenalised.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import GridError
from dataleverage.grid.cholesky import Floats32
from dataleverage.grid.conjugate import Objective, minimum
from dataleverage.grid.cost import Cost, Shape, Work
from dataleverage.grid.examples import PRODUCTS, Examples
from dataleverage.grid.lattice import Lattice, by_level
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.learners.multinomial import Softmax, inverses
from dataleverage.grid.newton import Objectives, chords, damped
from dataleverage.grid.rows import Rows, onehot
from dataleverage.grid.span import spanned
from dataleverage.grid.sums import counts_by_class
from dataleverage.world.world import Floats, Ints

BATCH = 2**17  # numbers in each array that a step goes through: a few of them stay in the processor's cache
HESSIANS = 2**22  # numbers that the Hessians of one batch take: 16 MB
MOST_TOGETHER = 512  # rows
MOST_COEFFICIENTS = 4096  # a Hessian of so many rows takes 64 MB


class LogisticRegression(Learner):
    """Logistic regression with a squared penalty on the coefficients, equal to scikit-learn's when converged.

    A row with two classes gets scikit-learn's binary fit, one with more its multinomial fit over the classes it has. A
    row that does not converge raises a FitError. Coefficients of a row, of features scaled to unit deviation, agree
    within about 1e-9 whatever other rows are asked for, in whatever order.
    """

    kind: Literal["logistic_regression"] = "logistic_regression"
    C: float = Field(default=1.0, gt=0, description="Inverse of the penalty's strength.")
    max_iter: int = Field(default=100, ge=1, description="Most Newton steps for a row.")
    tol: float = Field(
        default=1e-10,
        gt=0,
        description="A row has converged when no part of the gradient of the mean loss (features scaled to unit "
        "deviation) is larger; it then takes one more step.",
    )
    weighs: ClassVar[bool] = True
    threads: ClassVar[bool] = False  # chunks start from what those before them were solved to

    def check(self, pool: Pool, need: Need) -> None:
        features, classes = pool.X.shape[1], pool.n_classes
        if classes > 2 and (features + 1) * classes > MOST_COEFFICIENTS:
            raise GridError(
                f"logistic_regression is for at most {MOST_COEFFICIENTS} coefficients, and {features} features "
                f"with {classes} classes have {(features + 1) * classes}",
                remedy="Use fewer features, or the learner sklearn with LogisticRegression.",
                key="learner",
            )

    def cost(self, shape: Shape) -> Cost:
        """Six Hessians and twelve gradients a row, as where rows have few neighbours, at half the rate of large products."""
        M, K, size = shape.examples, 1 if shape.outputs == 2 else shape.outputs, shape.rank + 1
        packed = M * size**2 / 2 <= PRODUCTS
        blocks = K * (K + 1) / 2
        turned = 2 * shape.features * M**2 if shape.features > M else 0  # see `spanned`
        once = Work(turned, M * shape.features * 10 + (4 * M * size**2 if packed else 0), 300)
        hessian = blocks * (M / 4 if packed else shape.row / 2) * size**2 + (K * size) ** 3 / 4
        products = 12 * hessian + 48 * M * size * K + shape.evaluation * size * K
        copied = 0 if packed else 18 * blocks * shape.row * size
        numbers = copied + 18 * (K * size) ** 2 + 150 * M * K + 4 * shape.evaluation * shape.outputs
        together = max(1.0, min(BATCH / (M * K), HESSIANS / (K * size) ** 2, MOST_TOGETHER))
        return Cost(once, Work(products, numbers, 10 + 400 / together), 4 * M * size**2 / 2 if packed else 4 * M * size)

    def fit_work(self, shape: Shape) -> Work:
        """A Hessian in float32 and thirty times through a row's examples; of several classes 150 products with the Hessian."""
        m, K, size = shape.row, 1 if shape.outputs == 2 else shape.outputs, shape.rank + 1
        if K > 1:
            return Work(400 * m * size * K, 900 * m * K, 2700)
        return Work(0.6 * m * size**2 + size**3 / 4, 35 * m * size, 700)

    def loop(self, pool: Pool, need: Need) -> Predictor:
        """By conjugate gradients, which need no Hessian of many features, nor of many classes."""
        from dataleverage.grid.loop import Loop

        pool = spanned(pool)
        examples = Examples.of(pool, self.C, tuple(range(pool.n_classes)))
        scaled = replace(pool, X=examples.Z, X_eval=examples.scaled(pool.X_eval))
        return Loop(scaled, RowByRow(examples.penalty, self.max_iter, self.tol), "decision_function")

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        self.check(pool, need)
        return Decisions(spanned(pool), self)


class RowByRow:
    """Logistic regression on one row after the other, as an estimator: its features are scaled already, and the last is a one.

    penalty : (D,) on squared coefficients of scaled features, as `Examples` has it.
    """

    def __init__(self, penalty: Floats, max_iter: int, tol: float) -> None:
        self.penalty, self.max_iter, self.tol = penalty, max_iter, tol

    def __sklearn_clone__(self) -> RowByRow:
        return RowByRow(self.penalty, self.max_iter, self.tol)

    def fit(self, X: Floats, y: NDArray[np.generic]) -> RowByRow:
        """X : (m, D), y : (m,) of two classes or more. Raises FitError where steps do not converge."""
        self.classes_, which = np.unique(y, return_inverse=True)
        self.coefficients = minimum(Objective(X, which, len(self.classes_), self.penalty), self.max_iter, self.tol)
        return self

    def decision_function(self, X: Floats) -> Floats:
        """(E,) log odds of two classes, or (E, K)."""
        decision: Floats = X @ self.coefficients.T
        return decision[:, 0] if len(self.classes_) == 2 else decision


class Decisions:
    """rows (R, n) uint8 -> decision values (R, E, K), or margins (R, E, 1) of two classes.

    Remembers what it solved; several threads may call it.
    """

    def __init__(self, pool: Pool, learner: LogisticRegression) -> None:
        self.pool, self.learner = pool, learner
        self.counts = counts_by_class(pool)
        self.fits: dict[tuple[int, ...], Fits] = {}

    def __call__(self, rows: Rows, weights: Floats | None = None) -> Floats:
        if self.pool.n_classes == 2:
            margin = np.empty((len(rows), len(self.pool.X_eval), 1))
            self.between(0, 1).decide(rows, weights, np.arange(len(rows)), margin)
            return margin
        decision = np.zeros((len(rows), len(self.pool.X_eval), self.pool.n_classes))
        present = self.counts(rows)[..., 0] > 0
        several = present.sum(axis=1)
        two, more = np.flatnonzero(several == 2), np.flatnonzero(several > 2)
        first, last = present[two].argmax(axis=1), self.pool.n_classes - 1 - present[two, ::-1].argmax(axis=1)
        for a, b in sorted(set(zip(first.tolist(), last.tolist(), strict=True))):
            self.between(a, b).decide(rows, weights, two[(first == a) & (last == b)], decision[:, :, b : b + 1])
        if len(more):
            self.between(*range(self.pool.n_classes)).decide(rows, weights, more, decision)
        return decision

    def between(self, *classes: int) -> Fits:
        """The fits of rows with these classes: two of them, or all."""
        if classes not in self.fits:
            self.fits.setdefault(classes, Fits(self.pool, self.learner, classes))
        return self.fits[classes]


class Fits:
    """The fits of rows with these classes: log odds of the second of two, or decision values of all K."""

    def __init__(self, pool: Pool, learner: LogisticRegression, classes: tuple[int, ...]) -> None:
        self.learner, self.n_present = learner, pool.n_present
        self.examples = Examples.of(pool, learner.C, classes)
        self.X_eval = self.examples.scaled(pool.X_eval)
        self.outputs = 1 if len(classes) == 2 else len(classes)
        self.classes = classes
        self.size = self.outputs * self.examples.size
        self.n_objects = pool.n_units // pool.n_present

    @cached_property
    def lattice(self) -> Lattice:
        """Of plain rows."""
        return Lattice(self.n_objects, self.n_present, self.size)

    @cached_property
    def weighted_lattice(self) -> Lattice:
        """Of rows with weights, each as it was solved last: with other weights that is where to start, too."""
        return Lattice(self.n_objects, self.n_present, self.size)

    @property
    def together(self) -> int:
        """Rows solved together."""
        numbers = min(BATCH // (len(self.examples.Z) * self.outputs), HESSIANS // self.size**2)
        return int(np.clip(numbers, 1, MOST_TOGETHER))

    def decide(self, rows: Rows, weights: Floats | None, which: NDArray[np.intp], decision: Floats) -> None:
        """Write the decision values of some of the rows into (R, E, outputs)."""
        for level in by_level(rows[which]):
            for start in range(0, len(level), self.together):
                part = which[level[start : start + self.together]]
                w = self.solve(rows[part], None if weights is None else weights[part]).reshape(len(part) * self.outputs, -1)
                decision[part] = (w @ self.X_eval.T).reshape(len(part), self.outputs, -1).transpose(0, 2, 1)

    def objectives(self, rows: Rows, weights: Floats | None = None) -> Objectives:
        """Those of rows (R, n)."""
        held, weighted = onehot(rows, self.n_present, weights), weights is not None
        examples = self.examples.within(np.asarray(held.any(axis=0)))
        if len(self.classes) == 2:
            return Binary(examples, held, weighted, self.classes[1])
        return Softmax(examples, held, weighted, len(self.classes))

    def solve(self, rows: Rows, weights: Floats | None) -> Floats:
        """(R, outputs * D): the coefficients of rows of one level."""
        lattice = self.lattice if weights is None else self.weighted_lattice
        forecast = lattice.forecast(rows)
        objectives = self.objectives(rows, weights)
        coefficients = self.minimise(objectives, forecast.start)
        lattice.learn(rows, coefficients, forecast)
        return coefficients

    def minimise(self, objectives: Objectives, start: Floats) -> Floats:
        """(R, outputs * D): from the start, or from wherever it takes."""
        return minimised(objectives, start, self.learner.max_iter, self.learner.tol)


def minimised(rows: Objectives, start: Floats, max_iter: int, tol: float) -> Floats:
    """Where each row's objective is least (R, p): from the start; where that was too far, from zero; else by damped steps."""
    result, found = chords(rows, start, max_iter, tol)
    lost = np.flatnonzero(~found)
    if len(lost) and start[lost].any():
        result[lost], found[lost] = chords(rows.take(lost), np.zeros_like(start[lost]), max_iter, tol)
        lost = np.flatnonzero(~found)
    if len(lost):
        result[lost] = damped(rows.take(lost), start.shape[1], max_iter, tol)
    return result


class Binary:
    """The objectives of rows with two classes. Implements `Objectives`, p = D.

    Parameters
    ----------
    examples : those of the units that rows hold. held : (R, n_units) 1 where a row has the unit, or its weight if `weighted`.
    positive : the class whose log odds a margin is.
    """

    def __init__(self, examples: Examples, held: Floats, weighted: bool, positive: int) -> None:
        self.examples = examples
        self.Z = examples.Z * np.where(examples.y == positive, 1.0, -1.0)[:, None]  # z·w is the margin of an example
        self.inside = np.ascontiguousarray(held.T)[examples.unit]  # (m, R)
        self.spread = inverses(self.inside) if weighted else None
        self.total: Floats = held @ np.bincount(examples.unit, minlength=held.shape[1])

    def take(self, which: Ints) -> Self:
        some = copy.copy(self)
        some.inside, some.total = self.inside[:, which], self.total[which]
        some.spread = None if self.spread is None else self.spread[:, which]
        return some

    def gradient(self, w: Floats) -> tuple[Floats, Floats]:
        """With it goes (m, R) the chance that each row's model gives to the wrong class of its examples, times weight."""
        q = self.Z @ w.T
        with np.errstate(over="ignore"):  # 1 / inf is the zero wanted
            np.exp(q, out=q)
        q += 1
        np.divide(self.inside, q, out=q)
        return self.examples.penalty * w - (self.Z.T @ q).T, q  # this way round the product takes two thirds of the time

    def hessians(self, seen: Floats) -> Floats32:
        curvature = np.empty(seen.shape, dtype=np.float32)
        squares = seen * seen if self.spread is None else seen * seen * self.spread
        np.subtract(seen, squares, out=curvature, casting="same_kind")
        result = self.examples.weighted(curvature)
        diagonal = np.arange(self.examples.size)
        result[:, diagonal, diagonal] += self.examples.penalty.astype(np.float32)
        return result

    def hessian(self, seen: Floats, i: int) -> Floats:
        inside = seen[:, i] > 0
        q, weight, Z = seen[inside, i], self.inside[inside, i], self.Z[inside]
        result: Floats = (Z * (q * (1 - q / weight))[:, None]).T @ Z + np.diag(self.examples.penalty)
        # Where all examples are separated by far the intercept's curvature vanishes; this keeps the step finite.
        result[-1, -1] += 1e-14 * self.total[i]
        return result

    def value(self, w: Floats) -> Floats:
        margin = self.Z @ w.T
        loss = np.log1p(np.exp(-np.abs(margin))) + np.maximum(-margin, 0)
        return np.asarray(np.einsum("mr,mr->r", self.inside, loss) + (w * w) @ self.examples.penalty / 2)
