"""The board as shown: which rows of the grid, and what is known of their cells, by whom and since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dataleverage.grid.rows import all_rows, from_words
from dataleverage.view import packing

ALL_SHOWN = 6  # objects: up to 64 clean rows, all of them shown
MOST_SHOWN = 96  # rows of a larger grid
ENOUGH = 40  # rows: neighbours in fog fill the board up to this number
MOST_POISONED = 48  # poisoned rows beside all clean ones
MOST_FOUND = 1024  # rows that a search can find, fewer where columns are many
MOST_CELLS = 20_000  # of those

Row = tuple[int, ...]


def board(
    objects: Sequence[str],
    audit: Sequence[str],
    monitor: Sequence[str],
    operators: Sequence[str],
    served: Sequence[tuple[int, str, str, Sequence[float | None]]],
    cells: Iterable[tuple[str, str, float | None, str, int, bool]],
) -> dict[str, Any]:
    """The rows shown and the cells unveiled in them.

    audit, monitor : names of the columns of each part; tiles are audit columns, of the monitor only the first is told.
    served : round, operator, row in words and its score per audit column.
    cells : row in words, column, score, by, round, exact.

    `rows` are written one character an object (its variant in base 36); the first `shown` of them are on the board,
    the rest are found by search. `score`, `seen` and each operator's `by` run row by row over the audit columns.
    """
    parsed: dict[str, Row] = {}

    def row_of(words: str) -> Row:
        if words not in parsed:
            parsed[words] = tuple(int(v) for v in from_words(words, objects))
        return parsed[words]

    known = Known(audit, monitor, operators)
    visited: dict[Row, None] = {}
    for number, operator, words, scores in served:
        visited.setdefault(row_of(words))
        for column, score in zip(audit, scores, strict=True):
            if score is not None:
                known.add(row_of(words), column, score, operator, number, True)
    for words, column, score, by, number, exact in cells:
        if score is not None:
            known.add(row_of(words), column, score, by, number, exact)

    shown = list(dict.fromkeys(chosen(len(objects), list(visited), known.rows)))
    on_board = set(shown)
    others = [row for row in known.rows if row not in on_board]
    others = others[: min(MOST_FOUND, MOST_CELLS // max(1, len(audit)))]
    rows = sorted(shown, key=order) + sorted(others, key=order)
    return {
        "all": len(objects) <= ALL_SHOWN,
        "possible": None if len(objects) > 40 else 2 ** len(objects),
        "unveiled": len(known.rows),
        "rows": ["".join(digit(v) for v in row) for row in rows],
        "shown": len(shown),
        **known.packed(rows),
    }


def chosen(n: int, visited: list[Row], unveiled: Iterable[Row]) -> Iterator[Row]:
    """Rows on the board: all clean ones where there are few, else those visited and neighbours, the unveiled first."""
    near = [row for row in unveiled if any(apart(row, other) == 1 for other in visited)]
    yield from visited
    if n <= ALL_SHOWN:
        yield from (tuple(int(v) for v in row) for row in all_rows(n))
        yield from [row for row in near if any(v > 1 for v in row)][:MOST_POISONED]
        return
    room = MOST_SHOWN - len(visited)
    fogged = [neighbour for position in range(n) for row in visited for neighbour in [toggled(row, position)]]
    known = [row for row in dict.fromkeys(near) if row not in set(visited)][: max(0, room)]
    yield from known
    yield from [row for row in dict.fromkeys(fogged) if row not in {*visited, *known}][
        : max(0, ENOUGH - len(visited) - len(known))
    ]


def toggled(row: Row, position: int) -> Row:
    """The same row with one object taken away, or brought in clean."""
    return (*row[:position], 0 if row[position] else 1, *row[position + 1 :])


def apart(row: Row, other: Row) -> int:
    """In how many objects two rows differ."""
    return sum(a != b for a, b in zip(row, other, strict=True))


def order(row: Row) -> tuple[int, tuple[bool, ...], Row]:
    """Larger rows first, then as a dictionary has them: ABC, ABD, ACD."""
    return (-sum(v > 0 for v in row), tuple(v == 0 for v in row), row)


def digit(variant: int) -> str:
    """One character: 0 … 9, a … z."""
    return "0123456789abcdefghijklmnopqrstuvwxyz"[min(variant, 35)]


class Known:
    """What is known of each cell: its score, since when, and since when each operator has it.

    rows : every row with a cell unveiled, in order of first appearance.
    """

    def __init__(self, audit: Sequence[str], monitor: Sequence[str], operators: Sequence[str]) -> None:
        self.audit, self.monitor, self.operators = list(audit), set(monitor), list(operators)
        self.told = monitor[0] if monitor else None
        self.rows: dict[Row, None] = {}
        self.score: dict[tuple[Row, str], float] = {}
        self.seen: dict[tuple[Row, str], int] = {}
        self.by: dict[str, dict[tuple[Row, str], int]] = {name: {} for name in operators}
        self.looked: dict[str, dict[Row, tuple[int, float]]] = {name: {} for name in operators}
        self.guessed: set[Row] = set()

    def add(self, row: Row, column: str, score: float, by: str, number: int, exact: bool) -> None:
        """One cell, as one player has it from a round on. The first score stands."""
        self.rows.setdefault(row)
        if column in self.monitor:
            if by in self.looked and column == self.told and number < self.looked[by].get(row, (number + 1, 0.0))[0]:
                self.looked[by][row] = (number, score)
            return
        cell = (row, column)
        self.score.setdefault(cell, score)
        self.seen[cell] = min(number, self.seen.get(cell, number))
        if by in self.by:
            self.by[by][cell] = min(number, self.by[by].get(cell, number))
        if not exact:
            self.guessed.add(row)

    def packed(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The cells of these rows as the page reads them."""
        cells = [(row, column) for row in rows for column in self.audit]
        return {
            "score": packing.numbers(self.score.get(cell) for cell in cells),
            "seen": packing.numbers(self.seen.get(cell) for cell in cells),
            "by": [packing.numbers(self.by[name].get(cell) for cell in cells) for name in self.operators],
            "looked": [packing.numbers(self.looked[name].get(row, (None,))[0] for row in rows) for name in self.operators],
            "monitor": [
                packing.numbers(self.looked[name].get(row, (None, None))[1] for row in rows) for name in self.operators
            ],
            "guessed": [i for i, row in enumerate(rows) if row in self.guessed],
        }
