"""A strategy: how creators decide. One call decides for all creators that share it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dataleverage.game.levers import Choice, Menu, MoveSpec
from dataleverage.game.network import Neighbours, share_of_others
from dataleverage.kinds import Kind
from dataleverage.streams import Streams
from dataleverage.world.world import Floats

Knows = Literal["grid", "board", "belief"]
Memory = dict[str, NDArray[np.float64]]  # arrays with one entry (or row) for each creator of the group


@dataclass(frozen=True, eq=False)
class Seen:
    """What creators can look at when they decide.

    round : the round they decide in, from 1.
    who : (m,) positions of the creators that decide now.
    move : (N,) everyone's last move, as positions in the menu.
    menu : the moves there are.
    neighbours : who sees whom.
    quality, payoff : (N,) of last round; NaN before there was one.
    streams, group : where randomness comes from: see `draw`.
    weigh : (knows, (A,) menu positions) -> (m, A) payoff of each of those moves to each decider, if only it moved so.
    """

    round: int
    who: NDArray[np.int64]
    move: Choice
    menu: Menu
    neighbours: Neighbours
    quality: Floats
    payoff: Floats
    streams: Streams
    weigh: Callable[[Knows, Choice], Floats]

    @cached_property
    def acting(self) -> NDArray[np.bool_]:
        """(N,) who did anything but contribute last round."""
        acts: NDArray[np.bool_] = self.move != 0
        return acts

    def share(self, see: Literal["everyone", "neighbours"], doing: NDArray[np.bool_]) -> Floats:
        """(m,) the share of the others, or of one's neighbours, that does something. Never counts oneself."""
        shares = share_of_others(doing) if see == "everyone" else self.neighbours.share(doing)
        return shares[self.who]

    def draw(self, what: str) -> Floats:
        """(m,) numbers even on [0, 1), the same for a creator and a round whoever else draws."""
        return self.streams.at(f"creators/{what}", self.round).random(len(self.move))[self.who]


@dataclass(frozen=True, eq=False)
class Decision:
    """What creators decided.

    choice : (m,) menu positions.
    memory : what the group remembers.
    saw : (m,) what they looked at, for the record, or None.
    weighed, worth : (A,) menu positions and (m, A) what each was worth to them, or None; NaN for who did not weigh.
    """

    choice: Choice
    memory: Memory
    saw: Floats | None = None
    weighed: Choice | None = None
    worth: Floats | None = None


class Strategy(Kind, family="strategy", package="dataleverage.game.strategies"):
    """Base of every strategy. Instances are frozen: what a group remembers is in `memory`, passed in and returned."""

    def begin(self, count: int, menu: Menu, streams: Streams) -> Memory:
        """What a group of `count` creators remembers before the first round. Raises GameError for moves not allowed."""
        return {}

    @abstractmethod
    def decide(self, seen: Seen, memory: Memory) -> Decision:
        """The moves of the creators `seen.who` (all of the group's memory is passed, one entry for each of them)."""

    def settled(self, round: int) -> bool:
        """Whether nothing but others' moves can change this group's after the round (a script may have more to come)."""
        return True

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        """The moves that the strategy names, each with its key in the scenario, to be checked before a game starts."""
        return ()
