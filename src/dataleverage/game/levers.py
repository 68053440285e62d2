"""Levers: what a creator can do with its data in a round, and what that does to what an operator holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from dataleverage.errors import GameError
from dataleverage.grid.rows import Rows
from dataleverage.kinds import Model

Lever = Literal["contribute", "withhold", "delete", "poison"]
LEVERS: tuple[Lever, ...] = ("contribute", "withhold", "delete", "poison")
Choice = NDArray[np.int64]  # positions in a menu


class Rights(Model):
    """What creators may ask of an operator that holds their data."""

    deletion: bool = Field(True, description="Data is deleted when its creator asks; without it `delete` is refused.")
    replace: bool = Field(True, description="Data delivered once can be replaced by another version of it.")


class MoveSpec(Model):
    """A move as a scenario writes it: a lever by name (`delete`), or with a tactic (`{lever: poison, tactic: flip}`)."""

    lever: Lever = Field(description="What is done with the data.")
    tactic: str | None = Field(None, description="How it is poisoned; needed only where there are several tactics.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"lever": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(LEVERS)}, handler(schema)]}


@dataclass(frozen=True)
class Move:
    """A lever, and for poison the variant of the tactic (2, 3 …; 0 otherwise)."""

    lever: Lever
    tactic: str | None = None
    variant: int = 0

    def __str__(self) -> str:
        return f"{self.lever} {self.tactic}" if self.tactic else self.lever


@dataclass(frozen=True)
class Menu:
    """The moves that a game allows, in a fixed order; `contribute` is always the first and `withhold` the second."""

    moves: tuple[Move, ...]

    @classmethod
    def of(cls, rights: Rights, tactics: Sequence[str]) -> Menu:
        """Contribute, withhold, delete where there is the right to it, and one move for each tactic of poison."""
        moves = [Move("contribute"), Move("withhold")]
        if rights.deletion:
            moves.append(Move("delete"))
        moves += [Move("poison", name, 2 + i) for i, name in enumerate(tactics)]
        return cls(tuple(moves))

    def __len__(self) -> int:
        return len(self.moves)

    def find(self, lever: str, tactic: str | None = None) -> int:
        """The position of a move. Raises GameError, by name, for one that this game does not allow."""
        fits = [i for i, move in enumerate(self.moves) if move.lever == lever and tactic in (None, move.tactic)]
        if len(fits) == 1:
            return fits[0]
        if lever not in LEVERS:
            raise GameError(f"{lever!r} is no lever", remedy=f"Levers are {', '.join(LEVERS)}.")
        if lever == "delete":
            raise GameError(
                "delete is refused: the scenario gives no right to deletion",
                remedy="Set `rights.deletion: true`, or withhold instead.",
            )
        tactics = [str(move.tactic) for move in self.moves if move.lever == "poison"]
        if not tactics:
            raise GameError("poison needs a tactic, and the scenario has none", remedy="Add one under `tactics`.")
        if tactic is None:
            raise GameError(f"poison can be made in {len(tactics)} ways", remedy=f"Name one: {', '.join(tactics)}.")
        raise GameError(f"there is no tactic {tactic!r}", remedy=f"Tactics are {', '.join(tactics)}.")

    @cached_property
    def strike(self) -> int:
        """The move of a strike: delete where there is the right to it, otherwise withhold."""
        return next((i for i, move in enumerate(self.moves) if move.lever == "delete"), 1)

    @cached_property
    def levers(self) -> NDArray[np.int64]:
        """(A,) the position in LEVERS of each move's lever."""
        return np.array([LEVERS.index(move.lever) for move in self.moves])

    @cached_property
    def variants(self) -> NDArray[np.uint8]:
        """(A,) the variant of each move, 0 where it is not poison."""
        return np.array([move.variant for move in self.moves], dtype=np.uint8)


def hold(holdings: Rows, lever: NDArray[np.int64], variant: NDArray[np.uint8], rights: Rights) -> Rows:
    """What an operator holds after a round's moves.

    Parameters
    ----------
    holdings : (…, n) uint8: how each object is held (0 absent, 1 clean, v poisoned).
    lever : (…, n) positions in LEVERS: what its creator did at this operator.
    variant : (…, n) uint8: the poison of creators that poison.

    A lever changes a holding so: contribute makes it clean, unless it is poisoned and cannot be replaced; withhold changes
    nothing; delete makes it absent; poison makes it poisoned, unless it is there already and cannot be replaced.
    """
    contribute, _, delete, poison = (lever == code for code in range(len(LEVERS)))
    if delete.any() and not rights.deletion:
        raise GameError("a creator deletes, and the scenario gives no right to deletion", key="rights.deletion")
    held = holdings.copy()
    open_to_change = (holdings == 0) | rights.replace
    held[contribute & open_to_change] = 1
    held[delete] = 0
    replaced = poison & open_to_change
    held[replaced] = variant[replaced]
    return held
