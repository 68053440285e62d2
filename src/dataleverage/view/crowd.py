"""A crowd: what a page shows of a record with more creators or objects than it can draw one by one.

Sentences, charts and counts are of everyone, added up here. One by one the page shows a sample: creators evenly from each
group, and some of the objects that they own. Rows are told by how many objects they have.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import from_words, in_brief
from dataleverage.record.record import Record, arrow
from dataleverage.view import packing
from dataleverage.view.board import MOST_SHOWN, Known, digit

if TYPE_CHECKING:
    import pyarrow as pa

CROWD = 1000  # creators or objects: a page of more shows a sample
CREATORS = 600  # of the sample
OBJECTS = 240  # of the sample: four lines of marks in the label of a row

Positions = NDArray[np.int64]
Column = list[Any]


class Crowd:
    """A record as a page of a sample needs it.

    creators, objects : positions of those shown one by one.
    """

    def __init__(self, record: Record) -> None:
        self.whole = {name: arrow(name, columns) for name, columns in record.tables.items()}
        self.creators = sample(self.whole["creators"]["group"].to_pylist(), CREATORS)
        owner, names = codes(self.whole["objects"]["owner"])
        place = {name: i for i, name in enumerate(self.names)}
        owned = np.flatnonzero(np.isin(np.array([place.get(name, -1) for name in names])[owner], self.creators))
        self.objects = owned[spread(len(owned), OBJECTS)]

    @staticmethod
    def wanted(record: Record) -> bool:
        """Whether a record is too large to be shown one by one."""
        return max(len(record.tables["creators"]["creator"]), len(record.tables["objects"]["object"])) > CROWD

    @cached_property
    def names(self) -> list[str]:
        """Of all creators."""
        return list(self.whole["creators"]["creator"].to_pylist())

    @cached_property
    def moved(self) -> tuple[Positions, Positions]:
        """The creator and the round of every move."""
        which, texts = codes(self.whole["moves"]["creator"])
        place = {name: i for i, name in enumerate(self.names)}
        return np.array([place[name] for name in texts], dtype=np.int64)[which], numbers(self.whole["moves"]["round"])

    @cached_property
    def words(self) -> list[str]:
        """The rows served, unveiled or both, in words, each once, those served first."""
        served = self.whole["rounds"]["row"].to_pylist()
        return list(dict.fromkeys([*served, *codes(self.whole["cells"]["row"])[1]]))

    @cached_property
    def shown(self) -> list[str]:
        """The rows on the board: as many as it has room for."""
        served = set(self.whole["rounds"]["row"].to_pylist())
        return self.words[: max(MOST_SHOWN, len(served))]

    @cached_property
    def tables(self) -> dict[str, dict[str, Column]]:
        """The tables of the sample; rows are written by their place among `words`, payments are left to `transfers`."""
        take = {"creators": self.creators, "objects": self.objects}
        take["moves"] = np.flatnonzero(np.isin(self.moved[0], self.creators))
        take |= {name: np.empty(0, dtype=np.int64) for name in ("transfers", "edges", "cells")}
        if len(self.creators) == len(self.names):
            take["edges"] = np.arange(len(self.whole["edges"]))
        found = {name: table.take(take[name]) if name in take else table for name, table in self.whole.items()}
        tables: dict[str, dict[str, Column]] = {name: table.to_pydict() for name, table in found.items()}
        at = {words: i for i, words in enumerate(self.words)}
        rounds = tables["rounds"]
        return tables | {
            "rounds": rounds | {"row": [str(at[row]) for row in rounds["row"]], "holdings": [""] * len(rounds["row"])}
        }

    def told(self, rounds: list[int], levers: list[str]) -> dict[str, Any]:
        """What the page says of everyone.

        creators, objects : how many there are. rows : how each of the rows in `tables` is told. acted, pulled : how many
        creators did ever anything but contribute, and how many pulled each lever. changes : for each round the levers that
        creators changed to, and how many did. payoff : for each round the mean of their payoffs.
        """
        count, steps = len(self.names), [number for number in rounds if number > 0]
        lever, texts = codes(self.whole["moves"]["lever"])
        code = np.array([levers.index(text) for text in texts], dtype=np.int64)[lever]
        who, when = self.moved
        column = np.searchsorted(steps, when)
        now = np.full((count, len(steps) + 1), -1, dtype=np.int8)
        now[:, 0] = levers.index("contribute")
        now[who, column + 1] = code
        paid = numbers(self.whole["moves"]["payoff"])
        booked = np.isfinite(paid)
        known = np.bincount(column[booked], minlength=len(steps))
        total = np.bincount(column[booked], weights=paid[booked], minlength=len(steps))
        acts = (now[:, 1:] >= 0) & (now[:, 1:] != now[0, 0])
        changed = (now[:, 1:] >= 0) & (now[:, 1:] != now[:, :-1])
        tally = [np.bincount(now[changed[:, k], k + 1], minlength=len(levers)) for k in range(len(steps))]
        before = len(rounds) - len(steps)  # 1 where round 0 is in the record
        mean = np.where(known > 0, total / np.maximum(known, 1), np.nan)
        return {
            "creators": count,
            "objects": len(self.whole["objects"]),
            "rows": [self.brief(words) for words in self.words if words in set(self.shown)],
            "acted": int(acts.any(axis=1).sum()),
            "pulled": {name: int((acts & (now[:, 1:] == k)).any(axis=1).sum()) for k, name in enumerate(levers)},
            "changes": [{}] * before + [{levers[k]: int(n) for k, n in enumerate(found) if n} for found in tally],
            "payoff": packing.numbers([None] * before + mean.tolist()),
        }

    def row(self, words: str) -> NDArray[np.uint8]:
        """(n,) the row of these words."""
        return from_words(words, self._objects)

    @cached_property
    def _objects(self) -> list[str]:
        return list(self.whole["objects"]["object"].to_pylist())

    def brief(self, words: str) -> str:
        """`52,314 of 100,000 objects`."""
        return in_brief(self.row(words), self._objects) or "no data at all"

    def board(self, audit: list[str], monitor: list[str], operators: list[str]) -> dict[str, Any]:
        """The board of rows served and weighed, as `view.board.board` makes it; nothing is shown in fog.

        `rows` are written for the objects of the sample only; `size` counts all, and `full` is the place of the full row.
        """
        known: Known[str] = Known(audit, monitor, operators)
        rounds = self.whole["rounds"]
        scores = [rounds[f"score:{name}"].to_pylist() for name in audit]
        for i, (number, operator, words) in enumerate(
            zip(*(rounds[name].to_pylist() for name in ("round", "operator", "row")), strict=True)
        ):
            for name, column in zip(audit, scores, strict=True):
                if column[i] is not None:
                    known.add(words, name, column[i], operator, number, True)
        shown = set(self.shown)
        cells = self.whole["cells"]
        row, texts = codes(cells["row"])
        wanted = np.flatnonzero(np.isin(row, [i for i, words in enumerate(texts) if words in shown]))
        part = cells.take(wanted).drop_columns("row").to_pydict()
        names = set(audit) | set(monitor)
        for i, k in enumerate(row[wanted].tolist()):
            if part["column"][i] in names and part["score"][i] is not None:
                known.add(texts[k], part["column"][i], part["score"][i], part["by"][i], part["round"][i], part["exact"][i])
        rows = [self.row(words) for words in self.shown]
        full = next((i for i, row in enumerate(rows) if (row == 1).all()), None)
        return {
            "all": False,
            "possible": None,
            "unveiled": len(self.words),
            "rows": ["".join(digit(int(v)) for v in row[self.objects]) for row in rows],
            "size": [int(np.count_nonzero(row)) for row in rows],
            "full": full,
            "first": len(rows),
            "shown": len(rows),
            **known.packed(self.shown),
        }

    def transfers(self) -> list[list[Any]]:
        """Payments added up, as `payload.transfers_of` does."""
        table = self.whole["transfers"]
        number, amount = numbers(table["round"]), numbers(table["amount"])
        ends = {name: codes(table[name]) for name in ("reason", "payer", "payee")}
        found = []
        for each in np.unique(number):
            for k, reason in enumerate(ends["reason"][1]):
                inside = (number == each) & (ends["reason"][0] == k)
                if inside.any():
                    sides = [np.unique(ends[name][0][inside]) for name in ("payer", "payee")]
                    named = [ends[name][1][int(side[0])] for name, side in zip(("payer", "payee"), sides, strict=True)]
                    told = [
                        x
                        for side, name in zip(sides, named, strict=True)
                        for x in (len(side), name if len(side) == 1 else None)
                    ]
                    found.append([int(each), reason, round(float(amount[inside].sum()), 4), *told])
        return found


def sample(groups: Column, most: int) -> Positions:
    """At most about `most` positions, in order, as evenly from each group as its size allows and at least one of each."""
    if len(groups) <= most:
        return np.arange(len(groups))
    _, group = np.unique(np.array(groups, dtype=str), return_inverse=True)
    parts = [np.flatnonzero(group == g) for g in range(group.max() + 1)]
    return np.sort(np.concatenate([part[spread(len(part), max(1, most * len(part) // len(groups)))] for part in parts]))


def spread(count: int, most: int) -> Positions:
    """At most `most` of so many positions, the first among them, evenly spaced."""
    return np.arange(count) if count <= most else np.arange(most) * count // most


def codes(column: pa.ChunkedArray) -> tuple[Positions, list[str]]:
    """(R,) which text each line of a column has, and the texts."""
    import pyarrow as pa

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = encoded.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no chunk
        return np.empty(0, dtype=np.int64), []
    return whole.indices.to_numpy(zero_copy_only=False).astype(np.int64), whole.dictionary.to_pylist()


def numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """(R,) numbers, NaN where there is none."""
    return np.asarray(column.to_numpy())
