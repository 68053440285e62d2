"""Levers: what a creator can do with its data in a round, and what that does to what operators hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from dataleverage.errors import GameError
from dataleverage.grid.rows import Rows
from dataleverage.kinds import Many, Model
from dataleverage.world.world import Ints, Mask

Lever = Literal["contribute", "withhold", "delete", "poison", "redirect"]
LEVERS: tuple[Lever, ...] = ("contribute", "withhold", "delete", "poison", "redirect")
UseRight = Literal["both", "trainable", "evaluable", "reserved", "unavailable"]
Choice = NDArray[np.int64]  # positions in a menu
NOBODY = "none"  # the operator that a boycott uses
CONTRIBUTE, WITHHOLD, DELETE, POISON = range(4)  # what a lever comes to at one operator
ANY = -2  # of `Menu.uses`: a user that names no operator


class Rights(Model):
    """What creators may ask of an operator that holds their data, and what their data may be used for."""

    deletion: bool = Field(True, description="Data is deleted when its creator asks; without it `delete` is refused.")
    replace: bool = Field(True, description="Data delivered once can be replaced by another version of it.")
    model_deletion: bool = Field(
        False, description="A model is trained anew at once when something in its row is deleted, whatever the schedule."
    )
    use: dict[UseRight, Many[str]] = Field(
        {},
        description="What objects may be used for, by name of object or group: both, which is the default; trainable or "
        "evaluable only; reserved (a holdout that nobody trains on); unavailable.",
    )

    def usable(self, objects: Sequence[str], called: Callable[[str, str], Ints]) -> Mask:
        """(n,) which objects may be trained on. Raises GameError for an object that is named under two rights.

        called : the positions of what a name stands for; it is given the key, too, and raises GameError for unknown names.
        """
        found, said = np.ones(len(objects), dtype=bool), dict[int, str]()
        for right, names in self.use.items():
            for i, name in enumerate(names):
                for each in called(name, key := f"rights.use.{right}.{i}").tolist():
                    if said.setdefault(each, right) != right:
                        several = f"object {objects[each]} is both {said[each]} and {right}"
                        raise GameError(several, key=key, remedy="Name it under one of them.")
                    found[each] = right in ("both", "trainable")
        return found


class MoveSpec(Model):
    """A move as a scenario writes it: a lever by name (`delete`), or with more (`{lever: poison, tactic: flip}`).

    What is left out is the only thing that it can be, and the operator is the creator's own (the first, unless its group
    names one).
    """

    lever: Lever = Field("contribute", description="What is done with the data.")
    tactic: str | None = Field(None, description="How it is poisoned; needed only where there are several tactics.")
    operator: str | None = Field(None, description="At which operator; at the others the creator withholds.")
    to: str | None = Field(None, description="The operator that data is redirected to; needed only where there are several.")
    share: bool = Field(False, description="Redirect a copy: the operator left keeps what it holds.")
    use: str | None = Field(None, description="The operator that the creator uses; `none` is a boycott.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"lever": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _only_where_it_means_something(self) -> MoveSpec:
        if self.lever != "redirect" and (self.to is not None or self.share):
            raise ValueError("`to` and `share` are for redirect")
        if self.lever != "poison" and self.tactic is not None:
            raise ValueError("`tactic` is for poison")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(LEVERS)}, handler(schema)]}


@dataclass(frozen=True)
class Move:
    """What a creator does in a round.

    variant : of the tactic, for poison (2, 3 …; 0 otherwise). at : the operator at which the lever is pulled. to : the one
    that data is redirected to; -1 otherwise. share : the operator left keeps its copy. use : the operator that the creator
    uses, -1 for a boycott, ANY where it takes what users in general take.
    operators : the names of all operators, for the move in words.
    """

    lever: Lever
    tactic: str | None = None
    variant: int = 0
    at: int = 0
    to: int = -1
    share: bool = False
    use: int = ANY
    operators: tuple[str, ...] = ("operator",)

    def __str__(self) -> str:
        said: str = self.lever
        if self.tactic:
            said += f" {self.tactic}"
        if len(self.operators) > 1 and self.lever != "withhold":
            said += (
                f" from {self.operators[self.at]}" if self.lever in ("delete", "redirect") else f" at {self.operators[self.at]}"
            )
        if self.to >= 0:
            said += f" to {self.operators[self.to]}" + (", sharing" if self.share else "")
        if self.use != ANY:
            said += f", using {self.operators[self.use] if self.use >= 0 else NOBODY}"
        return said

    @property
    def acting(self) -> bool:
        """Whether it is anything but to contribute and use what there is."""
        return self.lever != "contribute" or self.use == -1


@dataclass(frozen=True)
class Menu:
    """The moves that a game allows, in a fixed order, as a creator of one operator sees them.

    Every lever at every operator is a move, `contribute` at the first operator always the first of all. Moves that share a
    copy, or say which operator is used, are there where somebody named them.

    home : the operator that is meant where none is named.
    """

    moves: tuple[Move, ...]
    home: int = 0

    @classmethod
    def of(
        cls,
        rights: Rights,
        tactics: Sequence[str],
        operators: Sequence[str] = ("operator",),
        named: Iterable[tuple[MoveSpec, int]] = (),
    ) -> Menu:
        """Every lever there is a right to, at every operator, and the moves `named` beyond these, each with its home.

        What is named wrongly is left out here; `find` says what is wrong with it.
        """
        names = tuple(operators)
        moves = []
        for at in range(len(names)):
            moves.append(Move("contribute", at=at, operators=names))
            if at == 0:
                moves.append(Move("withhold", operators=names))
            if rights.deletion:
                moves.append(Move("delete", at=at, operators=names))
            moves += [Move("poison", name, 2 + i, at=at, operators=names) for i, name in enumerate(tactics)]
        moves += [
            Move("redirect", at=at, to=to, operators=names) for at in range(len(names)) for to in range(len(names)) if at != to
        ]
        menu = cls(tuple(moves))
        for spec, home in named:
            try:
                move = menu.at(home).move(spec)
            except GameError:
                continue
            if move not in menu.moves:
                menu = cls((*menu.moves, move))
        return menu

    def __len__(self) -> int:
        return len(self.moves)

    def at(self, home: int) -> Menu:
        """The same menu, for a creator of another operator."""
        return self if home == self.home else self._homes[home]

    @cached_property
    def _homes(self) -> tuple[Menu, ...]:
        return tuple(replace(self, home=home) for home in range(len(self.operators)))

    @cached_property
    def operators(self) -> tuple[str, ...]:
        return self.moves[0].operators

    def find(
        self,
        lever: str,
        tactic: str | None = None,
        *,
        operator: str | None = None,
        to: str | None = None,
        share: bool = False,
        use: str | None = None,
    ) -> int:
        """The position of a move. Raises GameError, by name, for one that this game does not allow."""
        move = self._make(lever, tactic, operator, to, share, use)
        if move not in self.moves:
            raise GameError(f"{str(move)!r} is not on the menu of this game", remedy="Name it in the scenario's strategy.")
        return self.moves.index(move)

    def position(self, spec: MoveSpec) -> int:
        """The position of a move as a scenario writes it. Raises GameError for one that this game does not allow."""
        if spec not in self._positions:
            self._positions[spec] = self._position(spec)
        return self._positions[spec]

    @cached_property
    def _positions(self) -> dict[MoveSpec, int]:
        return {}

    def _position(self, spec: MoveSpec) -> int:
        return self.find(spec.lever, spec.tactic, operator=spec.operator, to=spec.to, share=spec.share, use=spec.use)

    def move(self, spec: MoveSpec) -> Move:
        """The move that a scenario means, on the menu or not. Raises GameError for one that the game cannot have."""
        return self._make(spec.lever, spec.tactic, spec.operator, spec.to, spec.share, spec.use)

    def _make(self, lever: str, tactic: str | None, operator: str | None, to: str | None, share: bool, use: str | None) -> Move:
        at = self.home if operator is None else self._operator(operator)
        uses = ANY if use is None else -1 if use == NOBODY else self._operator(use)
        fits = [m for m in self.moves if m.lever == lever and tactic in (None, m.tactic) and m.use == ANY]
        if lever == "withhold":
            return replace(fits[0], use=uses)
        fits = [m for m in fits if m.at == at]
        if lever == "redirect" and fits:
            whither = dict.fromkeys(m.to for m in fits)
            if to is not None:
                goal = self._operator(to)
                if goal == at:
                    raise GameError(f"data cannot be redirected from {to!r} to itself", remedy="Name another operator.")
            elif len(whither) > 1:
                names = ", ".join(self.operators[k] for k in whither)
                raise GameError(f"data can be redirected to {len(whither)} operators", remedy=f"Name one with `to`: {names}.")
            else:
                goal = next(iter(whither))
            return replace(next(m for m in fits if m.to == goal), share=share, use=uses)
        if len(fits) == 1:
            return replace(fits[0], use=uses)
        raise self._why_not(lever, tactic)

    def _operator(self, name: str) -> int:
        if name not in self.operators:
            raise GameError(f"there is no operator {name!r}", remedy=f"Operators are {', '.join(self.operators)}.")
        return self.operators.index(name)

    def _why_not(self, lever: str, tactic: str | None) -> GameError:
        if lever not in LEVERS:
            return GameError(f"{lever!r} is no lever", remedy=f"Levers are {', '.join(LEVERS)}.")
        if lever == "delete":
            return GameError(
                "delete is refused: the scenario gives no right to deletion",
                remedy="Set `rights.deletion: true`, or withhold instead.",
            )
        if lever == "redirect":
            return GameError("redirect needs another operator, and the scenario has one", remedy="Add one under `operators`.")
        tactics = list(dict.fromkeys(str(move.tactic) for move in self.moves if move.lever == "poison"))
        if not tactics:
            return GameError("poison needs a tactic, and the scenario has none", remedy="Add one under `tactics`.")
        if tactic is None:
            return GameError(f"poison can be made in {len(tactics)} ways", remedy=f"Name one: {', '.join(tactics)}.")
        return GameError(f"there is no tactic {tactic!r}", remedy=f"Tactics are {', '.join(tactics)}.")

    @cached_property
    def stay(self) -> int:
        """The position of contributing at home."""
        return self.find("contribute")

    @cached_property
    def strike(self) -> int:
        """The move of a strike: delete where there is the right to it, otherwise withhold."""
        deletes = [i for i, move in enumerate(self.moves) if move.lever == "delete" and move.at == self.home]
        return deletes[0] if deletes else self.find("withhold")

    @cached_property
    def levers(self) -> NDArray[np.int64]:
        """(A,) the position in LEVERS of each move's lever."""
        return np.array([LEVERS.index(move.lever) for move in self.moves])

    @cached_property
    def acting(self) -> NDArray[np.bool_]:
        """(A,) which moves are anything but to contribute and use what there is."""
        return np.array([move.acting for move in self.moves])

    @cached_property
    def uses(self) -> NDArray[np.int64]:
        """(A,) the operator that each move uses: -1 for none, ANY where it does not say."""
        return np.array([move.use for move in self.moves])

    @cached_property
    def contributes(self) -> NDArray[np.bool_]:
        """(A, K) whether a move delivers data, clean, to each operator."""
        return np.array(
            [[self._at(move, k, deletion=True)[0] == CONTRIBUTE for k in range(len(self.operators))] for move in self.moves]
        )

    @staticmethod
    def _at(move: Move, k: int, *, deletion: bool) -> tuple[int, int]:
        """What a move comes to at operator k: a lever there, and the variant of poison."""
        if move.lever == "redirect":
            if k == move.to:
                return CONTRIBUTE, 0
            return (DELETE if deletion and not move.share and k == move.at else WITHHOLD), 0
        if k != move.at:
            return WITHHOLD, 0
        return LEVERS.index(move.lever), move.variant

    def transitions(self, rights: Rights, variants: int) -> NDArray[np.uint8]:
        """What each move makes of each way an object can be held: (K, A + 1, variants + 2) uint8.

        Entry (k, a, v) is how operator k holds an object after its creator made move a, if it held it as v before. The last
        move, A, is that of objects without a creator: they are delivered clean and never change.
        """
        found = np.empty((len(self.operators), len(self) + 1, variants + 2), dtype=np.uint8)
        before = np.arange(variants + 2, dtype=np.uint8)
        for k in range(len(self.operators)):
            levers, poisons = zip(*(self._at(move, k, deletion=rights.deletion) for move in self.moves), strict=True)
            for a, (lever, variant) in enumerate(zip(levers, poisons, strict=True)):
                found[k, a] = hold(before, np.full(before.shape, lever), np.full(before.shape, variant, np.uint8), rights)
            found[k, -1] = np.maximum(before, 1)
        return found


def hold(holdings: Rows, lever: NDArray[np.int64], variant: NDArray[np.uint8], rights: Rights) -> Rows:
    """What an operator holds after a round's moves.

    Parameters
    ----------
    holdings : (…, n) uint8: how each object is held (0 absent, 1 clean, v poisoned).
    lever : (…, n) positions in LEVERS: what its creator did at this operator; redirect is a delete, or a withhold, at one and
        a contribute at another.
    variant : (…, n) uint8: the poison of creators that poison.

    A lever changes a holding so: contribute makes it clean, unless it is poisoned and cannot be replaced; withhold changes
    nothing; delete makes it absent; poison makes it poisoned, unless it is there already and cannot be replaced.
    """
    contribute, _, delete, poison = (lever == code for code in (CONTRIBUTE, WITHHOLD, DELETE, POISON))
    if delete.any() and not rights.deletion:
        raise GameError("a creator deletes, and the scenario gives no right to deletion", key="rights.deletion")
    held = holdings.copy()
    open_to_change = (holdings == 0) | rights.replace
    held[contribute & open_to_change] = 1
    held[delete] = 0
    replaced = poison & open_to_change
    held[replaced] = variant[replaced]
    return held
