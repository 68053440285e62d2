"""The span of the training examples: where there are more features than examples, as many dimensions as examples will do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dataleverage.grid.learner import Pool


def spanned(pool: Pool) -> Pool:
    """The same examples in orthonormal axes of what they span about their mean; the pool itself where there are fewer features.

    A model that is linear in the features, with a squared penalty or of minimum norm and with a free intercept, has
    coefficients in that span (the representer theorem; Kimeldorf and Wahba 1970), and a rotation changes neither their
    norm nor a prediction.
    """
    if pool.X.shape[1] <= len(pool.X):
        return pool
    shift = pool.X.mean(axis=0)
    axes, coordinates = np.linalg.qr((pool.X - shift).T)
    return replace(pool, X=np.ascontiguousarray(coordinates.T), X_eval=(pool.X_eval - shift) @ axes)
