"""Packing: columns of numbers and texts as short JSON (whole numbers, runs, one list of distinct texts)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

Number = float | int | None

MANY = 12_000  # numbers: longer columns that have no runs are written in letters
DISTINCT = 4095  # numbers: up to so many different ones are listed, two letters then say which
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def clean(values: Iterable[Any]) -> list[Number]:
    """Numbers as JSON has them: booleans as 0 and 1, everything that is not finite as None."""
    return [None if v is None or not math.isfinite(v) else int(v) if isinstance(v, bool) else v for v in values]


def numbers(values: Iterable[Any], digits: int = 8, letters: int = 4) -> dict[str, Any]:
    """A column of numbers: `v` whole numbers to be divided by `s`, and where runs are shorter, `n` their lengths.

    digits : significant digits kept of the largest number of the column; the page prints four, and subtracts.
    letters : a number, in a long column of too many different ones (see `steps`).
    """
    column = clean(values)
    largest = max((abs(v) for v in column if v is not None), default=0)
    whole = all(v is None or float(v).is_integer() for v in column)
    places = 0 if whole or not largest else min(12, max(0, digits - 1 - math.floor(math.log10(largest))))
    scaled = [None if v is None else round(v * 10**places) for v in column]
    packed: dict[str, Any] = {} if places == 0 else {"s": 10**places}
    packed |= runs(scaled)
    if not places or len(packed["v"]) <= MANY:
        return packed
    return listed(scaled, 10**places) or steps(column, letters)


def listed(scaled: Sequence[int | None], scale: int) -> dict[str, Any] | None:
    """A long column of few different numbers: `d` those numbers times `s`, `b` which, two letters each; None if many."""
    place: dict[int, int] = {}
    index = [0 if v is None else 1 + place.setdefault(v, len(place)) for v in scaled]
    return {"d": list(place), "s": scale, "l": 2, "b": spelled(index, 2)} if len(place) <= DISTINCT else None


def steps(column: Sequence[Number], letters: int) -> dict[str, Any]:
    """A long column: each number as the nearest of 64**letters - 1 steps from `low` to `high`; step 0 is None."""
    known = [v for v in column if v is not None]
    low, high = min(known), max(known)
    size = (high - low) / (64**letters - 2)
    index = [0 if v is None else 1 + round((v - low) / size) for v in column]
    return {"low": low, "high": high, "l": letters, "b": spelled(index, letters)}


def spelled(index: Iterable[int], letters: int) -> str:
    """Whole numbers in base 64, so many letters each."""
    return "".join(LETTERS[i >> 6 * k & 63] for i in index for k in reversed(range(letters)))


def texts(values: Sequence[str | None]) -> dict[str, Any]:
    """A column of texts: `t` the distinct ones, `v` and `n` which of them; -1 where there is none."""
    place: dict[str, int] = {}
    index = [-1 if v is None else place.setdefault(v, len(place)) for v in values]
    return {"t": list(place)} | runs(index)


def runs(values: Sequence[Any]) -> dict[str, Any]:
    """Values as they are, or as runs with their lengths where that is shorter."""
    grouped = [(value, len(list(run))) for value, run in groupby(values)]
    if 2 * len(grouped) < len(values):
        return {"v": [value for value, _ in grouped], "n": [length for _, length in grouped]}
    return {"v": list(values)}


def unpacked(packed: dict[str, Any]) -> list[Any]:
    """What a packed column holds (the page does the same in `web/data.js`)."""
    if "b" in packed:
        width, index = packed["l"], [0] * (len(packed["b"]) // packed["l"])
        for position, letter in enumerate(packed["b"]):
            index[position // width] = 64 * index[position // width] + LETTERS.index(letter)
        if "d" in packed:
            return [None if i == 0 else packed["d"][i - 1] / packed["s"] for i in index]
        low, size = packed["low"], (packed["high"] - packed["low"]) / (64**width - 2)
        return [None if i == 0 else low + size * (i - 1) for i in index]
    values = packed["v"]
    if "n" in packed:
        values = [value for value, length in zip(values, packed["n"], strict=True) for _ in range(length)]
    if "t" in packed:
        return [None if v < 0 else packed["t"][v] for v in values]
    scale = packed.get("s", 1)
    return [v if v is None or scale == 1 else v / scale for v in values]
