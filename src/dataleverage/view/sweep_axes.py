"""What the figures of a sweep share: the axis that a varied path makes, colours, marks, and a figure with its caption."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import SweepError
from dataleverage.sweep.results import Results
from dataleverage.sweep.summary import summary
from dataleverage.view.figures import INK, WIDTH
from dataleverage.view.sweep_words import axis_label, outcome_name, short_names, tick_format, unit_of, value_words
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008) without yellow, which white swallows; each with a mark of its own
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
FEW = len(COLOURS)  # series that are told apart by these
PANELS = 9  # panels of a figure
TICKS = 14  # labels along an axis
LETTER = 0.085  # inches that a letter of them is wide


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with what is said below it.

    name : of its file, without ending. caption : what is drawn, and how to read it.
    """

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True, eq=False)
class Axis:
    """A varied path as an axis.

    values : its different values, numbers in rising order, others as they come. places : (P,) which one each point has.
    """

    path: str
    name: str
    values: tuple[Any, ...]
    places: Any
    numeric: bool

    @property
    def labels(self) -> list[str]:
        """The values in words."""
        return [value_words(value) for value in self.values]

    @property
    def numbers(self) -> Floats:
        """The values of a numeric axis, else 0, 1, 2 …"""
        return np.asarray(self.values if self.numeric else range(len(self.values)), dtype=np.float64)

    @property
    def geometric(self) -> bool:
        """Whether the values grow by factors, so that a logarithmic axis spreads them evenly."""
        numbers = self.numbers
        if not self.numeric or len(numbers) < 4 or numbers[0] <= 0 or numbers[-1] / numbers[0] < 30:
            return False
        return bool(np.ptp(np.diff(np.log(numbers))) < np.ptp(np.diff(numbers)) / numbers[-1])


@dataclass(frozen=True, eq=False)
class Means:
    """An outcome of every point with its interval, and the axes that the points span.

    lines : a line a point, with the columns of `summary`. axes : of the paths that take more than one value, but for those that
    move in step with an earlier one. in_step : these, each with the one that it follows.
    """

    outcome: str
    lines: pd.DataFrame
    axes: tuple[Axis, ...]
    in_step: tuple[tuple[Axis, Axis], ...] = ()

    @classmethod
    def of(cls, results: Results, outcome: str) -> Means:
        """Of a sweep. Raises SweepError where no run has the outcome."""
        lines = summary(results, [outcome]).droplevel("outcome")
        if lines["worlds"].max() == 0:
            raise SweepError(f"no run has {outcome}", remedy="Finish the sweep, or name another outcome.")
        axes: list[Axis] = []
        in_step = []
        for path in results.paths:
            here = axis(path, path, results.points[path])
            leader = next((k for k, each in enumerate(axes) if same_places(each, here)), None)
            if leader is not None:
                in_step.append((here, leader))
            elif len(here.values) > 1:
                axes.append(here)
        names = short_names([each.path for each in axes])
        named = [replace(each, name=names[each.path]) for each in axes]
        return cls(outcome, lines, tuple(named), tuple((other, named[k]) for other, k in in_step))

    @property
    def crossed(self) -> bool:
        """Whether every value of each axis meets every one of the others, once."""
        return int(np.prod([len(each.values) for each in self.axes], dtype=np.int64)) == len(self.lines)

    @property
    def bounded(self) -> bool:
        """Whether there are intervals."""
        return bool(self.lines["worlds"].max() > 1)

    @property
    def told(self) -> str:
        """What the numbers are, for a caption."""
        most = int(self.lines["worlds"].max())
        return f"mean over {most} worlds" if most > 1 else "one world, so there are no intervals"

    def names(self, *axes: Axis) -> str:
        """Short names and the paths that they stand for, for a caption."""
        told = [f"{each.name}: {each.path}" for each in axes if each.name != each.path]
        return "; ".join(told + [f"{other.path} moves in step with {each.name}" for other, each in self.in_step])


