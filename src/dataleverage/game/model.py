"""The game: creators and operators as a Mesa model that moves over a grid, one round a step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property

import mesa
import mesa.discrete_space
import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.agents import Creator, Operator
from dataleverage.game.board import Board
from dataleverage.game.levers import Choice
from dataleverage.game.lookup import Lookup
from dataleverage.game.recorder import Recorder
from dataleverage.game.rules import Outcome, alternatives, outcome, served
from dataleverage.game.setup import GameSetup, Group, begin
from dataleverage.game.strategy import Decision, Knows, Memory, Seen
from dataleverage.grid.rows import Rows
from dataleverage.grid.surrogate import Additive, NeighbourMean, Surrogate
from dataleverage.record.record import Record
from dataleverage.streams import Streams
from dataleverage.world.world import Floats

TOGETHER = 2**22  # moves, or states of objects, that are weighed together: some arrays of 32 MB each
LONGEST_CYCLE = 50  # rounds; longer repeats are not looked for


class LeverageGame(mesa.Model):
    """A data leverage game.

    A `mesa.Model`: creators and operators are agents in `game.agents`, `game.step()` plays a round, `game.run_model()` plays to
    the end, and `game.datacollector` holds a line a round. Nothing that matters is drawn from Mesa's generators.

    Parameters
    ----------
    setup : what is fixed for the play; `Scenario.setup()` makes one.
    seed : of this play.

    Attributes
    ----------
    round : the round played last; 0 before anyone moved.
    choice : (N,) everyone's last move, as positions in `setup.menu.moves`.
    holdings, row : (n,) uint8 what the operator holds, and the row that it serves.
    scores : (C,) of the served row. quality, payoff : (N,) of the creators.
    status_quo, operator_status_quo : (N,) and one number: what a round pays before anyone has moved.
    overall : quality on the weighted audit columns. wealth, operator_payoff : of the operator.
    stopped : why the game is over, or None. period : of the cycle it ended in.
    history : a digest of the state after each round, from round 0.
    asked, changed : (N,) the round in which each creator was free to move last, and the round in which anything moved last.
    """

    def __init__(self, setup: GameSetup, seed: int = 0) -> None:
        streams = Streams(seed)  # checks the seed before Mesa is handed it
        super().__init__(rng=seed)
        self.setup = setup
        self.seed = seed
        self.streams = streams
        self.round = 0
        self.stopped: str | None = None
        self.period: int | None = None
        n = setup.grid.n_objects
        self.board = Board(setup.looks_at(setup.operators[0]), n)
        self.neighbours = setup.network.neighbours(setup.names, self.streams["network"], setup.folder)
        self.memory: list[Memory] = [begin(g, group, setup.menu, self.streams) for g, group in enumerate(setup.groups)]
        setup.check_weighing()
        self._seats = {int(i): (g, at) for g, group in enumerate(setup.groups) for at, i in enumerate(group.who)}
        self.creators = [Creator(self, i, setup.groups[self._seats[i][0]]) for i in range(setup.n_creators)]
        self.operators = [Operator(self, operator) for operator in setup.operators]
        self.published: dict[bytes, tuple[Rows, Floats]] = {}
        self.choice: Choice = np.zeros(setup.n_creators, dtype=np.int64)
        self.asked = np.zeros(setup.n_creators, dtype=np.int64)
        self.changed = 0
        self._repeatable = setup.order == "simultaneous"  # chance decides nothing that a cycle could repeat by luck
        self.payoff: Floats = np.full(setup.n_creators, np.nan)
        self.operator_payoff = float("nan")
        self.wealth = 0.0
        self.recorder = Recorder(setup, self.neighbours, self.memory)
        self.lookup = Lookup(setup.grid, setup.surrogate)
        before = served(setup, np.ones((1, n), dtype=np.uint8), None, self.lookup.serve)
        self._take(before)
        self.history = [self._state()]
        self.status_quo = before.payoff[0]
        self.operator_status_quo = setup.payoffs.endowment.operator + float(before.revenue[0] - before.paid_out[0])
        self.recorder.state(0, before, trained=True, costs=float("nan"), payoff=float("nan"))
        self.recorder.cells(0, before, self.board)
        self.board.look(before.rows[0], before.scores[0])
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "round": "round",
                "row": lambda game: game.operators[0].row,
                "quality": "overall",
                "acting": lambda game: float((game.choice != 0).mean()),
                "operator_payoff": "operator_payoff",
            }
        )
        self.datacollector.collect(self)

    # ------------------------------------------------------------------ a round

    def step(self) -> None:
        """Play one round. After the game is over this does nothing."""
        if not self.running:
            return
        self.round += 1
        decisions = self._choose()
        result = outcome(self.setup, self.holdings, self.choice[None, :], self.lookup.serve)
        trained = not np.array_equal(result.rows[0], self.row)
        operator = self.setup.operators[0]
        examples = int(self.setup.grid.sizes[result.rows[0] > 0].sum())
        self.recorder.cells(self.round, result, self.board)
        new_cells = self.board.look(result.rows[0], result.scores[0])
        costs = trained * self.setup.payoffs.train_cost * examples + operator.unveil_cost * new_cells
        gain = self.setup.payoffs.endowment.operator + float(result.revenue[0]) - float(result.paid_out[0]) - costs
        self._take(result)
        self.payoff = result.payoff[0]
        self.operator_payoff = gain
        self.wealth += gain
        self.recorder.state(self.round, result, trained=trained, costs=costs, payoff=gain)
        self.recorder.moves(self.round, self.choice, result, decisions)
        self.datacollector.collect(self)
        self._stop()

    def _take(self, result: Outcome) -> None:
        """Make an outcome of one joint move the state of the game."""
        self.holdings, self.row, self.scores = result.holdings[0], result.rows[0], result.scores[0]
        self.overall, self.quality = float(result.overall[0]), result.quality[0]
        self.published.setdefault(self.row.tobytes(), (self.row, self.scores))

    def _choose(self) -> list[tuple[Group, np.ndarray, Decision]]:
        """Everyone's moves of this round: who decides in one turn sees the moves of the turns before it."""
        decisions = []
        for turn in self._turns():
            choice = self.choice.copy()
            for g, inside in turn:
                group = self.setup.groups[g]
                who = group.who[inside]
                decision = self._decide(g, group, inside, who)
                choice[who] = decision.choice
                free = np.ones(len(who), bool) if decision.worth is None else np.isfinite(decision.worth).any(axis=1)
                self.asked[who[free]] = self.round
                decisions.append((group, who, decision))
            self.choice = choice
        return decisions

    def _turns(self) -> list[list[tuple[int, np.ndarray]]]:
        """One turn for all, or one for each creator in a drawn order; each as (group, positions within the group)."""
        if self.setup.order == "simultaneous":
            return [[(g, np.arange(len(group.who))) for g, group in enumerate(self.setup.groups)]]
        order = self.streams.at("order", self.round).permutation(self.setup.n_creators)
        return [[(g, np.array([at]))] for g, at in (self._seats[int(i)] for i in order)]

    def _decide(self, g: int, group: Group, inside: np.ndarray, who: np.ndarray) -> Decision:
        """Ask a strategy for the moves of some creators of its group, and check its answer."""
        seen = Seen(
            round=self.round,
            who=who,
            move=self.choice,
            menu=self.setup.menu,
            neighbours=self.neighbours,
            quality=self.quality,
            payoff=self.payoff,
            streams=self.streams,
            worth_of=self.weigh,
        )
        decision = group.strategy.decide(seen, {name: values[inside] for name, values in self.memory[g].items()})
        choice = np.asarray(decision.choice)
        if (
            choice.shape != who.shape
            or choice.dtype.kind not in "iu"
            or not (0 <= choice.min() <= choice.max() < len(seen.menu))
        ):
            raise GameError(
                f"the strategy {group.strategy.tag} of {group.name} answered round {self.round} with {choice!r}; expected "
                f"{len(who)} positions in a menu of {len(seen.menu)} moves"
            )
        for name, values in decision.memory.items():
            self.memory[g][name][inside] = values
        return decision

    def weigh(self, who: np.ndarray, moves: Choice, knows: Knows = "grid") -> Floats:
        """(m, A) the payoff of each move (A,) to each creator of `who` (m,), if only it moved so this round.

        knows : "grid" scores rows truly (and unveils them), or by the scenario's surrogate where it has one; "board" goes by
            the operator's monitor cells and "belief" by the audit scores published so far, both with surrogates of their own.
        """
        score = self.lookup.scores if knows == "grid" else self._surrogate(knows).predict
        step = max(1, TOGETHER // (len(moves) * max(self.setup.n_creators, self.setup.grid.n_objects)))
        parts = [who[start : start + step] for start in range(0, max(len(who), 1), step)]
        return np.concatenate([self._weigh(part, moves, knows, score) for part in parts])

    def _weigh(self, who: np.ndarray, moves: Choice, knows: Knows, score: Callable[[Rows], Floats]) -> Floats:
        """The same for as many creators as fit in memory together."""
        joint = alternatives(self.choice, who, moves)
        result = outcome(self.setup, self.holdings, joint, score)
        if knows == "grid":
            self.recorder.weighed_cells(self.round, result, self.lookup.exact(result.rows))
        else:
            self.recorder.surrogates += len(joint)
        each: Floats = result.payoff[np.arange(len(joint)), np.repeat(who, len(moves))]
        return each.reshape(len(who), len(moves))

    def _surrogate(self, knows: Knows) -> Surrogate:
        """What is believed of rows by who does not know the grid."""
        columns = self.setup.grid.columns
        if knows == "belief":
            rows, scores = zip(*self.published.values(), strict=True)
            return Additive(np.array(rows), np.array(scores), self.setup.grid.n_present)
        rows_seen, monitor = self.board.table()
        as_audit = np.full((len(rows_seen), len(columns)), np.nan)
        twins = self.setup.twins(self.board.columns)
        monitored = twins >= 0
        quality, looked = self.setup.quality, self.board.columns[twins[monitored]]
        # a monitor score is as good as it is beside the monitor score of the full row: nothing of the audit part is told
        as_audit[:, monitored] = quality.full[monitored] + monitor[:, twins[monitored]] - quality.full[looked]
        # what is not monitored is taken to be as good as the first weighted column that is
        known = np.flatnonzero((quality.weight > 0) & monitored)[:1]
        as_good = quality.full + quality.scale * (quality.of(as_audit)[:, known] - 1)
        return NeighbourMean(rows_seen, np.where(monitored, as_audit, as_good))

    # ------------------------------------------------------------------ beginning and end

    def _stop(self) -> None:
        """End the game where a rule says so."""
        self.history.append(self._state())
        if self.history[-1] != self.history[-2]:
            self.changed = self.round
        self._repeatable &= bool((self.asked == self.round).all())
        stop, history = self.setup.stop, self.history
        settled = all(group.strategy.settled(self.round) for group in self.setup.groups)
        if stop.budget_gone and self.wealth < 0:
            self.stopped = "budget gone"
        elif stop.fixed_point and settled and self._stands(stop.fixed_point):
            self.stopped = "fixed point"
        elif stop.cycle and settled and self._repeatable and (period := cycle(history, stop.cycle)):
            self.stopped, self.period = "cycle", period
        elif self.round >= self.setup.rounds:
            self.stopped = "rounds"
        if self.stopped:
            self.running = False
            self.close()

    def _stands(self, rounds: int) -> bool:
        """Whether nothing moved for so many rounds in which everyone had the chance to."""
        return self.round - self.changed >= rounds and bool((self.asked > self.changed).all())

    def _state(self) -> bytes:
        """A digest of what the next round goes by: who did what, what the operator holds and the row it serves."""
        digest = hashlib.blake2b(digest_size=32)
        for part in (self.choice, self.holdings, self.row):
            digest.update(part.tobytes())
        return digest.digest()

    def close(self) -> None:
        """Let the game be freed. Called when it ends; call it for a game that is left before that.

        Mesa 3.3 keeps every model alive through its agents' number counter.
        """
        counters = getattr(mesa.Agent, "_ids", None)
        if counters is not None:
            counters.pop(self, None)

    def play(self) -> Record:
        """Play to the end and return the record."""
        try:
            while self.running:
                self.step()
        finally:
            self.close()
        return self.record()

    def record(self) -> Record:
        """The record of what was played so far."""
        return self.recorder.record(self)

    @cached_property
    def space(self) -> mesa.discrete_space.Network:
        """The creators on Mesa's own network, for pages and models that want one; made when first asked for."""
        space = mesa.discrete_space.Network(self.neighbours.graph(), random=self.random)
        for creator in self.creators:
            creator.cell = space[creator.position]
        return space


def cycle(history: list[bytes], repeats: int) -> int | None:
    """The period, from 2, after which the last states have repeated so many times, or None."""
    for period in range(2, min(LONGEST_CYCLE, len(history) // (repeats + 1)) + 1):
        tail = history[-period * (repeats + 1) :]
        if len(set(tail[:period])) > 1 and all(state == tail[i % period] for i, state in enumerate(tail)):
            return period
    return None
