"""Rows: one variant per object, as a vector of small integers (0 absent, 1 clean, v ≥ 2 poisoned)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import GridError

Rows = NDArray[np.uint8]

MOST_OBJECTS = 20  # 2**20 rows: more are not enumerated
MOST_TACTICS = 254  # variants are numbered 0 … 255


def as_rows(rows: ArrayLike, n_objects: int, n_present: int = 1) -> Rows:
    """Check and convert to (R, n) uint8. One row (n,) becomes (1, n)."""
    try:
        given = np.asarray(rows)
    except (TypeError, ValueError) as error:  # lists of different lengths
        raise GridError(f"these are no rows: {error}", remedy=f"Give (R, {n_objects}) small whole numbers.") from error
    if given.ndim == 1:
        given = given[None, :]
    if given.ndim != 2 or given.shape[1] != n_objects:
        raise GridError(f"rows have shape {given.shape}; expected (R, {n_objects}), one variant per object")
    if given.dtype == bool:
        return np.ascontiguousarray(given, dtype=np.uint8)
    if given.dtype.kind not in "iu":
        raise GridError(f"rows have type {given.dtype}; expected small whole numbers")
    if given.size and (given.min() < 0 or given.max() > n_present):
        raise GridError(
            f"a row holds the variant {given.max() if given.max() > n_present else given.min()}; "
            f"expected 0 (absent), 1 (clean){'' if n_present == 1 else f' … {n_present} (poisoned)'}"
        )
    return np.ascontiguousarray(given, dtype=np.uint8)


def all_rows(n_objects: int) -> Rows:
    """(2**n, n): every clean row. Row i holds object j iff bit j of i is set, so row 0 is empty."""
    if n_objects > MOST_OBJECTS:
        raise GridError(
            f"{n_objects} objects have 2**{n_objects} rows",
            remedy=f"Enumerate at most {MOST_OBJECTS} objects, or give a budget of rows to sample.",
        )
    index = np.arange(2**n_objects, dtype=np.uint32)
    return ((index[:, None] >> np.arange(n_objects, dtype=np.uint32)) & 1).astype(np.uint8)


def onehot(rows: Rows, n_present: int, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """(R, n * n_present): 1 where the object is present in that variant; column `object * n_present + variant - 1`.

    weights : (R, n) what stands there instead of 1.
    """
    present = np.arange(1, n_present + 1, dtype=np.uint8)
    held: NDArray[np.float64] = (rows[:, :, None] == present).reshape(len(rows), rows.shape[1] * n_present).astype(np.float64)
    if weights is not None:
        held *= np.repeat(weights, n_present, axis=1)
    return held


def in_words(row: Sequence[int] | Rows, objects: Sequence[str]) -> str:
    """`ACD`; `A+north` for longer names; a star marks poison (`AC*D`, `C*2` for the second tactic); '' for nothing."""
    names = [name + poison_mark(int(v)) for name, v in zip(objects, row, strict=True) if v]
    return ("" if letters(objects) else "+").join(names)


def letters(objects: Sequence[str]) -> bool:
    """Whether rows are written without plus signs: names of one character each, and no digit, which a star may precede."""
    return all(len(name) == 1 and not name.isdecimal() for name in objects)


def poison_mark(variant: int) -> str:
    """What is written behind the name of a poisoned object."""
    return "" if variant < 2 else "*" if variant == 2 else f"*{variant - 1}"


def from_words(words: str, objects: Sequence[str]) -> Rows:
    """(n,) uint8: the row that `in_words` writes so; names of one letter may stand between plus signs too."""
    position = {name: j for j, name in enumerate(objects)}
    row = np.zeros(len(objects), dtype=np.uint8)
    if "+" not in words and letters(objects):
        parts = re.findall(r"(?s:.)(?:\*[0-9]*)?", words)
    else:
        parts = [part for part in words.split("+") if part]
    for part in parts:
        name, star, tactic = part.partition("*")
        if name not in position:
            raise GridError(
                f"the row {words!r} names {name!r}, which is no object", remedy=f"Objects are {', '.join(objects)}."
            )
        if row[position[name]]:
            raise GridError(f"the row {words!r} names {name!r} twice")
        if tactic and not (tactic.isdecimal() and 1 <= int(tactic) <= MOST_TACTICS):
            raise GridError(
                f"the row {words!r} names the tactic {tactic!r}", remedy=f"Tactics are numbered from 1 to {MOST_TACTICS}."
            )
        row[position[name]] = 1 if not star else 1 + int(tactic or 1)
    return row


def keys(rows: Rows) -> list[bytes]:
    """The canonical key of each row: its bytes."""
    if not rows.size:
        return [b""] * len(rows)
    found: list[bytes] = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel().tolist()
    return found


def distinct(rows: Rows) -> tuple[Rows, NDArray[np.intp]]:
    """The distinct rows in order of first appearance, and for each row given, which of them it is."""
    given = keys(rows)
    seen = dict.fromkeys(given)
    if len(seen) == len(given):  # the usual case, and by far the quickest
        return rows, np.arange(len(rows))
    at = dict(zip(seen, range(len(seen)), strict=True))
    which = np.fromiter(map(at.__getitem__, given), dtype=np.intp, count=len(given))
    return np.frombuffer(b"".join(seen), dtype=np.uint8).reshape(len(seen), rows.shape[1]), which
