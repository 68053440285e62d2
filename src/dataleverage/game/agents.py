"""The players as Mesa agents: what Mesa's agent sets, data collectors and pages look at.

They hold no state of their own: everything is read from the game's arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa
import numpy as np
from mesa.discrete_space import CellAgent

from dataleverage.game.desk import Desk
from dataleverage.game.operator import Operator as OperatorSetup
from dataleverage.game.setup import Group
from dataleverage.grid.rows import in_words

if TYPE_CHECKING:
    from dataleverage.game.model import LeverageGame


class Creator(CellAgent):
    """Someone who owns data.

    position : where the creator stands in the game's arrays.
    """

    model: LeverageGame

    def __init__(self, model: LeverageGame, position: int, group: Group) -> None:
        super().__init__(model)
        self.position = position
        self.group = group

    @property
    def name(self) -> str:
        return self.model.setup.names[self.position]

    @property
    def strategy(self) -> str:
        return self.group.strategy.tag

    @property
    def objects(self) -> tuple[str, ...]:
        """The names of its objects."""
        setup = self.model.setup
        return tuple(setup.grid.objects[j] for j in np.flatnonzero(setup.owner_of == self.position))

    @property
    def move(self) -> str:
        """Its last move in words; before the first round everyone contributes."""
        return str(self.model.setup.menu.moves[int(self.model.choice[self.position])])

    @property
    def lever(self) -> str:
        """The lever of its last move."""
        return self.model.setup.menu.moves[int(self.model.choice[self.position])].lever

    @property
    def acting(self) -> bool:
        """Whether it did anything but contribute, and use what there is."""
        return self.model.setup.menu.moves[int(self.model.choice[self.position])].acting

    @property
    def quality(self) -> float:
        """How well it is served: 1 is the model of all data, 0 is guessing."""
        return float(self.model.quality[self.position])

    @property
    def payoff(self) -> float:
        """Its payoff of the last round; NaN before there was one."""
        return float(self.model.payoff[self.position])


class Operator(mesa.Agent):
    """Someone who trains on data that others own."""

    model: LeverageGame

    def __init__(self, model: LeverageGame, desk: Desk) -> None:
        super().__init__(model)
        self.desk = desk

    @property
    def setup(self) -> OperatorSetup:
        """What it is: its policies, and what it looks at."""
        return self.desk.operator

    @property
    def name(self) -> str:
        return self.desk.name

    @property
    def row(self) -> str:
        """The row it serves, in words."""
        return in_words(self.desk.row, self.model.setup.grid.objects)

    @property
    def quality(self) -> float:
        """Quality of its model on the weighted audit columns."""
        return float(self.model.overall[self.desk.position])

    @property
    def users(self) -> float:
        """Its share of the users."""
        return self.desk.users

    @property
    def payoff(self) -> float:
        """Its payoff of the last round; NaN before there was one."""
        return float(self.model.operator_payoff[self.desk.position])

    @property
    def wealth(self) -> float:
        """Its payoffs so far."""
        return self.desk.wealth
