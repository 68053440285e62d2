"""The sweep file: one scenario, what varies in it, and how many plays of each point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, Strict, model_validator
from pydantic_core import PydanticCustomError

from dataleverage.kinds import Many, Model
from dataleverage.measure.outcomes import OUTCOMES

Number = int | float
Pair = Annotated[tuple[Number, ...], Strict(False), Field(min_length=2, max_length=2)]
DesignName = Literal["factorial", "list", "latin_hypercube", "sobol", "morris"]


class Normal(Model):
    """A normal distribution, cut at `low` and `high` where they are given."""

    mean: float = Field(description="Its mean before it is cut.")
    sd: float = Field(gt=0, description="Its standard deviation before it is cut.")
    low: float | None = Field(None, description="The least value.")
    high: float | None = Field(None, description="The greatest value.")

    @model_validator(mode="after")
    def _in_order(self) -> Normal:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise mistake("`low` is not below `high`", "Swap them.", "low")
        return self


class Spread(Model):
    """How one value of the scenario varies: exactly one of the keys, `steps` only beside `range`."""

    range: Pair | None = Field(
        None, description="From one number to another: evenly in `steps`, or at random where points are."
    )
    steps: int | None = Field(None, ge=2, le=100_000, description="How many values of `range` there are, both ends included.")
    values: Many[Any] | None = Field(None, min_length=1, description="The values themselves; a list alone means the same.")
    uniform: Pair | None = Field(None, description="Any number from one to the other, all alike.")
    loguniform: Pair | None = Field(None, description="The same with the logarithm spread evenly; both above 0.")
    normal: Normal | None = Field(None, description="A normal distribution: {mean, sd}, and {low, high} to cut it.")
    integer: Annotated[tuple[int, ...], Strict(False), Field(min_length=2, max_length=2)] | None = Field(
        None, description="Any whole number from one to the other, both included."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Spread:
        ways = ("range", "values", "uniform", "loguniform", "normal", "integer")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) != 1:
            said = f"`{given[0]}` and `{given[1]}` are both given" if given else "nothing says how this varies"
            raise mistake(said, f"Give one of {', '.join(ways)}.")
        way = given[0]
        if self.steps is not None and way != "range":
            raise mistake("`steps` goes with `range` alone", "Leave it out.", "steps")
        ends = getattr(self, way)
        if way in ("range", "uniform", "loguniform", "integer") and ends[0] >= ends[1]:
            raise mistake(f"{ends[0]} is not below {ends[1]}", "Give the smaller number first.", way)
        if way == "loguniform" and ends[0] <= 0:
            raise mistake(f"{ends[0]} has no logarithm", "Give numbers above 0.", way)
        return self

    def listed(self) -> list[Any] | None:
        """The values, where they are counted out; None where any number between two is meant."""
        if self.values is not None:
            return list(self.values)
        if self.range is None or self.steps is None:
            return None
        low, high = self.range
        if isinstance(low, int) and isinstance(high, int) and (high - low) % (self.steps - 1) == 0:
            return list(range(low, high + 1, (high - low) // (self.steps - 1)))
        return [float(f"{low + (high - low) * k / (self.steps - 1):.12g}") for k in range(self.steps)]

    def bounded(self) -> bool:
        """Whether there is a least and a greatest value."""
        return self.normal is None or (self.normal.low is not None and self.normal.high is not None)


class Precision(Model):
    """When a point has been played in enough worlds."""

    outcome: str = Field(description="The outcome whose interval is looked at.")
    half_width: float = Field(gt=0, description="How far its 95 % interval over worlds may reach to either side of the mean.")
    at_least: int = Field(5, ge=2, description="Worlds that are played in any case.")


class Sweep(Model):
    """Many runs of one scenario: points × worlds × replicates."""

    scenario: str = Field(min_length=1, description="The scenario file, from the folder of this one.")
    vary: dict[str, Spread | Annotated[Many[Any], Field(min_length=1)]] = Field(
        {}, description="What varies, by the paths of `--set`: a list of values, {range, steps}, or a distribution."
    )
    design: DesignName = Field(
        "factorial",
        description="Which points: every combination; the first of each list, the second …; a Latin hypercube; Saltelli's "
        "sample for Sobol' indices; Morris's trajectories.",
    )
    samples: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="N of designs at random: of D paths N points of latin_hypercube, N (D + 2) of sobol, N (D + 1) of morris.",
    )
    levels: int = Field(4, ge=2, le=100, multiple_of=2, description="How many values of each path morris takes.")
    worlds: int | None = Field(
        None, ge=1, le=100_000, description="Worlds that every point is played in; the scenario's own one unless given."
    )
    replicates: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Plays of every point in every world. Without it one, of the scenario's own seed if the world is its own.",
    )
    outcomes: Many[str] = Field(
        tuple(OUTCOMES),
        min_length=1,
        description="What is kept of a run: names of `list outcomes`, `rounds.<column>` (its last), `mean(<table>.<column>)` "
        "(or sum, min, max, last), `module:function`.",
    )
    precision: Precision | None = Field(None, description="Play a point in no more worlds once its interval is narrow enough.")
    seed: int = Field(0, ge=0, description="What all seeds of worlds and plays, and points at random, are made from.")

    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @property
    def folder(self) -> Path:
        """Where relative paths start: the folder of the sweep file, or the working directory."""
        return self._folder

    def in_folder(self, folder: Path) -> Sweep:
        """The same sweep with its relative paths starting elsewhere."""
        other = self.model_copy()
        other._folder = folder
        return other

    def spreads(self) -> dict[str, Spread]:
        """What varies, a plain list written out as its values."""
        return written_out(self.vary)


def written_out(vary: Mapping[str, Spread | tuple[Any, ...]]) -> dict[str, Spread]:
    """What varies, a plain list written out as the values of a spread."""
    return {path: way if isinstance(way, Spread) else Spread(values=way) for path, way in vary.items()}


def mistake(message: str, remedy: str, *key: str) -> PydanticCustomError:
    """What is wrong with a file, for a validator to raise; `key` is where, below what is validated."""
    return PydanticCustomError("sweep", "{said}", {"said": message, "remedy": remedy, "key": key})
