"""The tables of a record, made of what a recorder wrote down when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.game.levers import ANY, LEVERS, NOBODY, Choice
from dataleverage.game.setup import PUBLIC, GameSetup
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows, in_words, together
from dataleverage.record.record import COLUMNS, TABLES, Columns, coded
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.recorder import Recorder


class Tables(Mapping[str, Columns]):
    """The tables of one play, each made when it is asked for first.

    recorder : of a play that is over. status_quo : (N,) what a round pays creators before anyone has moved.
    """

    def __init__(self, recorder: Recorder, status_quo: Floats) -> None:
        self.recorder, self.setup, self.status_quo = recorder, recorder.setup, status_quo
        self._made: dict[str, Columns] = {}

    def __getitem__(self, name: str) -> Columns:
        if name not in self._made:
            make: dict[str, Callable[[], Columns]] = {
                "rounds": self._rounds,
                "moves": self._moves,
                "transfers": self._transfers,
                "creators": self._creators,
                "objects": self._objects,
                "edges": self._edges,
                "columns": self._columns,
                "cells": self._cells,
                "collectives": self._collectives,
            }
            self._made[name] = make[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def __or__(self, other: Mapping[str, Columns]) -> dict[str, Columns]:
        return {**self, **other}

    def __reduce__(self) -> tuple[Any, ...]:
        """A record that travels takes its tables along, and not the play that they come from."""
        return dict, (dict(self),)

    def _rounds(self) -> Columns:
        setup, states = self.setup, self.recorder.states
        count = setup.n_operators
        rows = np.array([state["row"] for state in states]).reshape(len(states) * count, -1)
        holdings = np.array([state["holdings"] for state in states]).reshape(rows.shape)
        words = words_of([*rows, *holdings], self.setup.grid.objects)
        thrown = [state["thrown"] for state in states]
        flagged = np.array([np.zeros(count) if each is None else each.sum(axis=1) for each in thrown], dtype=np.int64)
        false = [
            np.zeros(count) if each is None else (each & (state["holdings"] == 1)).sum(axis=1)
            for each, state in zip(thrown, states, strict=True)
        ]
        table: dict[str, Any] = {
            "round": np.repeat(np.arange(len(states), dtype=np.int64), count),
            "operator": [operator.name for operator in setup.operators] * len(states),
            "row": words[: len(rows)],
            "holdings": words[len(rows) :],
            "trained": np.array([state["trained"] for state in states], dtype=bool).ravel(),
            "examples": (rows > 0) @ setup.grid.sizes,
            "poisoned": (rows > 1) @ setup.grid.sizes,
            "flagged": flagged.ravel(),
            "false_positives": np.array(false, dtype=np.int64).ravel(),
            "kept_out": self._kept_out(),
        }
        for name in ("quality", "company_quality", "share_retained", "users", "believed", "believed_error"):
            table[name] = np.array([state[name] for state in states]).ravel()
        for name in ("revenue", "transfers_in", "transfers_out", "costs", "unveiling", "payoff"):
            amounts = np.array([state[name] for state in states])
            amounts[0] = np.nan  # nothing is booked before the first move
            table[name] = amounts.ravel()
        shares = shares_of(setup, [m["choice"] for m in self.recorder.played])
        table["acting"] = np.repeat(shares @ setup.menu.acting, count)
        for i, lever in enumerate(LEVERS):
            table[f"share:{lever}"] = np.repeat(shares @ (setup.menu.levers == i), count)
        table["share:boycott"] = np.repeat(shares @ (setup.menu.uses == -1), count)
        scores = np.array([state["scores"] for state in states]).reshape(len(rows), -1)
        for c, column in enumerate(setup.grid.columns):
            table[f"score:{column.name}"] = scores[:, c]
        return table

    def _kept_out(self) -> list[str]:
        """In words what each defence kept out, with the poison that it had, a line a round and operator."""
        nothing = np.zeros(self.setup.grid.n_objects, dtype=np.uint8)
        found = []
        for state in self.recorder.states:
            for k, held in enumerate(state["holdings"]):
                found.append(nothing if state["thrown"] is None else np.where(state["thrown"][k], held, np.uint8(0)))
        return words_of(found, self.setup.grid.objects)

    def _banned_by(self) -> Any:
        """The operators that take nothing of a creator's, a line a round and creator; null where all do."""
        names, n = [operator.name for operator in self.setup.operators], self.setup.n_creators
        every = [", ".join(name for k, name in enumerate(names) if which >> k & 1) or None for which in range(2 ** len(names))]
        bits = 2 ** np.arange(len(names))
        nobody = np.zeros(n, dtype=np.int64)
        parts = [nobody if m["banned"] is None else bits @ m["banned"] for m in self.recorder.played]
        return coded(np.concatenate([np.empty(0, dtype=np.int64), *parts]), every)

    def _moves(self) -> Columns:
        setup, moves = self.setup, self.recorder.played
        n, menu = setup.n_creators, setup.menu
        flat = np.concatenate([m["choice"] for m in moves]) if moves else np.empty(0, dtype=np.int64)
        only = setup.operators[0].name if setup.n_operators == 1 else None
        target = [
            only or (None if m.lever == "withhold" else setup.operators[m.to if m.to >= 0 else m.at].name) for m in menu.moves
        ]
        use = [only if m.use == ANY else NOBODY if m.use == -1 else setup.operators[m.use].name for m in menu.moves]
        table: dict[str, Any] = {
            "round": np.repeat(np.arange(1, len(moves) + 1, dtype=np.int64), n),
            "creator": coded(np.tile(np.arange(n), len(moves)), setup.names),
            "lever": coded(flat, [move.lever for move in menu.moves]),
            "tactic": coded(flat, [move.tactic for move in menu.moves]),
            "target": coded(flat, target),
            "use": coded(flat, use),
            "called": coded(
                np.concatenate([flat[:0], *(m["called"] for m in moves)]), [*(str(move) for move in menu.moves), None]
            ),
            "banned_by": self._banned_by(),
        }
        for name in ("saw", "quality", "cost", "transfers", "payoff"):
            table[name] = np.concatenate([m[name] for m in moves]) if moves else np.empty(0)
        nothing = np.full(n, np.nan)
        for a in sorted({a for m in moves for a in m["worth"]}):
            table[f"worth:{menu.moves[a]}"] = np.concatenate([m["worth"].get(a, nothing) for m in moves])
        return table

    def _transfers(self) -> Columns:
        setup = self.setup
        players = [*setup.names, *(each.name for each in setup.operators), *(each.name for each in setup.collectives), PUBLIC]
        rounds, payers, payees, amounts, reasons = [], [], [], [], []
        names = list(dict.fromkeys(payment.reason for _, payment in self.recorder.paid))
        for round, payment in self.recorder.paid:
            paid = np.flatnonzero(payment.amount[0])
            shape = payment.amount[0].shape
            payers.append(np.broadcast_to(payment.payer, shape)[paid])
            payees.append(np.broadcast_to(payment.payee, shape)[paid])
            amounts.append(payment.amount[0, paid])
            rounds.append(np.full(len(paid), round, dtype=np.int64))
            reasons.append(np.full(len(paid), names.index(payment.reason), dtype=np.int64))
        whole = np.empty(0, dtype=np.int64)
        return {
            "round": np.concatenate([whole, *rounds]),
            "payer": coded(np.concatenate([whole, *payers]), players),
            "payee": coded(np.concatenate([whole, *payees]), players),
            "amount": np.concatenate([np.empty(0), *amounts]),
            "reason": coded(np.concatenate([whole, *reasons]), names),
        }

    def _collectives(self) -> Columns:
        lines = self.recorder.gathered
        names = COLUMNS["collectives"]
        if not lines:
            return {name: [] for name in names}
        return {name: [line[name] for line in lines] for name in names}

    def _creators(self) -> Columns:
        setup = self.setup
        group = np.empty(setup.n_creators, dtype=np.int64)
        for g, each in enumerate(setup.groups):
            group[each.who] = g
        owned: list[list[str]] = [[] for _ in setup.names]
        for name, owner in zip(setup.grid.objects, setup.owner_of.tolist(), strict=True):
            if owner >= 0:
                owned[owner].append(name)
        columns = setup.grid.column_names
        return {
            "creator": list(setup.names),
            "group": np.array([each.name for each in setup.groups], dtype=object)[group],
            "strategy": np.array([each.strategy.tag for each in setup.groups], dtype=object)[group],
            "objects": [together(mine, mine) for mine in owned],
            "examples": setup.examples,
            "audit_examples": setup.quality.audit_examples,
            "threshold": self.recorder.threshold,
            "status_quo": self.status_quo,
            "judged_on": [columns[c] for c in setup.quality.judged_on],
        }

    def _objects(self) -> Columns:
        setup = self.setup
        return {
            "object": list(setup.grid.objects),
            "owner": [setup.names[i] if i >= 0 else PUBLIC for i in setup.owner_of.tolist()],
            "examples": setup.grid.sizes,
            "arrival": np.zeros(len(setup.owner_of), dtype=np.int64) if setup.arrival is None else setup.arrival,
            "price": np.zeros(len(setup.owner_of)) if setup.price is None else setup.price,
            **{f"label:{name}": counts for name, counts in setup.label_counts.items()},
        }

    def _edges(self) -> Columns:
        names = self.setup.names
        pairs = self.recorder.neighbours.listed()
        return {"source": coded(pairs[:, 0], names), "target": coded(pairs[:, 1], names)}

    def _columns(self) -> Columns:
        columns, quality = self.setup.grid.columns, self.setup.quality
        return {
            "column": [c.name for c in columns],
            "slice": [c.slice for c in columns],
            "metric": [c.metric for c in columns],
            "part": [c.part for c in columns],
            "examples": [c.examples for c in columns],
            "weight": quality.weight,
            "floor": quality.floor,
            "full": quality.full,
            "greater_is_better": [METRICS[c.metric].greater_is_better for c in columns],
        }

    def _cells(self) -> Columns:
        rows, columns, scores, by, rounds, exact = zip(
            *self.recorder.unveiled, strict=True
        )  # there is always the row of round 0
        counts = [len(part) for part in columns]
        size = np.array([np.count_nonzero(row) for row in rows], dtype=np.int64)
        return {
            "row": np.repeat(np.array(words_of(rows, self.setup.grid.objects), dtype=object), counts),
            "size": np.repeat(size, counts),
            "column": np.array(self.setup.grid.column_names, dtype=object)[np.concatenate(columns)],
            "score": np.concatenate(scores),
            "by": np.repeat(np.array(by, dtype=object), counts),
            "round": np.repeat(np.array(rounds, dtype=np.int64), counts),
            "exact": np.repeat(np.array(exact, dtype=bool), counts),
        }


def shares_of(setup: GameSetup, played: Sequence[Choice]) -> Floats:
    """(T + 1, A): the share of creators that made each move of the menu, from round 0."""
    counts = np.array([np.bincount(choice, minlength=len(setup.menu)) for choice in (setup.stay, *played)])
    return np.asarray(counts / setup.n_creators)


def words_of(rows: Sequence[Rows], objects: Sequence[str]) -> list[str]:
    """Rows in words, each distinct one put into words once."""
    distinct = {row.tobytes(): row for row in rows}
    said = {key: in_words(row, objects) for key, row in distinct.items()}
    return [said[row.tobytes()] for row in rows]
