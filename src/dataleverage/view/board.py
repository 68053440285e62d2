"""The board as shown: which rows of the grid, and what is known of their cells, by whom and since when."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from dataleverage.grid.rows import all_rows, from_words
from dataleverage.view import packing

ALL_SHOWN = 6  # objects: up to 64 clean rows, all of them shown
MOST_SHOWN = 96  # rows of a larger grid
ENOUGH = 40  # rows: neighbours in fog fill the board up to this number
FEW = 12  # rows: where fewer were unveiled, neighbours in fog are shown beside them from the start
MOST_POISONED = 48  # poisoned rows beside all clean ones
MOST_FOUND = 1024  # rows that a search can find, fewer where columns are many
MOST_CELLS = 20_000  # of those

Row = tuple[int, ...]
R = TypeVar("R", bound=Hashable)


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

    `rows` are written one character an object (its variant in base 36); the first `first` of them are on the board from
    the start, up to `shown` come with the neighbours, the rest are found by search. `score`, `seen` and each operator's
    `by` run row by row over the audit columns. `guess` has the rows that a surrogate predicted: until which round that is all
    there is (None: to the end), and the predictions of its audit columns.
    """
    parsed: dict[str, Row] = {}

    def row_of(words: str) -> Row:
        if words not in parsed:
            parsed[words] = tuple(int(v) for v in from_words(words, objects))
        return parsed[words]

    known: Known[Row] = Known(audit, monitor, operators)
    visited: dict[Row, None] = {}
    for number, operator, words, scores in served:
        visited.setdefault(row_of(words))
        for column, score in zip(audit, scores, strict=True):
            if score is not None:
                known.add(row_of(words), column, score, operator, number, True)
    for words, column, score, by, number, exact in cells:
        if score is not None:
            known.add(row_of(words), column, score, by, number, exact)

    first, shown = chosen(len(objects), list(visited), known)
    on_board = {*first, *shown}
    others = [row for row in known.rows if row not in on_board]
    others = others[: min(MOST_FOUND, MOST_CELLS // max(1, len(audit)))]
    rows = [row for part in (first, shown, others) for row in sorted(part, key=order)]
    return {
        "all": len(objects) <= ALL_SHOWN,
        "possible": None if len(objects) > 40 else 2 ** len(objects),
        "unveiled": len(known.rows),
        "rows": ["".join(digit(v) for v in row) for row in rows],
        "first": len(first),
        "shown": len(on_board),
        **known.packed(rows),
    }


def chosen(n: int, visited: list[Row], known: Known[Row]) -> tuple[list[Row], list[Row]]:
    """Rows on the board from the start, and those that come with the neighbours.

    Of a small grid: all clean rows, and poisoned ones unveiled. Of a larger one: those served or weighed, those next to
    a row served before others, and while they are few some neighbours of the row served last; with the neighbours,
    also rows looked at on a monitor and rows in fog one object away.
    """
    near = {row for row in known.rows if any(apart(row, other) == 1 for other in visited)}
    if n <= ALL_SHOWN:
        clean = [tuple(int(v) for v in row) for row in all_rows(n)]
        poisoned = [row for row in known.rows if row in near and any(v > 1 for v in row)]
        return list(dict.fromkeys([*visited, *clean, *poisoned[:MOST_POISONED]])), []
    scored = dict.fromkeys(row for row, _ in known.seen)
    unveiled = sorted((row for row in scored if row not in set(visited)), key=lambda row: row not in near)
    first = (visited + unveiled)[: max(MOST_SHOWN, len(visited))]
    glimpsed = [row for row in known.rows if row in near]
    fogged = [toggled(row, position) for row in reversed(visited) for position in range(n)]
    beside = [row for row in dict.fromkeys(glimpsed + fogged) if row not in set(first)]
    beside = beside[: max(0, MOST_SHOWN - len(first))]
    room = max(ENOUGH - len(first), sum(row in near for row in beside))
    few = [row for row in dict.fromkeys(fogged) if row in set(beside)][: max(0, FEW - len(first))]
    return first + few, [row for row in beside[:room] if row not in set(few)]


def toggled(row: Row, position: int) -> Row:
    """The same row with one object taken away, or brought in clean."""
    return (*row[:position], 0 if row[position] else 1, *row[position + 1 :])


def apart(row: Row, other: Row) -> int:
    """In how many objects two rows differ."""
    return sum(a != b for a, b in zip(row, other, strict=True))


def order(row: Row) -> tuple[int, tuple[bool, ...], Row]:
    """Larger rows first, then as a dictionary has them: ABC, ABD, ACD."""
    return (-sum(v > 0 for v in row), tuple(v == 0 for v in row), row)


def rounded(score: float | None) -> float | None:
    """Six decimals: the page prints four."""
    return None if score is None else round(score, 6)


def digit(variant: int) -> str:
    """One character: 0 … 9, a … z."""
    return "0123456789abcdefghijklmnopqrstuvwxyz"[min(variant, 35)]


class Known(Generic[R]):
    """What is known of each cell: its score, since when, and since when each operator has it. R is what a row is told by.

    rows : every row with a cell unveiled, in order of first appearance.
    """

    def __init__(self, audit: Sequence[str], monitor: Sequence[str], operators: Sequence[str]) -> None:
        self.audit, self.monitor, self.operators = list(audit), set(monitor), list(operators)
        self.told = monitor[0] if monitor else None
        self.rows: dict[R, None] = {}
        self.score: dict[tuple[R, str], float] = {}
        self.seen: dict[tuple[R, str], int] = {}
        self.by: dict[str, dict[tuple[R, str], int]] = {name: {} for name in operators}
        self.looked: dict[str, dict[R, tuple[int, float]]] = {name: {} for name in operators}
        self.guess: dict[R, dict[str, float]] = {}
        self.trained: dict[R, int] = {}

    def add(self, row: R, column: str, score: float, by: str, number: int, exact: bool) -> None:
        """One cell, as one player has it from a round on. The first score stands, but that of a trained model before others."""
        self.rows.setdefault(row)
        if column in self.monitor:
            if by in self.looked and column == self.told and number < self.looked[by].get(row, (number + 1, 0.0))[0]:
                self.looked[by][row] = (number, score)
            return
        cell = (row, column)
        if exact:
            self.score.setdefault(cell, score)
            self.trained[row] = min(number, self.trained.get(row, number))
        else:
            self.guess.setdefault(row, {}).setdefault(column, score)
        self.seen[cell] = min(number, self.seen.get(cell, number))
        if by in self.by:
            self.by[by][cell] = min(number, self.by[by].get(cell, number))

    def packed(self, rows: Sequence[R]) -> dict[str, Any]:
        """The cells of these rows as the page reads them."""
        cells = [(row, column) for row in rows for column in self.audit]
        guess = {
            str(i): [self.trained.get(row), packing.clean(rounded(self.guess[row].get(column)) for column in self.audit)]
            for i, row in enumerate(rows)
            if row in self.guess
        }
        return {
            "score": packing.numbers(self.score.get(cell, self.guess.get(cell[0], {}).get(cell[1])) for cell in cells),
            "seen": packing.numbers(self.seen.get(cell) for cell in cells),
            "by": [packing.numbers(self.by[name].get(cell) for cell in cells) for name in self.operators],
            "looked": [packing.numbers(self.looked[name].get(row, (None,))[0] for row in rows) for name in self.operators],
            "monitor": [
                packing.numbers(self.looked[name].get(row, (None, None))[1] for row in rows) for name in self.operators
            ],
            "guess": guess,
        }
