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
from dataleverage.game.course import Course, Turn
from dataleverage.game.desk import Desk
from dataleverage.game.detection import detection
from dataleverage.game.ledger import Payment
from dataleverage.game.levers import Choice
from dataleverage.game.network import LISTED, Neighbours
from dataleverage.game.policy import Agreement
from dataleverage.game.rules import Outcome
from dataleverage.game.setup import CREATORS, GameSetup
from dataleverage.game.strategy import Decision, Memory
from dataleverage.game.tables import Tables, shares_of, words_of
from dataleverage.grid.rows import Rows
from dataleverage.grid.weights import known_by
from dataleverage.record.record import SCHEMA_VERSION, Record
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
        self.states: list[dict[str, Any]] = []
        self.played: list[dict[str, Any]] = []
        self.paid: list[tuple[int, Payment]] = []
        self.gathered: list[dict[str, Any]] = []
        self.unveiled: list[tuple[Rows, np.ndarray, Floats, str, int, bool]] = []
        self._audit = np.array([i for i, c in enumerate(setup.grid.columns) if c.part == "audit"])
        self._known: set[tuple[bytes, str]] = set()
        self._plain = setup.freshness is None and not any(operator.weighs for operator in setup.operators)
        self._looked = [0] * setup.n_operators  # rows of each board that are written down
        self._again = False  # of the round written down last
        self._decisions: object = None

    def _counted(self) -> dict[str, int]:
        """Rows that the grid has scored and served so far."""
        grid = self.setup.grid
        special = {name: int(getattr(grid.oracle, name, 0)) for name in ("empty", "single_class")}
        return {"trained": grid.trained, "served_again": grid.served, **special}

    # ------------------------------------------------------------------ while it runs

    def round(
        self,
        round: int,
        turn: Turn,
        choice: Choice,
        decisions: list[tuple[Any, np.ndarray, Decision]],
        course: Course,
        called: Choice,
    ) -> None:
        """Everything of one round. called : (N,) the menu position that each creator was called to, NO_CALL for none."""
        result = turn.result
        if turn.again and self._again and decisions is self._decisions:
            self.states.append(self.states[-1])
            self.played.append(self.played[-1])
            self.paid += [(round, payment) for payment in result.payments]
            return
        self._again, self._decisions = turn.again, decisions
        if not turn.again:
            self.cells(round, result, course.desks)
        self.state(result, turn.costs, turn.earned, turn.unveiling, turn.believed, turn.bought)
        self.collectives(round, course.unions, choice, result, turn.in_force)
        self.moves(choice, result, decisions, turn.payoff, turn.sold)
        self.played[-1] |= {"called": called, "banned": turn.banned}
        self.paid += [(round, payment) for payment in (*result.payments, *turn.prices)]

    def state(
        self,
        result: Outcome,
        costs: Floats,
        payoff: Floats,
        unveiling: Floats,
        believed: Floats,
        prices: Floats | float = 0.0,
    ) -> None:
        """A line of `rounds` for each operator, of the round that comes next.

        costs, payoff : (K,) of the round, unveiling and buying included. prices : (K,) what was paid for objects, negative.
        unveiling, believed : (K,) and (2, K), as a turn has them.
        """
        first = self.setup.n_creators
        firms = slice(first, first + self.setup.n_operators)
        received = result.received[0, firms]
        self.states.append(
            {
                "row": result.rows[0],
                "holdings": result.holdings[0],
                "trained": result.new[0],
                "judged": result.judged[0],
                "thrown": result.thrown[0] if result.thrown.any() else None,
                "suspicion": result.suspicion,
                "quality": result.overall[0],
                "company_quality": result.company[0],
                "share_retained": result.retained[0],
                "users": result.users[0],
                "revenue": result.revenue[0],
                "transfers_in": received,
                "transfers_out": received - result.transfers[0, firms] - prices,
                "costs": costs,
                "unveiling": unveiling,
                "believed": believed[0],
                "believed_error": believed[1],
                "payoff": payoff,
                "scores": result.scores[0],
            }
        )

    def moves(
        self,
        choice: Choice,
        result: Outcome,
        decisions: list[tuple[Any, np.ndarray, Decision]],
        payoff: Floats,
        prices: Floats | float,
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
        self.played.append(
            {
                "choice": choice,
                "saw": saw,
                "worth": worth,
                "quality": result.quality[0],
                "cost": result.cost[0],
                "transfers": result.transfers[0, :n] + prices,
                "payoff": payoff,
            }
        )

    def collectives(
        self, round: int, unions: Sequence[Union], choice: Choice, result: Outcome, in_force: Sequence[Agreement | None]
    ) -> None:
        """The lines of `collectives` of one round, once its payments are in the funds.

        in_force : the agreement that each had in it, or None.
        alpha is of what the operator would hold if members gave it all that is theirs: a strike does not make them fewer.
        """
        setup = self.setup
        acting = setup.menu.acting[choice]
        for union, terms in zip(unions, in_force, strict=True):
            k = union.operator
            theirs = np.append(union.member, False)[setup.mover]
            if setup.arrival is not None:
                theirs &= setup.arrival <= round
            held, row = result.holdings[0, k] > 0, result.rows[0, k] > 0
            called = union.called != NO_CALL
            self.gathered.append(
                {
                    "round": round,
                    "collective": union.spec.name,
                    "operator": setup.operators[k].name,
                    "members": int(union.member.sum()),
                    "share_of_creators": float(union.member.mean()),
                    "alpha": share(setup.grid.sizes, theirs, theirs | held),
                    "alpha_trained": share(setup.grid.sizes, theirs & row, row),
                    "called": int(called.sum()),
                    "followed": int((called & (choice == union.called)).sum()),
                    "acting": int((union.member & acting).sum()),
                    "fund": union.fund,
                    "demands": union.spec.demand is not None,
                    "granted": terms is not None,
                    "rate": 0.0 if terms is None else terms.rate,
                    "wage": 0.0 if terms is None else terms.wage,
                    "promise": 0.0 if terms is None else terms.promise,
                }
            )

    def cells(self, round: int, result: Outcome, desks: Sequence[Desk]) -> None:
        """The cells that operators unveil: audit and monitor cells of rows served, monitor cells of rows looked at."""
        for k, desk in enumerate(desks):
            name, columns = self.setup.operators[k].name, desk.board.columns
            served = np.concatenate([self._audit, columns])
            one = np.ones(1, bool)
            self._unveil(round, result.rows[:1, k], result.scores[:1, k], served, name, one, result.counts[:1, k])
            board = desk.board
            for i in range(self._looked[k], len(board)):
                full = np.full(len(self.setup.grid.columns), np.nan)
                full[columns] = board.scores[i]
                self._unveil(round, board.rows[i][None], full[None], columns, name, one, board.weights[i])
            self._looked[k] = len(board)

    def weighed_cells(self, round: int, operator: int, result: Outcome, exact: np.ndarray) -> None:
        """The audit cells that creators' weighing asked for; exact : (B,) which rows were trained, and not predicted."""
        self.looked_up(round, result.rows[:, operator], result.scores[:, operator], exact, result.counts[:, operator])

    def looked_up(self, round: int, rows: Rows, scores: Floats, exact: np.ndarray, counts: Floats | None) -> None:
        """The audit cells of (B, n) rows that creators looked up; exact : (B,) which of them were trained.

        counts : (B, n) or (n,) how much each object counts, None where all count in full.
        """
        self._unveil(round, rows, scores, self._audit, CREATORS, exact, counts)

    def _unveil(
        self,
        round: int,
        rows: Rows,
        scores: Floats,
        columns: np.ndarray,
        by: str,
        exact: np.ndarray,
        counts: Floats | None,
    ) -> None:
        names = {by} if by != CREATORS else {by, *(operator.name for operator in self.setup.operators)}
        every = known_by(rows, None if self._plain else counts)
        for row, whole, values, true in zip(rows, every, scores, exact.tolist(), strict=True):
            key = hashlib.blake2b(whole, digest_size=16).digest()
            # what an operator has unveiled stays its own; what only creators asked for is told once
            if any((key, name) in self._known for name in names):
                continue
            self._known.add((key, by))
            self.unveiled.append((row, columns, values[columns], by, round, true))

    # ------------------------------------------------------------------ afterwards

    def record(self, game: LeverageGame) -> Record:
        """The record of the game so far."""
        setup = self.setup
        warnings = list(setup.warnings)
        if self.surrogates:
            warnings.append(f"Creators weighed {self.surrogates:,} joint moves by a surrogate, not by trained models.")
        cells = {name: count - self._before[name] for name, count in self._counted().items()}
        weighted = np.flatnonzero(setup.quality.weight > 0).tolist()
        predicted = [row for row, *_, exact in self.unveiled if not exact]
        for desk in game.desks:
            warnings += desk.operator.response.warnings(desk)
        warnings += game.claim.warnings()
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
            "detection": detection(setup, self.states),
            "warnings": warnings,
        }
        if self.neighbours.edges is None and setup.n_creators > LISTED:
            manifest["warnings"].append(f"Everyone sees everyone: the links of {setup.n_creators:,} creators are not listed.")
        tables = Tables(self, game.status_quo)
        return Record(manifest, dict(tables) if game.running else tables)  # a game that goes on writes on

    def _weighted(self, values: Floats) -> dict[str, float]:
        weight = self.setup.quality.weight
        return {c.name: float(values[i]) for i, c in enumerate(self.setup.grid.columns) if weight[i] > 0}

    def lines(self) -> dict[str, list[Any]]:
        """A line a round of the first operator: what Mesa's data collector holds."""
        states = self.states
        return {
            "round": list(range(len(states))),
            "row": words_of([state["row"][0] for state in states], self.setup.grid.objects),
            "quality": [float(state["quality"][0]) for state in states],
            "acting": (shares_of(self.setup, [m["choice"] for m in self.played]) @ self.setup.menu.acting).tolist(),
            "operator_payoff": [float(state["payoff"][0]) for state in states],
        }


def share(sizes: np.ndarray, part: np.ndarray, whole: np.ndarray) -> float:
    """The share of the examples of objects (n,) bool that are in a part of them; 0 of nothing."""
    return float(sizes[part].sum() / max(int(sizes[whole].sum()), 1))


@cache
def versions() -> Mapping[str, str]:
    """The versions of Python and of the libraries that a score can depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
