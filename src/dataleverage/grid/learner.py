"""A learner: the training algorithm behind an oracle.

A learner is a kind; `prepare` is handed the training and evaluation examples once, and what it returns
scores batches of rows. The oracle deals with what is common to all: empty rows, rows of a single class,
classes that a row lacks, chunks.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import GridError
from dataleverage.grid.rows import Rows, onehot
from dataleverage.kinds import Kind
from dataleverage.world.world import Floats, Ints, Task, World

if TYPE_CHECKING:
    from dataleverage.grid.cost import Cost, Shape, Work

Preprocess = Literal["none", "standardize", "min_max", "standardize_each_row", "min_max_each_row"]
EACH_ROW = "_each_row"
Need = Literal["label", "ranking", "probability"]  # what a metric reads: argmax, order of decisions, softmax


class Predictor(Protocol):
    """What scores rows."""

    def __call__(self, rows: Rows, weights: Floats | None = None) -> Floats:
        """rows (R, n) uint8 -> decision values (R, E, K).

        Classification: K classes; the argmax over K (ties to the lowest class) is the predicted label, and for a
        learner that gives probabilities their softmax over K is the probability. Of two classes a learner may give the margin
        of the second over the first instead, (R, E, 1): log odds, where it gives probabilities. Regression and ratings:
        K = 1, the prediction.

        weights : (R, n), positive where the object is present and 0 elsewhere: every example of an object enters the fit with
            the object's weight, as if it were there so many times. None where all weigh 1. Only learners that say
            `weighs` are asked with weights.
        """


@dataclass(frozen=True, eq=False)
class Pool:
    """All examples a learner can meet, with what it needs to tell them apart.

    A *unit* is an object in one way of being present: `object * n_present + (variant - 1)`.

    X, y : (M, d), (M,): training examples of every unit (clean ones and every poisoned variant).
    unit : (M,) int64: the unit each belongs to.
    n_units : objects * n_present.
    n_present : ways of being present: 1 + number of tactics.
    X_eval : (E, d).
    n_classes : K, or 0 for regression and ratings.
    users, items : how many there are, for ratings; then X and X_eval hold their indices, (M, 2) and (E, 2).
    """

    X: Floats
    y: NDArray[np.generic]
    unit: Ints
    n_units: int
    n_present: int
    X_eval: Floats
    n_classes: int
    users: int = 0
    items: int = 0

    @cached_property
    def onehot_y(self) -> Floats:
        """(M, K): 1 where the example is of the class."""
        return np.eye(self.n_classes)[self.y.astype(np.int64)]

    def per_unit(self, values: Floats) -> Floats:
        """(n_units, …): sums over the examples of each unit. `values` has shape (M, …)."""
        return grouped(self.unit, self.n_units, values)

    def weights_of(self, row: Rows, weights: Floats | None = None) -> Floats:
        """(M,): what each example weighs in a row (n,) whose objects have weights (n,) or weigh 1; 0 for examples it lacks."""
        held = onehot(row[None], self.n_present, None if weights is None else weights[None])[0]
        return np.asarray(held[self.unit])


class Learner(Kind, family="learner", package="dataleverage.grid.learners"):
    """Base of every learner. Parameters carry scikit-learn's names and defaults; intercepts are unpenalised.

    `preprocess` is fitted once on the public pool of the world and then fixed. Fitted anew on every row it breaks the
    additivity of statistics and makes another game: then rows are fitted one by one, whatever the learner, and have no weights.
    """

    preprocess: Preprocess = Field(
        default="none",
        description="Scaling of features, fitted once on the world's clean training examples and then fixed; or anew on the "
        "examples of each row, which are then fitted one by one.",
    )
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking", "probability")
    task: ClassVar[tuple[Task, ...]] = ("classification",)
    packages: ClassVar[tuple[str, ...]] = ()  # whose versions can change a score
    weighs: ClassVar[bool] = False  # whether what it prepares can be asked with weights
    threads: ClassVar[bool] = True  # whether chunks of rows are trained faster in several threads
    loops: ClassVar[bool] = False  # whether rows are fitted one by one, and there is no faster way

    @abstractmethod
    def prepare(self, pool: Pool, need: Need) -> Predictor:
        """Gather what can be gathered once, and return what scores rows.

        need : the most that any metric will read from the decision values.
        """

    def loop(self, pool: Pool, need: Need) -> Predictor:
        """Scores rows one by one, each from its own examples and nothing prepared; equal to what `prepare` returns.

        Decision values may have another scale. Unless a learner names an estimator that does so, it is prepared for every row.
        """
        from dataleverage.grid.loop import Alone, Loop

        return Loop(pool, Alone(self, need, pool), "decision_function" if pool.n_classes else "predict")

    def cost(self, shape: Shape) -> Cost | None:
        """What its own way takes; None where that is not known, and `prepare` is always used."""
        return None

    def fit_work(self, shape: Shape) -> Work:
        """What a fit of one row by itself takes in a loop, but for what any fit takes; asked where `cost` is known."""
        from dataleverage.grid.cost import Work

        alone = replace(shape, examples=max(1, round(shape.row)), units=1)
        cost = self.cost(alone)
        return Work() if cost is None else cost.once + cost.row + Work(numbers=2 * alone.examples * alone.features)

    def check(self, pool: Pool, need: Need) -> None:
        """Raise a GridError where this learner cannot work on these examples (two classes only, say) or for this need."""

    @property
    def rescales(self) -> bool:
        """Whether features are scaled anew on the examples of each row."""
        return self.preprocess.endswith(EACH_ROW)

    def check_weights(self) -> None:
        """Raise a GridError where this learner cannot give some examples more weight than others."""
        if self.rescales:
            raise GridError(
                f"rows whose features are scaled anew ({self.preprocess}) cannot have weights: a scaler counts examples alike",
                remedy=f"Set preprocess: {self.preprocess.removesuffix(EACH_ROW)}, or leave out the weights.",
                key="learner.preprocess",
            )
        if not self.weighs:
            raise GridError(
                f"the learner {self.tag} cannot weigh its examples",
                remedy="Choose one that can (ridge_classifier, logistic_regression, gaussian_nb …), or leave out the weights.",
                key="learner",
            )

    def fingerprint(self) -> str:
        """A hash of kind, parameters, preprocessing and the versions that results depend on."""
        versions = {name: version(name) for name in self.packages}
        text = json.dumps([self.model_dump(mode="json"), versions], sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()


def grouped(group: Ints, groups: int, values: Floats, weight: Floats | None = None) -> Floats:
    """(groups, …): sums of values (M, …), each times its weight (M,), over the examples of each group (M,)."""
    from scipy.sparse import csr_array

    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    share = np.ones(len(flat)) if weight is None else weight
    summed = csr_array((share, (group, np.arange(len(flat)))), shape=(groups, len(flat))) @ flat
    return np.asarray(summed).reshape(groups, *values.shape[1:])


def without_weights(learner: Learner, predict: Callable[[Rows], Floats]) -> Predictor:
    """What a learner that cannot weigh examples prepares: asked with weights, it refuses by name."""

    def checked(rows: Rows, weights: Floats | None = None) -> Floats:
        if weights is not None:
            learner.check_weights()
        return predict(rows)

    return checked


def pool_of(world: World, preprocess: str = "none") -> Pool:
    """The world's examples as a learner sees them, preprocessed; but for what is done anew on each row."""
    variants = world.variants
    X = np.concatenate([world.X, *(variant.X for variant in variants)]) if variants else world.X
    y = np.concatenate([world.y, *(variant.y for variant in variants)]) if variants else world.y
    unit = np.concatenate([world.object_of * world.n_present + v for v in range(world.n_present)])
    X_eval = world.X_eval
    if preprocess != "none" and not preprocess.endswith(
        EACH_ROW
    ):  # otherwise the world's own arrays, which may be large, are not copied
        shift, scale = scaling(world.X, preprocess)
        X, X_eval = (X - shift) / scale, (X_eval - shift) / scale
    return Pool(
        X=X,
        y=y,
        unit=unit,
        n_units=world.n_objects * world.n_present,
        n_present=world.n_present,
        X_eval=X_eval,
        n_classes=len(world.classes),
        users=world.users,
        items=world.items,
    )


def rescaled(pool: Pool, preprocess: str) -> Pool:
    """The same examples with features scaled by what all of them are themselves."""
    shift, scale = scaling(pool.X, preprocess)
    return replace(pool, X=(pool.X - shift) / scale, X_eval=(pool.X_eval - shift) / scale)


def scaling(X: Floats, preprocess: str) -> tuple[Floats, Floats]:
    """(d,) shift and (d,) scale; constant features are left at scale 1, as scikit-learn's scalers do."""
    if preprocess == "none":
        return np.zeros(X.shape[1]), np.ones(X.shape[1])
    shift, scale = X.min(axis=0), np.ptp(X, axis=0)
    constant = scale == 0
    if preprocess.removesuffix(EACH_ROW) == "standardize":
        # A deviation of equal numbers need not be 0: their mean is rounded.
        shift, scale = np.where(constant, shift, X.mean(axis=0)), X.std(axis=0)
    return shift, np.where(constant | (scale == 0), 1.0, scale)
