"""The game: creators and operators as a Mesa model that moves over a grid, one round a step."""

from __future__ import annotations

import hashlib
from functools import cached_property, partial

import mesa
import mesa.discrete_space
import numpy as np

from dataleverage.game.agents import Creator, Operator
from dataleverage.game.answers import checked_answer
from dataleverage.game.asking import Ask
from dataleverage.game.calls import NO_CALL, Meeting
from dataleverage.game.collective import Union, granted
from dataleverage.game.desk import Desk
from dataleverage.game.ending import cycle, nothing_more
from dataleverage.game.ledger import Payment
from dataleverage.game.levers import Choice
from dataleverage.game.lookup import Lookup
from dataleverage.game.membership import convene, unions_of
from dataleverage.game.policy import Answer
from dataleverage.game.purchase import buy, priced
from dataleverage.game.recorder import Recorder
from dataleverage.game.rules import Outcome, State, at_first, remembered, served
from dataleverage.game.setup import GameSetup, Group, begin
from dataleverage.game.strategy import Decision, Knows, Memory, Seen
from dataleverage.game.valuation import Claims
from dataleverage.game.weigher import imagined, weighed
from dataleverage.grid.rows import Rows
from dataleverage.record.record import Record
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints


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
    choice : (N,) everyone's last move, as positions in `setup.menu.moves`.
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
        for desk in self.desks:
            desk.sit_down(self.unions, partial(imagined, self))
        self._seats = {int(i): (g, at) for g, group in enumerate(setup.groups) for at, i in enumerate(group.who)}
        self._together = [(g, np.arange(len(group.who))) for g, group in enumerate(setup.groups)]
        self.creators = [Creator(self, i, setup.groups[self._seats[i][0]]) for i in range(setup.n_creators)]
        self.operators = [Operator(self, desk) for desk in self.desks]
        self.published: dict[bytes, tuple[Rows, Floats]] = {}
        self.choice: Choice = setup.stay.copy()
        self.called: Choice = np.full(setup.n_creators, NO_CALL, dtype=np.int64)
        self.received: Floats = np.zeros(setup.n_creators)
        self.kept = np.ones(setup.n_creators, dtype=bool)
        self._chosen, self._unmoved = self.choice, False
        self.banned: Ints = np.zeros((setup.n_operators, setup.n_creators), dtype=np.int64)
        self.bought = setup.free
        self.asked = np.zeros(setup.n_creators, dtype=np.int64)
        self.changed = 0
        self._repeatable = setup.order == "simultaneous"  # chance decides nothing that a cycle could repeat by luck
        self.payoff: Floats = np.full(setup.n_creators, np.nan)
        self.operator_payoff: Floats = np.full(setup.n_operators, np.nan)
        self.recorder = Recorder(setup, self.neighbours, self.memory)
        before = served(setup, self.state(), at_first(setup), None, self.lookup.serve)
        self.recorder.cells(0, before, self.desks)
        self._take(before)
        for desk in self.desks:
            desk.board.look(desk.row, desk.scores)
        self.history = [self._state()]
        self.status_quo = before.payoff[0]
        self.claim = Claims(setup, before.revenue[0], streams.integer("claims"))
        self.operator_status_quo: Floats = before.operator_payoff[0] + before.costs[0]
        nothing = np.full(setup.n_operators, np.nan)
        self.recorder.state(0, before, costs=nothing, payoff=nothing)
        self.recorder.collectives(0, self.unions, self.choice, before)

    @property
    def datacollector(self) -> mesa.DataCollector:
        """A line a round of the first operator, as Mesa's pages and frames read it; made from what is written down anyway."""
        lines = self.recorder.lines()
        collector = mesa.DataCollector(model_reporters=dict.fromkeys(lines, ""))
        collector.model_vars = lines
        return collector

    def state(self, round: int | None = None) -> State:
        """Where the game stands in the round that is being played, or another, besides what creators choose in it."""
        setup, at = self.setup, self.round if round is None else round
        here = setup.arrival is None or bool((setup.arrival <= at).all())
        return State(
            round=at,
            desks=self.desks,
            unions=self.unions,
            arrived=None if here or setup.arrival is None else setup.arrival <= at,
            bought=self.bought,
            banned=self.banned >= max(at, 1) if self.banned.any() else None,
            weights=setup.weights(at),
        )

    # ------------------------------------------------------------------ a round

    def step(self) -> None:
        """Play one round. After the game is over this does nothing."""
        if not self.running:
            return
        self.round += 1
        for desk in self.desks:
            desk.round, desk.looked = self.round, 0
        self._call()
        decisions = self._choose()
        self.bought, prices = buy(self.setup, self.desks, self.bought, self.choice, self.round)
        again = self._unmoved and bool((self.choice == self._chosen).all())
        if again:
            self._repeat(decisions)
        else:
            self._play(decisions, prices)
        self._stop(again)

    def _repeat(self, decisions: list[tuple[Group, np.ndarray, Decision]]) -> None:
        """A round that is the same as the one before: nobody moved, and nothing but moves decides."""
        result = self._result
        self._book(result, decisions, result.costs[0], result.operator_payoff[0], 0.0, 0.0)

    def _play(self, decisions: list[tuple[Group, np.ndarray, Decision]], prices: list[Payment]) -> None:
        """What this round's moves lead to."""
        for desk in self.desks:
            desk.paying = True
        result = remembered(self.setup, self.state(), self.choice[None, :], self.lookup.serve)
        for desk in self.desks:
            desk.paying, desk.choice = False, self.choice
        answers = [
            checked_answer(desk, desk.operator.response.answer(desk, books))
            for desk, books in zip(self.desks, result.books, strict=True)
        ]
        self.recorder.cells(self.round, result, self.desks)
        new = [
            desk.board.look(row, scores) for desk, row, scores in zip(self.desks, result.rows[0], result.scores[0], strict=True)
        ]
        unveiling = np.array(
            [desk.operator.unveil_cost * (cells + desk.looked) for desk, cells in zip(self.desks, new, strict=True)]
        )
        paid_creators, paid_operators = priced(prices, self.setup) if prices else (0.0, 0.0)
        self._take(result)
        self.payoff = result.payoff[0] + paid_creators
        self.received = result.received[0, : self.setup.n_creators] + paid_creators
        costs, payoff = result.costs[0] + unveiling, result.operator_payoff[0] - unveiling + paid_operators
        self._book(result, decisions, costs, payoff, paid_creators, paid_operators)
        self.recorder.payments(self.round, prices)
        self._settle(result, answers)

    def _book(
        self,
        result: Outcome,
        decisions: list[tuple[Group, np.ndarray, Decision]],
        costs: Floats,
        payoff: Floats,
        paid_creators: Floats | float,
        paid_operators: Floats | float,
    ) -> None:
        """Write a round down. costs, payoff : (K,). paid : for objects, (N,) to creators and (K,) by operators, negative."""
        self.operator_payoff = payoff
        for k, desk in enumerate(self.desks):
            desk.wealth += float(payoff[k])
        self.recorder.state(self.round, result, costs=costs, payoff=payoff, prices=paid_operators)
        if self.unions:
            self.recorder.collectives(self.round, self.unions, self.choice, result)
        self.recorder.moves(self.round, self.choice, result, decisions, self.payoff, paid_creators)
        self.recorder.payments(self.round, result.payments)

    def _take(self, result: Outcome) -> None:
        """Make an outcome of one joint move the state of the game."""
        self.scores, self.overall, self.quality = result.scores[0], result.overall[0], result.quality[0]
        # the same moves lead to the same again, where nothing but moves, holdings and rows decides
        self._chosen, self._result = self.choice, result
        self._unmoved = self.setup.timeless and not (
            any(
                (result.holdings[0, k] != desk.holdings).any() or (result.rows[0, k] != desk.row).any()
                for k, desk in enumerate(self.desks)
            )
        )
        for k, desk in enumerate(self.desks):
            desk.holdings, desk.users = result.holdings[0, k], float(result.users[0, k])
            moved = not desk.served or not np.array_equal(result.rows[0, k], desk.row)
            desk.row, desk.scores = result.rows[0, k], result.scores[0, k]
            if moved or self.setup.freshness is not None:
                desk.served.append((desk.row, desk.scores))
            self.published.setdefault(desk.row.tobytes(), (desk.row, desk.scores))

    def _settle(self, result: Outcome, answers: list[Answer | None]) -> None:
        """What collectives and operators carry over into the next round."""
        first = self.setup.n_creators + self.setup.n_operators
        self.kept = np.ones(self.setup.n_creators, dtype=bool)
        for union in self.unions:
            union.fund = max(0.0, union.fund + float(result.transfers[0, first + union.position]))  # but for rounding
        for k, (desk, answer) in enumerate(zip(self.desks, answers, strict=True)):
            if answer is None:
                continue
            desk.memory = answer.memory
            for union in self.unions:
                if union.operator == k and union.position in answer.breaks:
                    union.agreement = None
                    self.kept[union.member] = False
            for agreement in answer.grants:
                union = self.unions[agreement.collective]
                union.agreement = agreement
                union.won = self.round if union.won is None else union.won
            if answer.bans is not None:
                self.banned[k] = answer.bans

    # ------------------------------------------------------------------ decisions

    def _call(self) -> None:
        """Let every collective call; who is a member of several hears the first that calls."""
        if not self.unions:
            return
        self.called = np.full(self.setup.n_creators, NO_CALL, dtype=np.int64)
        for union in self.unions:
            convene(self.setup, self.state(), union, self.meeting(union), self.choice, self._looked_up)
            self.called = np.where(self.called == NO_CALL, union.called, self.called)

    def _looked_up(self, k: int, rows: Rows, weights: Floats | None) -> Floats:
        """What creators that decide whether to join find when they look rows up."""
        scores = self.lookup.scores(k, rows, weights)
        self.recorder.looked_up(self.round, rows, scores, self.lookup.exact(rows))
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
            return [self._together]
        order = self.streams.at("order", self.round).permutation(self.setup.n_creators)
        return [[(g, np.array([at]))] for g, at in (self._seats[int(i)] for i in order)]

    def _decide(self, g: int, group: Group, inside: np.ndarray, who: np.ndarray) -> Decision:
        """Ask a strategy for the moves of some creators of its group, and check its answer."""
        seen = Seen(
            round=self.round,
            who=who,
            move=self.choice,
            menu=self.setup.menu.at(group.home),
            neighbours=self.neighbours,
            quality=self.quality,
            payoff=self.payoff,
            received=self.received,
            called=self.called,
            granted=granted(self.unions, self.setup.n_creators),
            kept=self.kept,
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

    def weigh(self, who: np.ndarray, moves: Choice, knows: Knows = "grid") -> Floats:
        """(m, A) the payoff of each move (A,) to each creator of `who` (m,), if only it moved so this round: see `weighed`."""
        return weighed(self, who, moves, knows)

    # ------------------------------------------------------------------ beginning and end

    def _stop(self, again: bool) -> None:
        """End the game where a rule says so. again : the round was the same as the one before."""
        self.history.append(self.history[-1] if again else self._state())
        if self.history[-1] != self.history[-2]:
            self.changed = self.round
        self._repeatable &= bool((self.asked == self.round).all())
        stop, history = self.setup.stop, self.history
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
        for part in (self.choice, self.called, self.banned):
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
