"""The span of the training examples: where there are more features than examples, as many dimensions as examples will do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dataleverage.grid.learner import Pool
from dataleverage.world.world import Floats

INDEPENDENT = 0.05  # of the largest part that a line has beside those before it, the least


def spanned(pool: Pool) -> Pool:
    """The same examples in orthonormal axes of what they span about their mean; the pool itself where there are fewer features.

    A model that is linear in the features, with a squared penalty or of minimum norm and with a free intercept, has
    coefficients in that span (the representer theorem; Kimeldorf and Wahba 1970), and a rotation changes neither their
    norm nor a prediction.
    """
    if pool.X.shape[1] <= len(pool.X):
        return pool
    shift = pool.X.mean(axis=0)
    X, X_eval = pool.X - shift, pool.X_eval - shift
    found = by_products(X, X_eval)
    if found is None:
        axes, coordinates = np.linalg.qr(X.T)
        found = np.ascontiguousarray(coordinates.T), X_eval @ axes
    return replace(pool, X=found[0], X_eval=found[1])


def by_products(X: Floats, X_eval: Floats) -> tuple[Floats, Floats] | None:
    """Coordinates of (M, d) and (E, d) in M − 1 axes, where lines that sum to 0 are otherwise far from dependent.

    The Cholesky factor of their products holds the coordinates, in a fraction of the time that reflections take; it squares
    their condition, so where that may be large there is None.
    """
    from scipy.linalg import solve_triangular

    others = X[1:]
    try:
        factor = np.linalg.cholesky(others @ others.T)
    except np.linalg.LinAlgError:
        return None
    diagonal = np.diag(factor)
    if not diagonal.min(initial=np.inf) > INDEPENDENT * diagonal.max(initial=0.0):
        return None
    found = solve_triangular(factor, others @ X_eval.T, lower=True, check_finite=False)
    return np.concatenate([-factor.sum(axis=0, keepdims=True), factor]), np.ascontiguousarray(found.T)
