"""Maps of a sweep: an outcome over two varied paths, and where it crosses a level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import SweepError
from dataleverage.view.figures import INK
from dataleverage.view.sweep_axes import Axis, Drawing, Means, empty, panels_of, plain, slant, ticks, title_of, titled
from dataleverage.view.sweep_words import axis_label, number, outcome_name, tick_format, unit_of
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WRITTEN = 150  # cells of a panel that get their number
DARK, LIGHT = "#101418", "#fdfdfd"  # numbers on light and on dark cells
NOTHING = "#b9b9b9"  # cells without a value


def heat_map(means: Means) -> Drawing:
    """An outcome over two paths, a panel for each combination of the others.

    Raises SweepError where fewer than two paths vary, or there are too many panels.
    """
    x, y, rest = roles(means)
    panels = panels_of(rest)
    figure, drawn = canvas(title_of(means.outcome, [x, y, *rest]), x, y, len(panels))
    values = means.lines["mean"].to_numpy()
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    for panel, (title, inside) in zip(drawn, panels, strict=True):
        titled(panel, title)
        cells = grid(x, y, values, inside)
        image = panel.pcolormesh(
            np.ma.masked_invalid(cells),
            cmap="cividis",
            edgecolors="face",
            linewidth=0.3,
            vmin=low,
            vmax=high if high > low else low + 1e-9,
        )
        label(panel, x, y, first=panel is drawn[0])
        write(panel, cells, unit_of(means.outcome), lambda value: value < low + 0.5 * (high - low))
    bar(figure, image, drawn, means.outcome)
    said = f"{outcome_name(means.outcome)}: {means.told}" + (", for their intervals see the table" if means.bounded else "")
    if np.isnan(values).any():
        said += "; grey cells have no value"
    return Drawing(f"{means.outcome}-map", figure, ". ".join(p for p in (said, means.names(x, y, *rest)) if p) + ".")


def phase_diagram(means: Means, level: float) -> Drawing:
    """Where an outcome crosses a level, over two paths of numbers: the contour, interpolated linearly between points.

    Cells whose interval over worlds reaches across the level are dotted: on which side they lie is not settled.
    Raises SweepError where the paths are no numbers.
    """
    from matplotlib.colors import CenteredNorm

    x, y, rest = roles(means)
    words = [each.path for each in (x, y) if not each.numeric or len(each.values) < 2]
    if words:
        raise SweepError(
            f"a contour needs two paths of numbers, and {words[0]} is none", remedy="Leave --level out, or vary two numbers."
        )
    panels = panels_of(rest)
    unit = unit_of(means.outcome)
    figure, drawn = canvas(f"Where {outcome_name(means.outcome).lower()} crosses {number(level, unit)}", x, y, len(panels))
    lines = means.lines
    values, low, high = (lines[name].to_numpy() for name in ("mean", "low", "high"))
    far = max(float(np.nanmax(np.abs(values - level))), 1e-9)
    norm = CenteredNorm(level, far)
    open_cells = (low < level) & (level < high) & means.bounded
    crossed = False
    for panel, (title, inside) in zip(drawn, panels, strict=True):
        titled(panel, title)
        cells = grid(x, y, values, inside)
        image = panel.pcolormesh(np.ma.masked_invalid(cells), cmap="PuOr_r", norm=norm, edgecolors="face", linewidth=0.3)
        unsettled = grid(x, y, open_cells.astype(np.float64), inside) == 1
        rows, columns = np.nonzero(unsettled)
        panel.plot(columns + 0.5, rows + 0.5, ".", color=DARK, markersize=4)
        label(panel, x, y, first=panel is drawn[0])
        known = cells[~np.isnan(cells)]
        if min(cells.shape) > 1 and known.size and known.min() < level < known.max():
            crossed = True
            centres = np.arange(cells.shape[1]) + 0.5, np.arange(cells.shape[0]) + 0.5
            panel.contour(*centres, np.ma.masked_invalid(cells), levels=[level], colors=DARK, linewidths=2.2)
    bar(figure, image, drawn, means.outcome, low=float(np.nanmin(values)), high=float(np.nanmax(values)), level=level)
    said = f"{outcome_name(means.outcome)}: {means.told}"
    at = number(level, unit)
    where = "above" if np.nanmean(values) > level else "below"
    said += f"; line: where it crosses {at}, interpolated between points" if crossed else f"; it lies {where} {at} everywhere"
    if open_cells.any():
        said += f"; dots: not settled, the 95 % interval over worlds has {at} in it"
    if np.isnan(values).any():
        said += "; grey: no value"
    return Drawing(f"{means.outcome}-phase", figure, ". ".join(p for p in (said, means.names(x, y, *rest)) if p) + ".")


def middle_level(means: Means) -> float:
    """The level that a phase diagram shows unless told: half of all where shares lie on both sides of it, else the middle."""
    values = means.lines["mean"].to_numpy()
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if unit_of(means.outcome) == "share" and low < 0.5 < high:
        return 0.5
    return float(f"{(low + high) / 2:.2g}")


def roles(means: Means) -> tuple[Axis, Axis, tuple[Axis, ...]]:
    """Which path goes along, which up, and which by panel: numbers first, then those with most values."""
    order = sorted(means.axes, key=lambda each: (not each.numeric, -len(each.values)))
    if len(order) < 2:
        raise SweepError("a map needs two varied paths", remedy="Vary another one.")
    rest = tuple(each for each in means.axes if each is not order[0] and each is not order[1])
    return order[0], order[1], rest


def canvas(title: str, x: Axis, y: Axis, panels: int) -> tuple[Figure, list[Axes]]:
    """Empty panels as large as their cells need."""
    if panels > 1:
        return empty(title, panels)
    wide = min(max(0.62 * len(x.values) + 2.6, 6.0), 10.0)
    return empty(title, height=min(max(0.42 * len(y.values) + 1.5, 3.2), 7.0), width=wide)


def grid(x: Axis, y: Axis, values: Floats, inside: Any) -> Floats:
    """Values of the points of a panel in their places, (Y, X); NaN where there is none."""
    cells = np.full((len(y.values), len(x.values)), np.nan)
    cells[y.places[inside], x.places[inside]] = values[inside]
    return cells


def label(panel: Axes, x: Axis, y: Axis, *, first: bool) -> None:
    """Name both axes, and put their values at the middles of cells."""
    panel.set_facecolor(NOTHING)
    for axis, each in ((panel.xaxis, x), (panel.yaxis, y)):
        ticks(axis, each, places=True)
        axis.set_ticks(axis.get_majorticklocs() + 0.5, [text.get_text() for text in axis.get_majorticklabels()])
    panel.tick_params(length=0)
    slant(panel, x)
    panel.set_xlabel(plain(x.name))
    if first:
        panel.set_ylabel(plain(y.name))
    panel.spines[:].set_visible(False)


def write(panel: Axes, cells: Floats, unit: str, dark: Any) -> None:
    """Write each cell's number into it where there are few."""
    if cells.size > WRITTEN or cells.shape[1] > 16:
        return
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            text = f"{100 * value:.0f}" if unit.startswith("share") else number(float(f"{value:.3g}"))
            colour = LIGHT if dark(value) else DARK
            panel.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=colour)


def bar(
    figure: Figure, image: Any, panels: list[Axes], outcome: str, *, low: float = 0, high: float = 0, level: float | None = None
) -> None:
    """The scale of colours; of a phase diagram the part of it that there is, with the level."""
    made = figure.colorbar(image, ax=panels, shrink=0.9, format=tick_format(unit_of(outcome)))
    made.set_label(plain(axis_label(outcome)), color=INK)
    made.ax.tick_params(colors=INK, labelsize=9)
    made.outline.set_visible(False)
    if level is not None:
        if min(low, level) < max(high, level):
            made.ax.set_ylim(min(low, level), max(high, level))
        made.ax.axhline(level, color=DARK, linewidth=2.2)
