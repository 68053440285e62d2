"""The recorder: writes down what happens in a game, and makes a record of it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.game.board import Board
from dataleverage.game.levers import LEVERS, Choice
from dataleverage.game.network import LISTED, Neighbours
from dataleverage.game.rules import Outcome
from dataleverage.game.setup import CREATORS, GameSetup
from dataleverage.game.strategy import Decision, Memory
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows, in_words, together
from dataleverage.record.record import SCHEMA_VERSION, Columns, Record, coded
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from dataleverage.game.model import LeverageGame

LIBRARIES = ("dataleverage", "mesa", "numpy", "scipy", "scikit-learn", "networkx", "pyarrow")


class Recorder:
    """Collects arrays while a game runs; tables are made at the end.

    surrogates : joint moves that were weighed by what creators believe, not by the grid.
    """

    def __init__(self, setup: GameSetup, neighbours: Neighbours, memory: list[Memory]) -> None:
        self.setup, self.neighbours = setup, neighbours
        self.threshold = np.full(setup.n_creators, np.nan)
        for group, remembered in zip(setup.groups, memory, strict=True):
            if "threshold" in remembered:
                self.threshold[group.who] = remembered["threshold"]
        self.surrogates = 0
        self._before = self._counted()
        self._states: list[dict[str, Any]] = []
        self._moves: list[dict[str, Any]] = []
        self._cells: list[tuple[Rows, np.ndarray, Floats, str, int, bool]] = []
        self._audit = np.array([i for i, c in enumerate(setup.grid.columns) if c.part == "audit"])
        self._unveiled: set[tuple[bytes, str]] = set()

    def _counted(self) -> dict[str, int]:
        """Rows that the grid has scored and served so far."""
        grid = self.setup.grid
        special = {name: int(getattr(grid.oracle, name, 0)) for name in ("empty", "single_class")}
        return {"trained": grid.trained, "served_again": grid.served, **special}

    # ------------------------------------------------------------------ while it runs

    def state(self, round: int, result: Outcome, *, trained: bool, costs: float, payoff: float) -> None:
        """One line of `rounds`."""
        setup, row = self.setup, result.rows[0]
        before = round == 0
        money = {
            "revenue": float(result.revenue[0]),
            "transfers_in": 0.0,
            "transfers_out": float(result.paid_out[0]),
            "costs": costs,
            "payoff": payoff,
        }
        self._states.append(
            {
                "round": round,
                "operator": setup.operators[0].name,
                "row": row,
                "holdings": result.holdings[0],
                "trained": trained,
                "examples": int(setup.grid.sizes[row > 0].sum()),
                "quality": float(result.overall[0]),
                "company_quality": float(result.company[0]),
                "share_retained": float(result.retained[0]),
                "users": 1.0,
                **{name: float("nan") if before else amount for name, amount in money.items()},
                "scores": result.scores[0],
            }
        )

    def moves(self, round: int, choice: Choice, result: Outcome, decisions: list[tuple[Any, np.ndarray, Decision]]) -> None:
        """The lines of `moves` and `transfers` of one round."""
        n = self.setup.n_creators
        saw = np.full(n, np.nan)
        worth: dict[int, Floats] = {}
        for _, who, decision in decisions:
            if decision.saw is not None:
                saw[who] = decision.saw
            if decision.weighed is not None and decision.worth is not None:
                for a, move in enumerate(decision.weighed):
                    worth.setdefault(int(move), np.full(n, np.nan))[who] = decision.worth[:, a]
        self._moves.append(
            {
                "round": round,
                "choice": choice,
                "levers": np.bincount(self.setup.menu.levers[choice], minlength=len(LEVERS)),
                "saw": saw,
                "worth": worth,
                "quality": result.quality[0],
                "cost": result.cost[0],
                "transfers": result.transfers[0],
                "payoff": result.payoff[0],
            }
        )

    def cells(self, round: int, result: Outcome, board: Board) -> None:
        """The cells that an operator unveils by serving a row: its audit cells, and the monitor cells it looks at."""
        columns = np.concatenate([self._audit, board.columns])
        self._unveil(round, result.rows[:1], result.scores[:1], columns, self.setup.operators[0].name, np.ones(1, bool))

    def weighed_cells(self, round: int, result: Outcome, exact: np.ndarray) -> None:
        """The audit cells that creators' weighing asked for; exact : (B,) which rows were trained, and not predicted."""
        self._unveil(round, result.rows, result.scores, self._audit, CREATORS, exact)

    def _unveil(self, round: int, rows: Rows, scores: Floats, columns: np.ndarray, by: str, exact: np.ndarray) -> None:
        operator = self.setup.operators[0].name
        for row, values, true in zip(rows, scores, exact.tolist(), strict=True):
            key = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
            # what the operator has unveiled stays its own; what only creators asked for is told once
            if (key, operator) in self._unveiled or (key, by) in self._unveiled:
                continue
            self._unveiled.add((key, by))
            self._cells.append((row, columns, values[columns], by, round, true))

    # ------------------------------------------------------------------ afterwards

    def record(self, game: LeverageGame) -> Record:
        """The record of the game so far."""
        setup = self.setup
        warnings = list(setup.warnings)
        if self.surrogates:
            warnings.append(f"Creators weighed {self.surrogates:,} joint moves by a surrogate, not by trained models.")
        cells = {name: count - self._before[name] for name, count in self._counted().items()}
        weighted = np.flatnonzero(setup.quality.weight > 0).tolist()
        predicted = [row for row, *_, exact in self._cells if not exact]
        surrogate = game.lookup.account(weighted, predicted, len(self._audit))
        if surrogate is not None:
            warnings.append(game.lookup.warning(surrogate, weighted[0]))
        manifest = {
            "schema": SCHEMA_VERSION,
            **setup.manifest,
            "seed": game.seed,
            "versions": dict(versions()),
            "cells": {**cells, "trained_for_gaps": setup.grid.trained_for_gaps},
            "path": setup.grid.oracle.path,
            "stopped": {"reason": game.stopped, "round": game.round, "period": game.period},
            "normalisation": {
                "floor": self._weighted(setup.quality.floor),
                "full": self._weighted(setup.quality.full),
                "gap": setup.quality.gap,
                "gap_se": setup.quality.error,
                "view": setup.payoffs.view,
            },
            "status_quo": {"operator": game.operator_status_quo, "creators": float(np.mean(game.status_quo))},
            "surrogate": surrogate,
            "warnings": warnings,
        }
        tables = {
            "rounds": self._rounds(),
            "moves": self._move_table(),
            "transfers": self._transfers(),
            "creators": self._creators(game.status_quo),
            "objects": self._objects(),
            "edges": self._edges(),
            "columns": self._columns(),
            "cells": self._cell_table(),
        }
        if self.neighbours.edges is None and setup.n_creators > LISTED:
            manifest["warnings"].append(f"Everyone sees everyone: the links of {setup.n_creators:,} creators are not listed.")
        return Record(manifest, tables)

    def _weighted(self, values: Floats) -> dict[str, float]:
        weight = self.setup.quality.weight
        return {c.name: float(values[i]) for i, c in enumerate(self.setup.grid.columns) if weight[i] > 0}

    def _rounds(self) -> Columns:
        states = self._states
        table: dict[str, Any] = {name: [state[name] for state in states] for name in states[0] if name != "scores"}
        words = self._words([*table["row"], *table["holdings"]])
        table["row"], table["holdings"] = words[: len(states)], words[len(states) :]
        n = self.setup.n_creators
        counts = np.array([m["levers"] for m in self._moves]).reshape(-1, len(LEVERS))
        shares = np.vstack([[[1.0, 0.0, 0.0, 0.0]], counts / n])
        table["acting"] = 1.0 - shares[:, 0]
        for i, lever in enumerate(LEVERS):
            table[f"share:{lever}"] = shares[:, i]
        scores = np.array([state["scores"] for state in states])
        for c, column in enumerate(self.setup.grid.columns):
            table[f"score:{column.name}"] = scores[:, c]
        return table

    def _words(self, rows: Sequence[Rows]) -> list[str]:
        """Rows in words, each distinct one put into words once."""
        words = {row.tobytes(): row for row in rows}
        said = {key: in_words(row, self.setup.grid.objects) for key, row in words.items()}
        return [said[row.tobytes()] for row in rows]

    def _move_table(self) -> Columns:
        setup, moves = self.setup, self._moves
        n, menu = setup.n_creators, setup.menu
        flat = np.concatenate([m["choice"] for m in moves]) if moves else np.empty(0, dtype=np.int64)
        operator = coded(np.zeros(len(flat), dtype=np.int64), [setup.operators[0].name])
        table: dict[str, Any] = {
            "round": np.repeat([m["round"] for m in moves], n).astype(np.int64),
            "creator": coded(np.tile(np.arange(n), len(moves)), setup.names),
            "lever": coded(flat, [move.lever for move in menu.moves]),
            "tactic": coded(flat, [move.tactic for move in menu.moves]),
            "target": operator,
            "use": operator,
        }
        for name in ("saw", "quality", "cost", "transfers", "payoff"):
            table[name] = np.concatenate([m[name] for m in moves]) if moves else np.empty(0)
        nothing = np.full(n, np.nan)
        for a in sorted({a for m in moves for a in m["worth"]}):
            table[f"worth:{menu.moves[a]}"] = np.concatenate([m["worth"].get(a, nothing) for m in moves])
        return table

    def _transfers(self) -> Columns:
        setup = self.setup
        paid = [np.flatnonzero(m["transfers"]) for m in self._moves]
        payees = np.concatenate([np.empty(0, dtype=np.int64), *paid])
        same = np.zeros(len(payees), dtype=np.int64)
        amounts = [m["transfers"][who] for m, who in zip(self._moves, paid, strict=True)]
        return {
            "round": np.repeat(np.array([m["round"] for m in self._moves], dtype=np.int64), [len(who) for who in paid]),
            "payer": coded(same, [setup.operators[0].name]),
            "payee": coded(payees, setup.names),
            "amount": np.concatenate([np.empty(0), *amounts]),
            "reason": coded(same, [setup.operators[0].response.reason]),
        }

    def _creators(self, status_quo: Floats) -> Columns:
        setup = self.setup
        group = np.empty(setup.n_creators, dtype=np.int64)
        for g, each in enumerate(setup.groups):
            group[each.who] = g
        owned: list[list[str]] = [[] for _ in setup.names]
        for name, owner in zip(setup.grid.objects, setup.owner_of.tolist(), strict=True):
            owned[owner].append(name)
        columns = setup.grid.column_names
        return {
            "creator": list(setup.names),
            "group": np.array([each.name for each in setup.groups], dtype=object)[group],
            "strategy": np.array([each.strategy.tag for each in setup.groups], dtype=object)[group],
            "objects": [together(mine, mine) for mine in owned],
            "examples": setup.examples,
            "audit_examples": setup.quality.audit_examples,
            "threshold": self.threshold,
            "status_quo": status_quo,
            "judged_on": [columns[c] for c in setup.quality.judged_on],
        }

    def _objects(self) -> Columns:
        setup = self.setup
        return {
            "object": list(setup.grid.objects),
            "owner": [setup.names[i] for i in setup.owner_of],
            "examples": setup.grid.sizes,
            **{f"label:{name}": counts for name, counts in setup.label_counts.items()},
        }

    def _edges(self) -> Columns:
        names = self.setup.names
        pairs = self.neighbours.listed()
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

    def _cell_table(self) -> Columns:
        rows, columns, scores, by, rounds, exact = zip(*self._cells, strict=True)  # there is always the row of round 0
        counts = [len(part) for part in columns]
        size = np.array([np.count_nonzero(row) for row in rows], dtype=np.int64)
        return {
            "row": np.repeat(np.array(self._words(rows), dtype=object), counts),
            "size": np.repeat(size, counts),
            "column": np.array(self.setup.grid.column_names, dtype=object)[np.concatenate(columns)],
            "score": np.concatenate(scores),
            "by": np.repeat(np.array(by, dtype=object), counts),
            "round": np.repeat(np.array(rounds, dtype=np.int64), counts),
            "exact": np.repeat(np.array(exact, dtype=bool), counts),
        }


@cache
def versions() -> Mapping[str, str]:
    """The versions of Python and of the libraries that a score can depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
