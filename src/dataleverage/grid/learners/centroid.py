"""Nearest centroid: sums of examples add, so that the class means of a row are a few sums over its objects."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from dataleverage.grid.cost import Cost, Shape, additive_cost
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.learners.ridge import Affine
from dataleverage.grid.rows import Rows
from dataleverage.grid.sums import ByClass, Sums
from dataleverage.world.world import Floats, Ints

SAMPLE = 1024  # examples whose spread is the scale of decisions
BATCH = 2**14  # float64 numbers of class means taken together: 128 kB stay in the processor's cache


class NearestCentroid(Learner):
    """The class with the nearest mean in Euclidean distance (Tibshirani et al. 2002, without shrinkage).

    Labels are those of scikit-learn's NearestCentroid; a tie goes to the lowest class. The ranking is by the difference
    of squared distances, whose sign is the label; scikit-learn's `decision_function` measures distances after dividing by
    the within-class deviations, which is another ranking than that of its labels. With weights the means are
    weighted. Gives no probabilities.
    """

    kind: Literal["nearest_centroid"] = "nearest_centroid"
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking")
    weighs: ClassVar[bool] = True

    def cost(self, shape: Shape) -> Cost:
        return additive_cost(shape)

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        """Decision values are minus squared distances, up to what all classes have in common."""
        size, classes = pool.X.shape[1], pool.n_classes
        # One shift keeps sums small next to their spread; one scale for all features makes decisions of the order of 1.
        shift = pool.X.mean(axis=0)
        some = pool.X[:: -(-len(pool.X) // SAMPLE)] - shift
        scale = float(np.sqrt(np.mean(some * some) * size)) or 1.0

        def terms(X: Floats, y: Ints) -> Floats:
            made = np.ones((len(X), size + 1))
            np.subtract(X, shift, out=made[:, :size])
            made[:, :size] /= scale
            return made

        sums = Sums(pool, ByClass(pool.X, pool.y, classes, terms))
        affine = Affine.of((pool.X_eval - shift) / scale, classes)
        batch = sums.together(BATCH)

        def predict(rows: Rows, weights: Floats | None = None) -> Floats:
            decision = affine.room(len(rows))
            for start in range(0, len(rows), batch):
                part = slice(start, start + batch)
                found = sums(rows[part], None if weights is None else weights[part])
                affine.fill(coefficients(found), decision[part])
            return decision

        def coefficients(mean: Floats) -> Floats:
            """(R, K, d + 1) sums and weights, overwritten -> (R, K, d + 1): 2 c and −‖c‖² of every mean c."""
            mean /= np.where(mean[..., size:] > 0, mean[..., size:], 1.0)
            centre = mean[..., :size]
            mean[..., size] = -np.einsum("rkd,rkd->rk", centre, centre) / 2
            mean *= 2
            return mean

        return predict
