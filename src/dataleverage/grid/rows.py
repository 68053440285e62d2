"""Rows: one variant per object, as a vector of small integers (0 absent, 1 clean, v ≥ 2 poisoned)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dataleverage.errors import GridError

Rows = NDArray[np.uint8]

MOST_OBJECTS = 20  # 2**20 rows: more are not enumerated
MOST_TACTICS = 254  # variants are numbered 0 … 255
MOST_NAMED = 1000  # objects: rows of more are written in code, and not name by name
BRIEF = 200  # characters of a row in a line of text
CODE = re.compile(r"#\d+/([1248]):([A-Za-z0-9_-]*)")


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
        raise too_many(n_objects)
    index = np.arange(2**n_objects, dtype=np.uint32)
    return ((index[:, None] >> np.arange(n_objects, dtype=np.uint32)) & 1).astype(np.uint8)


def too_many(n_objects: int) -> GridError:
    """The error that refuses to enumerate the rows of so many objects."""
    return GridError(
        f"{n_objects} objects have 2**{n_objects} rows",
        remedy=f"Enumerate at most {MOST_OBJECTS} objects, or give a budget of rows, and a surrogate for all others.",
    )


def extreme_rows(n: int, budget: int) -> Rows:
    """(budget, n): rows by how far they are from the full or the empty one."""
    found: list[NDArray[np.uint8]] = []
    for away in range(n // 2 + 1):
        for base in (1, 0):
            for changed in combinations(range(n), away):
                if len(found) == budget:
                    return np.array(found)
                if base == 0 and 2 * away == n:
                    continue  # these rows were met from the full one
                row = np.full(n, base, dtype=np.uint8)
                row[list(changed)] = 1 - base
                found.append(row)
    return np.array(found)


def onehot(rows: Rows, n_present: int, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """(R, n * n_present): 1 where the object is present in that variant; column `object * n_present + variant - 1`.

    weights : (R, n) what stands there instead of 1.
    """
    present = np.arange(1, n_present + 1, dtype=np.uint8)
    held: NDArray[np.float64] = (rows[:, :, None] == present).reshape(len(rows), rows.shape[1] * n_present).astype(np.float64)
    if weights is not None:
        held *= np.repeat(weights, n_present, axis=1)
    return held


def examples(objects: NDArray[np.bool_], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(R, n) bool, (n,) -> (R,): how many examples some objects have together."""
    return np.asarray(np.einsum("rn,n->r", objects, sizes))  # a product would copy the objects as whole numbers first


def in_words(row: Sequence[int] | Rows, objects: Sequence[str]) -> str:
    """`ACD`; `A+north` for longer names; a star marks poison (`AC*D`, `C*2` for the second tactic); '' for nothing.

    Rows of more than 1,000 objects are written in code: see `in_code`.
    """
    if len(objects) > MOST_NAMED:
        return in_code(np.asarray(row, dtype=np.uint8))
    names = [name + poison_mark(int(v)) for name, v in zip(objects, row, strict=True) if v]
    return together(names, objects)


def together(names: Sequence[str], objects: Sequence[str]) -> str:
    """Names as a row has them: with plus signs between them where some object's name is not a single letter."""
    return ("" if letters(objects) else "+").join(names)


def in_brief(row: Sequence[int] | Rows, objects: Sequence[str]) -> str:
    """The row in words, or where that would be long, how many objects it has: `52,314 of 100,000 objects`."""
    given = np.asarray(row)
    words = in_words(given, objects) if len(objects) <= MOST_NAMED else ""
    if 0 < len(words) <= BRIEF or not given.any():
        return words
    poisoned = f", {np.count_nonzero(given > 1):,} poisoned" if (given > 1).any() else ""
    return f"{np.count_nonzero(given):,} of {len(given):,} objects{poisoned}"


def in_code(row: Rows) -> str:
    """`#52314/1:3q2-7w…`: how many objects are in the row, bits for each object, and their variants in those; '' for nothing.

    Bits are 1, 2, 4 or 8, the fewest that hold the largest variant; they stand in the order of the objects, the highest first,
    zeros after the last one, in base 64 (RFC 4648 §5, URL-safe, without padding).
    """
    if not row.any():
        return ""
    bits = next(b for b in (1, 2, 4, 8) if row.max() < 2**b)
    packed = np.packbits(np.unpackbits(row[:, None], axis=1)[:, 8 - bits :])
    return f"#{np.count_nonzero(row)}/{bits}:{base64.urlsafe_b64encode(packed.tobytes()).decode().rstrip('=')}"


