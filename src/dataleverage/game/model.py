"""The game: creators and operators as a Mesa model that moves over a grid, one round a step."""

from __future__ import annotations

import hashlib
from functools import cached_property, partial

import mesa
import mesa.discrete_space
import numpy as np

from dataleverage.game.agents import Creator, Operator
from dataleverage.game.asking import Ask
from dataleverage.game.calls import NO_CALL, Meeting
from dataleverage.game.collective import Union, granted
from dataleverage.game.course import Course
from dataleverage.game.desk import Desk
from dataleverage.game.ending import cycle, nothing_more
from dataleverage.game.levers import Choice
from dataleverage.game.lookup import Lookup
from dataleverage.game.membership import convene, unions_of
from dataleverage.game.recorder import Recorder
from dataleverage.game.rules import Outcome
from dataleverage.game.setup import GameSetup, Group, begin
from dataleverage.game.strategy import THIS_ROUND, Ahead, Decision, Knows, Memory, Seen
from dataleverage.game.valuation import Claims
from dataleverage.game.weigher import imagined, weighed
from dataleverage.grid.rows import Rows
from dataleverage.record.record import Record
from dataleverage.streams import Streams
from dataleverage.world.world import Floats


class LeverageGame(mesa.Model):
    """A data leverage game.

    A `mesa.Model`: creators and operators are agents in `game.agents`, `game.step()` plays a round, `game.run_model()` plays to
    the end, and `game.datacollector` holds a line a round. Nothing that matters is drawn from Mesa's generators.

    Parameters
    ----------
    setup : what is fixed for the play; `Scenario.setup()` makes one.
    seed : of this play.
    ask : whoever decides for creators whose strategy is `human`; see `dataleverage.game.asking`.

    Attributes
    ----------
    round : the round played last; 0 before anyone moved.
    course : where operators and collectives stand. choice : (N,) everyone's last move, as positions in `setup.menu.moves`.
    moving : (N,) the same while a round is being decided, with the moves of the turns so far.
    desks : of the K operators: what each holds and serves, its board and its wealth. unions : the collectives.
    scores : (K, C) of the rows served. quality, payoff : (N,) of the creators.
    status_quo, operator_status_quo : (N,) and (K,): what a round pays before anyone has moved.
    overall : (K,) quality on the weighted audit columns. operator_payoff : (K,) of the last round.
    stopped : why the game is over, or None. period : of the cycle it ended in.
    history : a digest of the state after each round, from round 0.
    asked, changed : (N,) the round in which each creator was free to move last, and the round in which anything moved last.
    """

    def __init__(self, setup: GameSetup, seed: int = 0, ask: Ask | None = None) -> None:
        streams = Streams(seed)  # checks the seed before Mesa is handed it
        super().__init__(rng=seed)
        self.setup = setup
        self.seed = seed
        self.ask = ask
        self.streams = streams
        self.round = 0
        self.stopped: str | None = None
        self.period: int | None = None
        self.neighbours = setup.network.neighbours(setup.names, self.streams["network"], setup.folder)
        self.memory: list[Memory] = [begin(g, group, setup.menu, self.streams) for g, group in enumerate(setup.groups)]
        setup.check()
        self.lookup = Lookup(setup.grid, setup.surrogate)
        self.desks = tuple(Desk(setup, k, streams, setup.grid.scores) for k in range(setup.n_operators))
        self.unions = unions_of(setup, self.neighbours, streams)
        self.course = Course(setup, self.desks, self.unions)
        for desk in self.desks:
            desk.sit_down(self.unions, partial(imagined, self))
        self._seats = {int(i): (g, at) for g, group in enumerate(setup.groups) for at, i in enumerate(group.who)}
        self._together = [(g, np.arange(len(group.who))) for g, group in enumerate(setup.groups)]
        self.creators = [Creator(self, i, setup.groups[self._seats[i][0]]) for i in range(setup.n_creators)]
        self.operators = [Operator(self, desk) for desk in self.desks]
        self.moving: Choice = setup.stay.copy()
        self.called: Choice = np.full(setup.n_creators, NO_CALL, dtype=np.int64)
        self.received: Floats = np.zeros(setup.n_creators)
        self._resting = False  # the last round was the same as the one before
        self._decisions: list[tuple[Group, np.ndarray, Decision]] = []
        self.asked = np.zeros(setup.n_creators, dtype=np.int64)
        self.changed = 0
        self._repeatable = setup.order == "simultaneous"  # chance decides nothing that a cycle could repeat by luck
        self.payoff: Floats = np.full(setup.n_creators, np.nan)
        self.operator_payoff: Floats = np.full(setup.n_operators, np.nan)
        self.recorder = Recorder(setup, self.neighbours, self.memory)
        before = self.course.begin(self.lookup.serve)
        self._see(before)
        self.recorder.cells(0, before, self.desks)
        self.history = [self._state()]
        self.status_quo = before.payoff[0]
        self.claim = Claims(setup, before.revenue[0], streams.integer("claims"))
        self.operator_status_quo: Floats = before.operator_payoff[0] + before.costs[0]
        nothing = np.full(setup.n_operators, np.nan)
        self.recorder.state(before, nothing, nothing, nothing, np.array([nothing, nothing]))
        self.recorder.collectives(0, self.unions, self.choice, before, [None] * len(self.unions))

    @property
    def datacollector(self) -> mesa.DataCollector:
        """A line a round of the first operator, as Mesa's pages and frames read it; made from what is written down anyway."""
        lines = self.recorder.lines()
        collector = mesa.DataCollector(model_reporters=dict.fromkeys(lines, ""))
        collector.model_vars = lines
        return collector

    @property
    def choice(self) -> Choice:
        """(N,) everyone's last move, as positions in `setup.menu.moves`."""
        return self.course.choice

    # ------------------------------------------------------------------ a round

    def step(self) -> None:
        """Play one round. After the game is over this does nothing."""
        if not self.running:
            return
        self.round += 1
        self.course.into(self.round)
        self._call()
        if self._rests():
            self.asked[self.asked == self.round - 1] = self.round
        else:
            self._decisions = self._choose()
        turn = self.course.advance(self.moving, self.lookup.serve)
        self.payoff, self.received, self.operator_payoff = turn.payoff, turn.received, turn.earned
        self._see(turn.result)
        self.recorder.round(self.round, turn, self.choice, self._decisions, self.course, self.called)
        self._resting = turn.again
        self._stop(turn.again)

    def _rests(self) -> bool:
        """Whether everyone sees what it saw when it decided last, and would decide the same."""
        return (
            self._resting
            and self.setup.order == "simultaneous"
            and all(group.strategy.steady(self.round - 1) for group in self.setup.groups)
        )

    def _see(self, result: Outcome) -> None:
        """What a round came to, for everyone to see."""
        self.scores, self.overall, self.quality = result.scores[0], result.overall[0], result.quality[0]

    # ------------------------------------------------------------------ decisions

    def _call(self) -> None:
        """Let every collective call; who is a member of several hears the first that calls."""
        if not self.unions:
            return
        self.called = np.full(self.setup.n_creators, NO_CALL, dtype=np.int64)
        for union in self.unions:
            convene(self.setup, self.course.state(), union, self.meeting(union), self.choice, self._looked_up)
            self.called = np.where(self.called == NO_CALL, union.called, self.called)

    def _looked_up(self, k: int, rows: Rows, weights: Floats | None) -> Floats:
        """What creators that decide whether to join find when they look rows up."""
        scores = self.lookup.scores(k, rows, weights)
        self.recorder.looked_up(self.round, rows, scores, self.lookup.exact(rows), weights)
        return scores

    def meeting(self, union: Union) -> Meeting:
        """What a collective goes by when it calls."""
        return Meeting(
            round=self.round,
            members=np.flatnonzero(union.member),
            menu=self.setup.menu.at(union.operator),
            move=self.choice,
            quality=float(self.overall[union.operator]),
            payoff=self.payoff,
            fund=union.fund,
            agreement=union.agreement,
            memory=union.memory,
            streams=self.streams,
            name=union.spec.name,
        )

    def _choose(self) -> list[tuple[Group, np.ndarray, Decision]]:
        """Everyone's moves of this round, in `moving`: who decides in one turn sees the moves of the turns before it."""
        decisions = []
        for turn in self._turns():
            choice = self.moving.copy()
            for g, inside in turn:
                group = self.setup.groups[g]
                who = group.who[inside]
                decision = self._decide(g, group, inside, who)
                choice[who] = decision.choice
                free = np.ones(len(who), bool) if decision.worth is None else np.isfinite(decision.worth).any(axis=1)
                self.asked[who[free]] = self.round
                decisions.append((group, who, decision))
            self.moving = choice
        return decisions

    def _turns(self) -> list[list[tuple[int, np.ndarray]]]:
        """One turn for all, or one for each creator in a drawn order; each as (group, positions within the group)."""
        if self.setup.order == "simultaneous":
            return [self._together]
        order = self.streams.at("order", self.round).permutation(self.setup.n_creators)
        return [[(g, np.array([at]))] for g, at in (self._seats[int(i)] for i in order)]

    def _decide(self, g: int, group: Group, inside: np.ndarray, who: np.ndarray) -> Decision:
        """Ask a strategy for the moves of some creators of its group, and check its answer."""
        seen = Seen(
            round=self.round,
            who=who,
            move=self.moving,
            menu=self.setup.menu.at(group.home),
            neighbours=self.neighbours,
            quality=self.quality,
            payoff=self.payoff,
            received=self.received,
            called=self.called,
            granted=granted(self.unions, self.setup.n_creators),
            kept=self.course.kept,
            streams=self.streams,
            worth_of=self.weigh,
            claim=self.claim,
            names=self.setup.names,
            ask=self.ask,
        )
        mine = self.memory[g] if len(inside) == len(group.who) else {name: v[inside] for name, v in self.memory[g].items()}
        decision = group.strategy.decide(seen, mine)
        decision.check(seen, mine, f"the strategy {group.strategy.tag} of {group.name}")
        if decision.memory is not mine:
            for name, values in decision.memory.items():
                self.memory[g][name][inside] = values
        return decision

    def weigh(self, who: np.ndarray, moves: Choice, knows: Knows = "grid", ahead: Ahead = THIS_ROUND) -> Floats:
        """(m, A) the payoff of each move (A,) to each creator of `who` (m,), if only it moved so: see `weighed`."""
        return weighed(self, who, moves, knows, ahead)

    # ------------------------------------------------------------------ beginning and end

    def _stop(self, again: bool) -> None:
        """End the game where a rule says so. again : the round was the same as the one before."""
        self.history.append(self.history[-1] if again else self._state())
        if self.history[-1] != self.history[-2]:
            self.changed = self.round
        stop, history = self.setup.stop, self.history
        if stop.cycle:
            self._repeatable &= bool((self.asked == self.round).all())
        settled = (stop.fixed_point or stop.cycle) and nothing_more(
            self.setup, self.round, self.memory, self.desks, [self.meeting(union) for union in self.unions]
        )
        if stop.budget_gone and any(desk.wealth < 0 for desk in self.desks):
            self.stopped = "budget gone"
        elif stop.demand_won and any(union.won is not None for union in self.unions):
            self.stopped = "demand won"
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
        """Whether nothing moved for so many rounds in which everyone had the chance to, and every operator to train."""
        rounds = max(rounds, *(operator.retrain.every for operator in self.setup.operators))
        return self.round - self.changed >= rounds and bool((self.asked > self.changed).all())

    def _state(self) -> bytes:
        """A digest of what the next round goes by: who did what, what operators hold, serve, take and have granted."""
        digest = hashlib.blake2b(digest_size=32)
        for part in (self.choice, self.called, self.course.banned):
            digest.update(part.tobytes())
        for desk in self.desks:
            digest.update(desk.holdings.tobytes() + desk.row.tobytes())
        digest.update(repr([(union.agreement, union.member.tobytes()) for union in self.unions]).encode())
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
