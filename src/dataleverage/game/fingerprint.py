"""The fingerprint of a strategy: how it answers as the share of others who act goes from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.setup import GameSetup, Group, Stop
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy
from dataleverage.streams import Streams
from dataleverage.world.world import Mask

if TYPE_CHECKING:
    import pandas as pd

MOST = 200  # creators: each share of others is tried on its own
DRAWS = 20  # games for each number of creators that act


def fingerprint(
    strategy: Strategy,
    setup: GameSetup,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> pd.DataFrame:
    """How often creators with a strategy act, by the share of the others that acted last round.

    Of the N creators of a game, k drawn at random act in its first round, for k from 0 to N (they delete, or withhold without
    the right to it), and all others contribute; what that leads to is really trained and paid. In the second round everyone
    decides by the strategy, each with a memory that has just begun.

    Parameters
    ----------
    setup : the game; its own strategies are set aside.
    draws : games for each k.
    progress : called with 1 after each game.

    Returns a DataFrame indexed by the share of others, 0 to 1 in steps of 1/(N − 1): `acting`, the mean probability to act;
    `after_contributing` and `after_acting`, the same of those who did so themselves (NaN where nobody did); `decisions`, how
    many there were. Raises GameError for one creator alone, for more than 200, and for moves that the game does not have.
    """
    import pandas as pd

    n = setup.n_creators
    if not 2 <= n <= MOST:
        raise GameError(f"a fingerprint needs 2 to {MOST} creators, and the game has {n:,}", remedy="Choose another game.")
    acted, decided = np.zeros((n, 2)), np.zeros((n, 2))
    for k in range(n + 1):
        for draw in range(draws):
            first = np.zeros(n, dtype=bool)
            first[Streams(seed).at("fingerprint", k, draw).permutation(n)[:k]] = True
            acts = second_round(strategy, setup, first, Streams(seed).integer("fingerprint", draw))
            others = k - first
            np.add.at(decided, (others, first.astype(int)), 1)
            np.add.at(acted, (others, first.astype(int)), acts)
            if progress is not None:
                progress(1)
    with np.errstate(invalid="ignore"):
        each = acted / decided
    table = {
        "acting": acted.sum(axis=1) / decided.sum(axis=1),
        "after_contributing": each[:, 0],
        "after_acting": each[:, 1],
        "decisions": decided.sum(axis=1).astype(np.int64),
    }
    return pd.DataFrame(table, index=pd.Index(np.arange(n) / (n - 1), name="share"))


def second_round(strategy: Strategy, setup: GameSetup, first: Mask, seed: int) -> Mask:
    """(N,) who acts in the second round by a strategy, after those of `first` (N,) acted in the first."""
    opening: Any = Opening(strategy, first)  # answers all that a group asks of a strategy
    groups = tuple(Group(group.name, opening, group.who, group.home) for group in setup.groups)
    game = LeverageGame(replace(setup, groups=groups, rounds=2, stop=Stop(), order="simultaneous"), seed)
    for _ in range(2):
        game.step()
    game.close()
    acts: Mask = game.setup.menu.acting[game.choice]
    return acts


class Opening:
    """A strategy that is told what to do in the first round. No kind, since no scenario names it."""

    def __init__(self, strategy: Strategy, first: Mask) -> None:
        self.strategy, self.first = strategy, first

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.strategy, name)

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        if seen.round == 1:
            return Decision(np.where(self.first[seen.who], seen.menu.strike, seen.menu.stay), memory)
        return self.strategy.decide(seen, memory)
