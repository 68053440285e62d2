"""The recorder: writes down what happens in a game, and makes a record of it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.game.calls import NO_CALL
from dataleverage.game.collective import Union
from dataleverage.game.desk import Desk
from dataleverage.game.ledger import Payment
from dataleverage.game.levers import ANY, LEVERS, NOBODY, Choice
from dataleverage.game.network import LISTED, Neighbours
from dataleverage.game.rules import Outcome
from dataleverage.game.setup import CREATORS, PUBLIC, GameSetup
from dataleverage.game.strategy import Decision, Memory
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows, in_words, together
from dataleverage.record.record import COLUMNS, SCHEMA_VERSION, Columns, Record, coded
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
        self._payments: list[tuple[int, Payment]] = []
        self._collectives: list[dict[str, Any]] = []
        self._cells: list[tuple[Rows, np.ndarray, Floats, str, int, bool]] = []
        self._audit = np.array([i for i, c in enumerate(setup.grid.columns) if c.part == "audit"])
        self._unveiled: set[tuple[bytes, str]] = set()
        self._looked = [0] * setup.n_operators  # rows of each board that are written down

    def _counted(self) -> dict[str, int]:
        """Rows that the grid has scored and served so far."""
        grid = self.setup.grid
        special = {name: int(getattr(grid.oracle, name, 0)) for name in ("empty", "single_class")}
        return {"trained": grid.trained, "served_again": grid.served, **special}

    # ------------------------------------------------------------------ while it runs

    def state(self, round: int, result: Outcome, *, costs: Floats, payoff: Floats, prices: Floats | None = None) -> None:
        """A line of `rounds` for each operator.

        costs, payoff : (K,) of the round, unveiling and buying included. prices : (K,) what was paid for objects, negative.
        """
        setup, first, before = self.setup, self.setup.n_creators, round == 0
        for k, operator in enumerate(setup.operators):
            row, thrown = result.rows[0, k], result.thrown[0, k]
            received = float(result.received[0, first + k])
            bought = 0.0 if prices is None else -float(prices[k])
            money = {
                "revenue": float(result.revenue[0, k]),
                "transfers_in": received,
                "transfers_out": received - float(result.transfers[0, first + k]) + bought,
                "costs": float(costs[k]),
                "payoff": float(payoff[k]),
            }
            self._states.append(
                {
                    "round": round,
                    "operator": operator.name,
                    "row": row,
                    "holdings": result.holdings[0, k],
                    "trained": bool(result.new[0, k]),
                    "examples": int(setup.grid.sizes[row > 0].sum()),
                    "poisoned": int(setup.grid.sizes[row > 1].sum()),
                    "flagged": int(thrown.sum()),
                    "false_positives": int((thrown & (result.holdings[0, k] == 1)).sum()),
                    "quality": float(result.overall[0, k]),
                    "company_quality": float(result.company[0, k]),
                    "share_retained": float(result.retained[0, k]),
                    "users": float(result.users[0, k]),
                    **{name: float("nan") if before else amount for name, amount in money.items()},
                    "scores": result.scores[0, k],
                }
            )

    def moves(
        self,
        round: int,
        choice: Choice,
        result: Outcome,
        decisions: list[tuple[Any, np.ndarray, Decision]],
        payoff: Floats,
        prices: Floats,
    ) -> None:
        """The lines of `moves` of one round. payoff, prices : (N,) with what creators got for objects that were bought."""
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
                "saw": saw,
                "worth": worth,
                "quality": result.quality[0],
                "cost": result.cost[0],
                "transfers": result.transfers[0, :n] + prices,
                "payoff": payoff,
            }
        )

    def payments(self, round: int, payments: Sequence[Payment]) -> None:
        """The lines of `transfers` of one round."""
        self._payments += [(round, payment) for payment in payments]

    def collectives(self, round: int, unions: Sequence[Union], choice: Choice, result: Outcome) -> None:
        """The lines of `collectives` of one round."""
        setup = self.setup
        acting = setup.menu.acting[choice]
        for union in unions:
            theirs = np.append(union.member, False)[setup.mover]
            k = union.operator
            held, row = result.holdings[0, k] > 0, result.rows[0, k] > 0
            called = union.called != NO_CALL
            self._collectives.append(
                {
                    "round": round,
                    "collective": union.spec.name,
                    "operator": setup.operators[k].name,
                    "members": int(union.member.sum()),
                    "share_of_creators": float(union.member.mean()),
                    "alpha": share(setup.grid.sizes, theirs & held, held),
                    "alpha_trained": share(setup.grid.sizes, theirs & row, row),
                    "called": int(called.sum()),
                    "followed": int((called & (choice == union.called)).sum()),
                    "acting": int((union.member & acting).sum()),
                    "fund": union.fund,
                    "demands": union.spec.demand is not None,
                    "granted": union.agreement is not None,
                }
            )

    def cells(self, round: int, result: Outcome, desks: Sequence[Desk]) -> None:
        """The cells that operators unveil: audit and monitor cells of rows served, monitor cells of rows looked at."""
        for k, desk in enumerate(desks):
            name, columns = self.setup.operators[k].name, desk.board.columns
            served = np.concatenate([self._audit, columns])
            self._unveil(round, result.rows[:1, k], result.scores[:1, k], served, name, np.ones(1, bool))
            for row, values in zip(desk.board.rows[self._looked[k] :], desk.board.scores[self._looked[k] :], strict=True):
                full = np.full(len(self.setup.grid.columns), np.nan)
                full[columns] = values
                self._unveil(round, row[None], full[None], columns, name, np.ones(1, bool))
            self._looked[k] = len(desk.board)

    def weighed_cells(self, round: int, operator: int, result: Outcome, exact: np.ndarray) -> None:
        """The audit cells that creators' weighing asked for; exact : (B,) which rows were trained, and not predicted."""
        self._unveil(round, result.rows[:, operator], result.scores[:, operator], self._audit, CREATORS, exact)

    def _unveil(self, round: int, rows: Rows, scores: Floats, columns: np.ndarray, by: str, exact: np.ndarray) -> None:
        names = {by} if by != CREATORS else {by, *(operator.name for operator in self.setup.operators)}
        for row, values, true in zip(rows, scores, exact.tolist(), strict=True):
            key = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
            # what an operator has unveiled stays its own; what only creators asked for is told once
            if any((key, name) in self._unveiled for name in names):
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
            "status_quo": {"operator": float(game.operator_status_quo[0]), "creators": float(np.mean(game.status_quo))},
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
            "collectives": self._collective_table(),
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
        menu, n, count = self.setup.menu, self.setup.n_creators, self.setup.n_operators
        choices = np.array([self.setup.stay, *(m["choice"] for m in self._moves)]).reshape(-1, n)
        table["acting"] = np.repeat(menu.acting[choices].mean(axis=1), count)
        for i, lever in enumerate(LEVERS):
            table[f"share:{lever}"] = np.repeat((menu.levers[choices] == i).mean(axis=1), count)
        table["share:boycott"] = np.repeat((menu.uses[choices] == -1).mean(axis=1), count)
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
        only = setup.operators[0].name if setup.n_operators == 1 else None
        target = [
            only or (None if m.lever == "withhold" else setup.operators[m.to if m.to >= 0 else m.at].name) for m in menu.moves
        ]
        use = [only if m.use == ANY else NOBODY if m.use == -1 else setup.operators[m.use].name for m in menu.moves]
        table: dict[str, Any] = {
            "round": np.repeat([m["round"] for m in moves], n).astype(np.int64),
            "creator": coded(np.tile(np.arange(n), len(moves)), setup.names),
            "lever": coded(flat, [move.lever for move in menu.moves]),
            "tactic": coded(flat, [move.tactic for move in menu.moves]),
            "target": coded(flat, target),
            "use": coded(flat, use),
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
        names = list(dict.fromkeys(payment.reason for _, payment in self._payments))
        for round, payment in self._payments:
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

    def _collective_table(self) -> Columns:
        lines = self._collectives
        names = COLUMNS["collectives"]
        if not lines:
            return {name: [] for name in names}
        return {name: [line[name] for line in lines] for name in names}

    def _creators(self, status_quo: Floats) -> Columns:
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
            "threshold": self.threshold,
            "status_quo": status_quo,
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


def share(sizes: np.ndarray, part: np.ndarray, whole: np.ndarray) -> float:
    """The share of the examples of objects (n,) bool that are in a part of them; 0 of nothing."""
    return float(sizes[part].sum() / max(int(sizes[whole].sum()), 1))


@cache
def versions() -> Mapping[str, str]:
    """The versions of Python and of the libraries that a score can depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