def from_code(words: str, n_objects: int) -> Rows | None:
    """(n,) uint8: the row that `in_code` writes so; None for what is no code of so many objects."""
    found = CODE.fullmatch(words)
    if found is None:
        return None
    bits, text = int(found[1]), found[2]
    n_bytes = (n_objects * bits + 7) // 8
    if len(text) != (n_bytes * 8 + 5) // 6:
        return None
    packed = np.frombuffer(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), dtype=np.uint8)
    row = np.zeros((n_objects, 8), dtype=np.uint8)
    row[:, 8 - bits :] = np.unpackbits(packed)[: n_objects * bits].reshape(n_objects, bits)
    return np.packbits(row, axis=1)[:, 0]


def letters(objects: Sequence[str]) -> bool:
    """Whether rows are written without plus signs: names of one character each, and no digit, which a star may precede."""
    return all(len(name) == 1 and not name.isdecimal() for name in objects)


def poison_mark(variant: int) -> str:
    """What is written behind the name of a poisoned object."""
    return "" if variant < 2 else "*" if variant == 2 else f"*{variant - 1}"


def from_words(words: str, objects: Sequence[str]) -> Rows:
    """(n,) uint8: the row that `in_words` writes so; names of one letter may stand between plus signs too."""
    if len(objects) > MOST_NAMED and (coded := from_code(words, len(objects))) is not None:
        return coded
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
                f"the row {shortened(words)!r} names {shortened(name)!r}, which is no object",
                remedy=f"Objects are {', '.join(objects[:40])}{' …' if len(objects) > 40 else ''}.",
            )
        if row[position[name]]:
            raise GridError(f"the row {shortened(words)!r} names {name!r} twice")
        if tactic and not (tactic.isdecimal() and 1 <= int(tactic) <= MOST_TACTICS):
            raise GridError(
                f"the row {shortened(words)!r} names the tactic {tactic!r}",
                remedy=f"Tactics are numbered from 1 to {MOST_TACTICS}.",
            )
        row[position[name]] = 1 if not star else 1 + int(tactic or 1)
    return row


def shortened(text: str) -> str:
    """The text, or its beginning."""
    return text if len(text) <= BRIEF else text[:BRIEF] + "…"


def objects_in(words: Sequence[str]) -> tuple[str, ...]:
    """The objects that rows in words name: parts between plus signs, or single letters."""
    if any("+" in word for word in words):
        return tuple(sorted({part.partition("*")[0] for word in words for part in word.split("+") if part}))
    return tuple(sorted({letter for word in words for letter in word if not letter.isdigit() and letter != "*"}))


def numbers(rows: Rows) -> NDArray[np.int64] | None:
    """(R,): where each row stands in `all_rows`; None where objects are too many to count, or one is poisoned."""
    if rows.shape[1] > MOST_OBJECTS or rows.max(initial=0) > 1:
        return None
    return np.asarray(rows @ (1 << np.arange(rows.shape[1])), dtype=np.int64)


def keys(rows: Rows) -> list[bytes]:
    """The canonical key of each row: its bytes."""
    if not rows.size:
        return [b""] * len(rows)
    found: list[bytes] = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel().tolist()
    return found


def distinct(rows: Rows) -> tuple[Rows, NDArray[np.intp]]:
    """The distinct rows in order of first appearance, and for each row given, which of them it is."""
    counted = numbers(rows)
    if counted is not None and (np.diff(np.sort(counted)) > 0).all():  # much quicker than looking at bytes
        return rows, np.arange(len(rows))
    given = keys(rows)
    seen = dict.fromkeys(given)
    if len(seen) == len(given):  # the usual case, and by far the quickest
        return rows, np.arange(len(rows))
    at = dict(zip(seen, range(len(seen)), strict=True))
    which = np.fromiter(map(at.__getitem__, given), dtype=np.intp, count=len(given))
    return np.frombuffer(b"".join(seen), dtype=np.uint8).reshape(len(seen), rows.shape[1]), which
