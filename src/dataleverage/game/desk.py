"""The desk: what one operator's policies can look at."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.board import Board
from dataleverage.game.monitor import OwnMonitor, TrustedMonitor
from dataleverage.game.policy import TOGETHER, Look, Remembered
from dataleverage.grid.rows import Rows, distinct
from dataleverage.grid.surrogate import Additive, NeighbourMean, Surrogate
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints, World

if TYPE_CHECKING:
    from dataleverage.game.collective import Union
    from dataleverage.game.levers import Choice
    from dataleverage.game.rules import Outcome
    from dataleverage.game.setup import GameSetup

Score = Callable[[Rows, "Floats | None"], Floats]


class Desk:
    """One operator's, in one play. Policies read it, and write nowhere but in what they return.

    Attributes
    ----------
    setup, position : the game's setup, and which of its operators this is.
    round : the round being played.
    holdings, row : (n,) uint8: what it held after the last round, and the row that it serves.
    scores : (C,) of the model that it serves, as released. counts : (n,) how much each object counted when it was trained.
    ages : (n,) how much each object counts in this round by its age, None where data does not age.
    board : the monitor cells that it has unveiled. memory : what its policies carry from round to round.
    wealth : its payoffs so far. users : its share of the users in the last round.
    served : the rows (n,) that it has served so far with their scores (C,), the last one last; counted : (n,) of each of them.
    unions : the collectives that deal with it.
    choice : (N,) everyone's last move. play : (B, N) joint moves -> what each would have led to in this round.
    """

    def __init__(self, setup: GameSetup, position: int, streams: Streams, score: Score) -> None:
        self.setup, self.position = setup, position
        self.operator = setup.operators[position]
        self.name = self.operator.name
        n = setup.grid.n_objects
        self.board = Board(setup.looks_at(position), n)
        self.round = 0
        self.holdings: Rows = np.zeros(n, dtype=np.uint8)
        self.row: Rows = np.zeros(n, dtype=np.uint8)
        self.scores: Floats = np.full(len(setup.grid.columns), np.nan)
        self.counts: Floats = np.ones(n)
        self.memory: Remembered = {}
        self.wealth = 0.0
        self.users = 1.0
        self.served: list[tuple[Rows, Floats]] = []
        self.counted: list[Floats] = []
        self.unions: tuple[Union, ...] = ()
        self.choice: Choice = setup.stay
        self.play: Callable[[Choice], Outcome] = nowhere
        self.looked = 0  # monitor cells unveiled this round by looking, beyond those of the row served
        self.counting: Floats | None = None  # (B, n) how much each object counts in the models that were just trained
        self.paying = False  # whether looking is done in earnest, and not while somebody only weighs a move
        self._streams, self._score = streams, score
        self.monitor = (OwnMonitor if self.operator.monitor == "own" else TrustedMonitor)(setup, self.board.columns)
        if len(setup.known_rows[position]):
            self.know(setup.known_rows[position])

    def copied(self, round: int | None = None) -> Desk:
        """The same in this round or a later one, to try things at: nothing is paid for, and nothing comes back."""
        other = copy.copy(self)
        other.round, other.looked, other.paying = self.round if round is None else round, 0, False
        other.memory, other.board = copy.deepcopy(self.memory), self.board.copied()
        other.served, other.counted = list(self.served), list(self.counted)
        return other

    def sit_down(self, unions: Iterable[Union], play: Callable[[Choice], Outcome]) -> None:
        """Take its place in a game: with the collectives that deal with it, and a way to play moves that were not made."""
        self.unions = tuple(union for union in unions if union.operator == self.position)
        self.play = play

    # ------------------------------------------------------------------ what there is

    @property
    def world(self) -> World | None:
        """The examples, where there are any and not just cells."""
        return self.setup.grid.world

    @property
    def sizes(self) -> Ints:
        """(n,) training examples in each object."""
        return self.setup.grid.sizes

    @property
    def ages(self) -> Floats | None:
        """(n,) how much each object counts in this round by its age; None where data does not age."""
        return self.setup.weights(self.round)

    @property
    def sees(self) -> bool:
        """Whether it looks at any monitor column that quality can be read from."""
        return len(self.monitor.columns) > 0

    def draw(self, what: str, round: int | None = None) -> np.random.Generator:
        """A generator for this operator and round, or another that is named, the same in every line of a batch."""
        return self._streams.at(f"operators/{self.position}/{what}", self.round if round is None else round)

    # ------------------------------------------------------------------ what it costs to know

    def quality(self, scores: Floats) -> Floats:
        """(…, C) scores -> (…,): the quality that its monitor columns show of what it held last, NaN where none."""
        if not self.sees:
            return np.full(scores.shape[:-1], np.nan)
        return self.monitor.shows(scores, self.holdings)

    def look(self, rows: Rows) -> Floats:
        """(R, n) rows -> (R,) their monitor quality, from models trained on them with the data as old as it is.

        In a round that is played every row that was not on the board is unveiled and paid for; while moves are only weighed
        nothing is booked.
        """
        return self._see(rows, self.operator.defence.publish(self, self._score(rows, self.ages)), self.ages)

    def know(self, rows: Rows) -> None:
        """Put the monitor cells of (R, n) rows on the board, given and not paid for."""
        ages = self.ages
        for row, values in zip(rows, self.operator.defence.publish(self, self._score(rows, ages)), strict=True):
            self.board.learn(row, values, ages)

    def see(self, rows: Rows, scores: Floats) -> Floats:
        """The same of models that are there already: (R, n) rows and (R, C) their scores, as released."""
        return self._see(rows, scores, self.ages if self.counting is None else self.counting)

    def _see(self, rows: Rows, scores: Floats, counts: Floats | None) -> Floats:
        """counts : (R, n) or (n,) how much each object counts in these models, None where all count in full."""
        if self.paying:
            every = [None] * len(rows) if counts is None else np.broadcast_to(counts, rows.shape)
            for row, values, each in zip(rows, scores, every, strict=True):
                self.looked += self.board.learn(row, values, each)
        return self.quality(scores)

    def expect(self, rows: Rows, how: Look) -> Floats:
        """(R, n) rows -> (R,) their monitor quality, predicted or looked at; the same row is asked for once."""
        asked, which = distinct(np.ascontiguousarray(rows))
        found = self.look(asked) if how == "unveil" else self.believe(asked)[0]
        return np.asarray(found[which])

    def believe(self, rows: Rows) -> tuple[Floats, Floats]:
        """(R, n) rows -> (R,) the monitor quality that it expects of them, and (R,) the standard error of that; free.

        What is on the board is known exactly; the rest is predicted by the surrogate of its board (the mean of the nearest
        known rows, or an additive model). NaN and infinite with an empty board. Where data ages, a row is on the board as it
        was when it was looked at: it is known exactly in that round, and predicted from how it was seen last afterwards.
        """
        if not len(self.board) or not self.sees:
            return np.full(len(rows), np.nan), np.full(len(rows), np.inf)
        known, scores = self.board.table()
        shown = self.shown(scores)[:, None]
        kind: Surrogate = (
            NeighbourMean(known, shown)
            if self.operator.belief == "neighbour_mean"
            else Additive(known, shown, self.setup.grid.n_present)
        )
        expected, error = kind.predict(rows)[:, 0], kind.errors(rows)[:, 0]
        ages = self.ages
        for r, row in enumerate(np.ascontiguousarray(rows)):
            if (seen := self.board.finds(row, ages)) is not None:
                expected[r], error[r] = self.shown(seen), 0.0
        return expected, error

    def shown(self, scores: Floats) -> Floats:
        """(…, M) scores of the monitor columns on its board -> (…,) the monitor quality that they show."""
        wide = np.full((*scores.shape[:-1], len(self.setup.grid.columns)), np.nan)
        wide[..., self.board.columns] = scores
        return self.quality(wide)

    def values(self, rows: Rows, how: Look) -> Floats:
        """(B, n) rows -> (B, n): the monitor quality that each row loses without an object; 0 where that is absent.

        0 too where nothing is known of a row.
        """
        found = np.zeros(rows.shape)
        step = max(1, TOGETHER // rows.shape[1] ** 2)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            at, j = np.nonzero(part)
            without = part[at]
            without[np.arange(len(at)), j] = 0
            quality = self.expect(np.concatenate([part, without]), how)
            found[start + at, j] = quality[at] - quality[len(part) :]
        return np.nan_to_num(found)

    @property
    def revenue_of_quality(self) -> float:
        """Credits a round that one more unit of quality is worth at the users that it has."""
        return self.setup.payoffs.revenue * self.users


def nowhere(choice: Choice) -> Outcome:
    """Where moves lead at a desk that stands in no game."""
    raise GameError("this desk is in no game, so no moves can be played at it")
