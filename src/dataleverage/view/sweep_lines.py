"""Lines of a sweep: an outcome along one varied path, with bands; points by name; and a cloud a path for designs at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.view.figures import INK
from dataleverage.view.sweep_axes import (
    COLOURS,
    FEW,
    MARKS,
    Axis,
    Drawing,
    Means,
    empty,
    panels_of,
    plain,
    scale_y,
    slant,
    ticks,
    title_of,
    titled,
)
from dataleverage.view.sweep_words import axis_label, number, outcome_name, tick_format, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPREAD = 0.24  # how far marks of one value stand to either side of it, where values are no numbers
CLOUD = 4000  # points drawn of a cloud
SHOWN = 60  # points named one by one


def lines(means: Means, level: float | None = None) -> Drawing:
    """An outcome along one path: a line with its band for each value of a second, a panel for each of the others.

    level : drawn as a dashed line where given. Raises SweepError where there are too many panels.
    """
    x, series, rest = roles(means.axes)
    panels = panels_of(rest)
    figure, drawn = empty(title_of(means.outcome, [x, *((series,) if series else ()), *rest]), len(panels), width=8.0)
    for panel, (title, inside) in zip(drawn, panels, strict=True):
        titled(panel, title)
        panel.set_xlabel(plain(x.name))
        for k in range(len(series.values)) if series else [0]:
            here = np.zeros(len(means.lines), dtype=bool)
            here[inside] = True
            if series:
                here &= series.places == k
            one_line(panel, means, x, here, k, series)
        if x.numeric and x.geometric:
            panel.set_xscale("log")
        if not x.numeric or len(x.values) <= 8:
            ticks(panel.xaxis, x, places=not x.numeric)
            panel.xaxis.set_minor_locator(null())
            slant(panel, x)
        if level is not None:
            panel.axhline(level, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    scale_y(drawn, means.outcome)
    if series is not None:
        handles, labels = drawn[0].get_legend_handles_labels()
        legend = figure.legend(
            handles, labels, title=plain(series.name), frameon=False, loc="outside right upper", labelcolor=INK, fontsize=9
        )
        legend.get_title().set_color(INK)
    said = f"{outcome_name(means.outcome)}: {means.told}"
    if means.bounded:
        said += "; " + ("bands" if x.numeric else "bars") + " are 95 % intervals over worlds"
    if level is not None:
        said += f"; dashed: {number(level, unit_of(means.outcome))}"
    axes = [x, *((series,) if series else ()), *rest]
    return Drawing(f"{means.outcome}-lines", figure, ". ".join(part for part in (said, means.names(*axes)) if part) + ".")


def roles(axes: tuple[Axis, ...]) -> tuple[Axis, Axis | None, tuple[Axis, ...]]:
    """Which path goes along (of numbers, the one with most values), which by colour (of the rest), and which by panel."""
    along = max(axes, key=lambda each: (each.numeric, len(each.values)))
    rest = sorted((each for each in axes if each is not along), key=lambda each: -len(each.values))
    coloured = next((each for each in rest if len(each.values) <= FEW), None)
    if coloured is None and rest:
        coloured = rest[-1]
    return along, coloured, tuple(each for each in axes if each is not along and each is not coloured)


def one_line(panel: Axes, means: Means, x: Axis, here: Any, k: int, series: Axis | None) -> None:
    """One series, in the order of x."""
    part = means.lines[here]
    where = x.numbers[x.places[here]]
    order = np.argsort(where, kind="stable")
    part, where = part.iloc[order], where[order]
    label = plain(series.labels[k]) if series else None
    colour, mark = colour_of(k, len(series.values) if series else 1), MARKS[k % FEW]
    middle, low, high = (part[name].to_numpy() for name in ("mean", "low", "high"))
    known = np.isfinite(low) & np.isfinite(high)
    if x.numeric:
        panel.fill_between(where, low, high, where=known.tolist(), color=colour, alpha=0.16, linewidth=0)
        panel.plot(where, middle, f"{mark}-", color=colour, label=label, markersize=4.5, linewidth=1.6)
        return
    count = len(series.values) if series else 1
    where = where + (SPREAD * (2 * k / (count - 1) - 1) if count > 1 else 0.0)
    reach = np.where(known, np.stack([middle - low, high - middle]), 0.0)
    panel.errorbar(where, middle, yerr=reach, fmt=mark, color=colour, label=label, markersize=5.5, capsize=2.5, linewidth=1.4)


def colour_of(k: int, count: int) -> Any:
    """The colour of a series: its own where there are few, else a step of a scale."""
    if count <= FEW:
        return COLOURS[k]
    import matplotlib

    return matplotlib.colormaps["viridis"](0.92 * k / (count - 1))


def null() -> Any:
    """No ticks."""
    from matplotlib.ticker import NullLocator

    return NullLocator()


def dots(means: Means, level: float | None = None) -> Drawing:
    """Points by name, one below the other: for designs that are a list."""
    part = means.lines.iloc[:SHOWN]
    axes = means.axes
    texts = [", ".join(f"{each.name} {each.labels[each.places[k]]}" for each in axes) for k in range(len(part))]
    if len(axes) == 1:
        texts = [axes[0].labels[axes[0].places[k]] for k in range(len(part))]
    figure, (panel,) = empty(title_of(means.outcome, list(axes)), height=1.4 + 0.3 * len(part))
    middle, low, high = (part[name].to_numpy() for name in ("mean", "low", "high"))
    reach = np.where(np.isfinite(low), np.stack([middle - low, high - middle]), 0.0)
    where = np.arange(len(part))
    panel.errorbar(middle, where, xerr=reach, fmt="o", color=COLOURS[0], capsize=2.5, markersize=5.5)
    panel.set_yticks(where, [plain(text) for text in texts])
    panel.set_ylim(len(part) - 0.5, -0.5)
    panel.set_xlabel(plain(axis_label(means.outcome)))
    if (style := tick_format(unit_of(means.outcome))) is not None:
        panel.xaxis.set_major_formatter(style)
    if level is not None:
        panel.axvline(level, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    said = f"{outcome_name(means.outcome)}: {means.told}" + ("; bars are 95 % intervals over worlds" if means.bounded else "")
    if len(part) < len(means.lines):
        said += f"; the first {len(part)} of {len(means.lines):,} points"
    return Drawing(f"{means.outcome}-points", figure, ". ".join(part_ for part_ in (said, means.names(*axes)) if part_) + ".")


def cloud(means: Means) -> Drawing:
    """A panel a varied path: the mean of every point of a design at random."""
    from matplotlib.ticker import MaxNLocator

    shown = means.axes[:9]
    title = f"{outcome_name(means.outcome)} at every point"
    figure, drawn = empty(title, len(shown), same_x=False)
    chosen = slice(None, None, -(-len(means.lines) // CLOUD))
    middle = means.lines["mean"].to_numpy()[chosen]
    for panel, each in zip(drawn, shown, strict=True):
        panel.scatter(
            each.numbers[each.places][chosen],
            middle,
            s=9,
            alpha=0.45,
            color=COLOURS[0],
            linewidth=0,
            rasterized=len(middle) > 500,
        )
        panel.set_xlabel(plain(each.name))
        if each.numeric:
            panel.xaxis.set_major_locator(MaxNLocator(5))
        else:
            ticks(panel.xaxis, each, places=True)
            slant(panel, each)
    scale_y(drawn, means.outcome)
    said = f"{outcome_name(means.outcome)}: each dot is a point of the design, {means.told}; the other paths vary behind it"
    return Drawing(f"{means.outcome}-cloud", figure, ". ".join(p for p in (said, means.names(*shown)) if p) + ".")