def axis(path: str, name: str, column: pd.Series[Any]) -> Axis:
    """The axis of a varied column."""
    numeric = column.dtype.kind in "iuf"
    values = sorted(column.unique().tolist()) if numeric else list(dict.fromkeys(column))
    places = {value: k for k, value in enumerate(values)}
    return Axis(path, name, tuple(values), np.array([places[value] for value in column.tolist()]), numeric)


def same_places(one: Axis, other: Axis) -> bool:
    """Whether each value of one axis always comes with the same value of the other, and the other way round."""
    pairs = len(set(zip(one.places.tolist(), other.places.tolist(), strict=True)))
    return pairs == len(one.values) == len(other.values) > 1


def panels_of(axes: tuple[Axis, ...]) -> list[tuple[str, Any]]:
    """Each combination of the values of axes that has a panel: its title and a mask over points."""
    if (count := int(np.prod([len(each.values) for each in axes], dtype=int))) > PANELS:
        raise SweepError(
            f"{', '.join(each.path for each in axes)} would take {count} panels, and {PANELS} can be read",
            remedy="Vary fewer paths, or fewer values of these, at once.",
        )
    found = []
    for values in product(*(range(len(each.values)) for each in axes)):
        title = ", ".join(f"{each.name} {each.labels[k]}" for each, k in zip(axes, values, strict=True))
        masks = [each.places == k for each, k in zip(axes, values, strict=True)]
        found.append((title, np.logical_and.reduce(masks) if masks else slice(None)))
    return found


def empty(
    title: str, panels: int = 1, *, height: float = 4.0, width: float = WIDTH, same_x: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, three in a row, with the same scales. No window is opened and no global state changed.

    height, width : inches where there is one row. same_x : whether panels have the same x too.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(panels, 3)
    down = -(-panels // across)
    figure = Figure(figsize=(max(width, 3.2 * across + 1.5), height if down == 1 else 3.0 * down + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(plain(title), x=0.01, ha="left", color=INK, fontsize=12)
    made = figure.subplots(down, across, squeeze=False, sharex=same_x, sharey=True)
    for spare in made.flat[panels:]:
        spare.set_visible(False)
    return figure, [dressed(one) for one in made.flat[:panels]]


def dressed(axes: Axes) -> Axes:
    """The same axes in our ink."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.tick_params(colors=INK, labelsize=9)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(INK)
    return axes


def titled(panel: Axes, text: str) -> None:
    """Put a panel's title over its left end."""
    panel.set_title(plain(text), loc="left", color=INK, fontsize=9.5)


def scale_y(panels: list[Axes], outcome: str) -> None:
    """Label the axis of an outcome; shares stay between nothing and all."""
    unit = unit_of(outcome)
    panels[0].set_ylabel(plain(axis_label(outcome)))
    if (style := tick_format(unit)) is not None:
        panels[0].yaxis.set_major_formatter(style)
    if unit == "share":
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(max(low, -0.03), min(high, 1.03))


def ticks(axes: Any, axis_: Axis, *, places: bool) -> None:
    """Label an axis (`panel.xaxis`) with values: all of them where there is room, every second, third … where not.

    places : whether the values stand at 0, 1, 2 … rather than where their numbers are.
    """
    count = len(axis_.values)
    step = -(-count // TICKS)
    where = np.arange(count) if places else axis_.numbers
    axes.set_ticks(where[::step], [plain(text) for text in axis_.labels[::step]])


def slant(panel: Axes, axis_: Axis) -> None:
    """Turn the labels below a panel where they would run into each other."""
    shown = axis_.labels[:: -(-len(axis_.values) // TICKS)]
    figure, layout = panel.get_figure(root=True), panel.get_gridspec()
    assert figure is not None
    room = 0.75 * figure.get_figwidth() / (layout.ncols if layout else 1) / len(shown)
    if room < LETTER * (max(map(len, shown)) + 1):
        for label in panel.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def title_of(outcome: str, by: list[Axis]) -> str:
    """The title of a figure."""
    names = [each.name for each in by]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{outcome_name(outcome)} by {listed}"


def plain(text: str) -> str:
    """A text as matplotlib draws it letter by letter: dollars begin no formula, and a long one is broken."""
    return "\n".join(textwrap.wrap(text, 80, break_long_words=True)).replace("$", r"\$")
