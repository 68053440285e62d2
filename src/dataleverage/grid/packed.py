"""Many small symmetric positive definite systems, solved together.

Where systems have a dozen unknowns, calling LAPACK takes longer than its arithmetic. Here one step of the elimination is taken
in all systems at once: numpy's loops run over systems, and no system depends on which others it is among.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from dataleverage.world.world import Floats, Ints

TOGETHER = 2**17  # float64 numbers of the matrices that are worked on together: 1 MB stays in the processor's cache
SMALL = 32  # unknowns from which on LAPACK is quicker


@cache
def upper(size: int) -> tuple[Ints, Ints]:
    """Rows and columns of the upper triangle of a matrix, row by row: the order in which its T entries are packed."""
    rows, columns = np.triu_indices(size)
    return rows.astype(np.int64), columns.astype(np.int64)


@cache
def diagonal(size: int) -> Ints:
    """(F,): where the diagonal stands among the packed entries."""
    rows, columns = upper(size)
    return np.flatnonzero(rows == columns)


def outer(vectors: Floats) -> Floats:
    """(n, F) -> (n, T): the packed outer product of each vector with itself."""
    size, at = vectors.shape[1], diagonal(vectors.shape[1])
    products = np.empty((len(vectors), size * (size + 1) // 2))
    for k in range(size):
        np.multiply(vectors[:, k : k + 1], vectors[:, k:], out=products[:, at[k] : at[k] + size - k])
    return products


def solve(matrices: Floats, right: Floats) -> Floats:
    """(n, T) packed upper triangles and (n, F) right-hand sides -> (n, F) solutions."""
    size = right.shape[1]
    if size >= SMALL:
        rows, columns = upper(size)
        full = np.empty((len(right), size, size))
        full[:, rows, columns] = full[:, columns, rows] = matrices
        return np.asarray(np.linalg.solve(full, right[..., None])[..., 0])
    found = np.empty_like(right)
    step = max(1, TOGETHER // matrices.shape[1])
    for start in range(0, len(right), step):
        part = slice(start, start + step)
        found[part] = eliminated(np.array(matrices[part].T, order="C"), np.array(right[part].T, order="C")).T
    return found


def eliminated(A: Floats, b: Floats) -> Floats:
    """(T, n), (F, n), both overwritten -> (F, n): by the factors L D Lᵀ (Golub and Van Loan 2013, §4.1)."""
    size, at = len(b), diagonal(len(b))
    for k in range(size - 1):
        row = A[at[k] + 1 : at[k] + size - k]  # what stands right of the diagonal
        factor = row / A[at[k]]
        for j in range(k + 1, size):
            A[at[j] : at[j] + size - j] -= factor[j - k - 1] * row[j - k - 1 :]
        b[k + 1 :] -= factor * b[k]
        row[...] = factor
    b /= A[at]
    for k in range(size - 2, -1, -1):
        for j in range(k + 1, size):  # one after the other: numpy sums a single system in another order than many
            b[k] -= A[at[k] + j - k] * b[j]
    return b
