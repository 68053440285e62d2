"""Valuations: what each creator's data is worth to an operator, with creators as the players of a cooperative game."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.game.setup import GameSetup
from dataleverage.game.strategy import Value
from dataleverage.grid.rows import Rows, all_rows
from dataleverage.grid.table import Table
from dataleverage.measure.values import banzhaf, estimate, leave_one_out, shapley, shares
from dataleverage.world.world import Floats, Ints

EXACT = 12  # creators of whom every coalition is scored
BUDGET = 2000  # coalitions scored for more
TIE = 1e-9  # values this close to 0 are 0


@dataclass(frozen=True, eq=False)
class Players:
    """Creators as the players of a game whose worth is the quality of a row with only their objects.

    who : (m,) positions. row : (n,) with everyone's objects, of which public ones are there whoever plays, and everybody else's
    are not. quality : (R, n) rows -> (R,).
    """

    setup: GameSetup
    who: Ints
    row: Rows
    quality: Callable[[Rows], Floats]

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(self.setup.names[i] for i in self.who)

    @property
    def column_names(self) -> tuple[str, ...]:
        return ("quality",)

    def scores(self, rows: ArrayLike, /) -> Floats:
        """(R, m) who takes part -> (R, 1) quality."""
        part = np.asarray(rows, dtype=np.uint8)
        everyone = np.zeros((len(part), self.setup.n_creators + 1), dtype=np.uint8)
        everyone[:, self.who] = part
        everyone[:, -1] = 1
        return self.quality(everyone[:, self.setup.mover] * self.row)[:, None]

    def table(self, rows: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Table:
        """Coalitions (R, m) with their worth."""
        return Table(rows, self.scores(rows), self.objects, self.column_names)

    @cached_property
    def everyone_but_one(self) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
        """(m + 1, m): all of them, and all but each."""
        count = len(self.who)
        return np.concatenate([np.ones((1, count), np.uint8), 1 - np.eye(count, dtype=np.uint8)])


def audited(setup: GameSetup, who: Ints) -> Players:
    """Creators (m,) with all their objects, clean, and quality on the weighted audit columns."""

    def quality(rows: Rows) -> Floats:
        return setup.quality.overall(setup.quality.of(setup.grid.scores(rows)))

    return Players(setup, who, np.ones(setup.grid.n_objects, dtype=np.uint8), quality)


def values_of(players: Players, value: Value, seed: int = 0, budget: int = BUDGET) -> Floats:
    """(m,) the values of players, in quality; estimated from a budget of coalitions where there are more than 12."""
    if value == "leave_one_out":
        found = leave_one_out(players.table(players.everyone_but_one))
    elif len(players.who) <= EXACT:
        found = (shapley if value == "shapley" else banzhaf)(players.table(all_rows(len(players.who))))
    else:
        found = estimate(players, value, budget=budget, seed=seed).values
    return found["quality"].to_numpy(dtype=np.float64)


class Claims:
    """What each creator could call its own of what its operator earned before anyone moved: value -> (N,) credits.

    It is its share, by a value of its data, of the revenue (K,) of the operator that holds that at first. Negative values are
    cut at 0, which the record tells; where none is above that, nobody has a claim.
    """

    def __init__(self, setup: GameSetup, revenue: Floats, seed: int) -> None:
        self.setup, self.revenue, self.seed = setup, revenue, seed
        self._found: dict[Value, Floats] = {}
        self._cut: dict[tuple[Value, int], Floats] = {}  # (N,) what was cut of the creators of each operator, in quality

    def __call__(self, value: Value) -> Floats:
        if value not in self._found:
            self._found[value] = self._claimed(value)
        return self._found[value]

    def warnings(self) -> Iterator[str]:
        """What the reader of a record must know of the claims that somebody went by."""
        for (value, k), cut in self._cut.items():
            names = [self.setup.names[i] for i in np.flatnonzero(cut < -TIE)]
            named = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
            yield (
                f"Claims on the revenue of {self.setup.operators[k].name} go by values ({value}), and those below 0 were cut "
                f"at 0: of {len(names)} creators ({named}), {cut.sum():.4f} in quality together."
            )

    def _claimed(self, value: Value) -> Floats:
        import pandas as pd

        found = np.zeros(self.setup.n_creators)
        for k in np.unique(self.setup.home).tolist():
            who = np.flatnonzero(self.setup.home == k)
            values = values_of(audited(self.setup, who), value, self.seed)
            cut = np.zeros(self.setup.n_creators)
            cut[who] = np.minimum(values, 0.0)
            if (cut < -TIE).any():
                self._cut[value, k] = cut
            if (values > 0).any():
                found[who] = self.revenue[k] * shares(pd.DataFrame({"quality": values}))["quality"].to_numpy()
        return found
