"""Figures: what the measures say of a grid, drawn by matplotlib into files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.measure import scaling
from dataleverage.measure.intervals import quantile
from dataleverage.view.measured import Measured
from dataleverage.view.told import NORMAL, formula, levels_off, short, unit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, SECOND = "#22313f", "#0072b2", "#d55e00"  # Okabe and Ito's blue and vermilion, told apart by everyone
WIDTH = 7.0  # inches
SHOWN = 40  # objects drawn
LONGEST = 28  # letters of an object's name
ORDERS = {  # what is drawn of each order, its colour and its mark
    "random": ("at random: mean of all rows of a size", INK, "o"),
    "greedy": ("greedy: who hurts most now", ACCENT, "s"),
    "worst": ("worst row of each size", SECOND, "^"),
}


def check_folder(folder: Path) -> None:
    """Raise GridError where figures cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise GridError(f"{folder} is a file; figures go into a folder", remedy="Name a folder.", key="--plot")


def draw(grid: Grid, found: Measured, folder: Path) -> list[Path]:
    """Write a PNG for every value, the scaling curve, the strike curves and leverage; returns the files."""
    if not found.values and found.scaling is None and found.leverage is None and not found.strikes:
        raise GridError(
            "there is nothing to draw: strike curves need two objects and every row, or eight rows or more to train",
            remedy="Add --values, --scaling or --leverage.",
            key="--plot",
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in found.values.items():
        written.append(save(values(grid, name, frame, found.reach.get(name)), folder / f"{name.replace(':', '-')}.png"))
    if found.scaling is not None and found.sizes is not None:
        written.append(save(scaled(grid, found.scaling, found.sizes, sampled="scaling" in found.cells), folder / "scaling.png"))
    if found.leverage is not None:
        written.append(save(leverage(found), folder / "leverage.png"))
    if found.strikes:
        written.append(save(strikes(grid, found), folder / "strikes.png"))
    return written


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to a file, and return the file."""
    figure.savefig(path, dpi=150, bbox_inches="tight")
    return path


def canvas(title: str, x: str, y: str, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty figure with labelled axes. No window is opened and no global state changed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def values(grid: Grid, name: str, frame: pd.DataFrame, reach: pd.DataFrame | None) -> Figure:
    """Bars by object for the first column, who helps most first; those that hurt in another colour."""
    column = frame.columns[0]
    known = frame[column].dropna()
    order = known.abs().sort_values(ascending=False, kind="stable").index[:SHOWN]
    sign = 1 if METRICS[grid.columns[0].metric].greater_is_better else -1
    part = known.loc[(sign * known.loc[order]).sort_values(kind="stable").index]
    kind, *parameters = name.replace("_", " ").split(":")
    title = f"{kind.capitalize()}{'(' + ', '.join(parameters) + ')' if parameters else ''}, by object"
    figure, axes = canvas(
        title if len(part) == len(frame) else f"{title}: the {len(part)} largest of {len(frame):,}",
        f"what each adds to {unit(grid)}",
        "",
        1.2 + 0.24 * len(part),
    )
    colours = [ACCENT if sign * value >= 0 else SECOND for value in part]
    far = None if reach is None else reach.loc[part.index, column].to_numpy()
    axes.barh(np.arange(len(part)), part.to_numpy(), xerr=far, color=colours, ecolor=INK, capsize=2, height=0.7)
    axes.set_yticks(np.arange(len(part)), [short(str(each), LONGEST) for each in part.index])
    axes.set_ylim(-0.6, len(part) - 0.4)
    axes.axvline(0, color=INK, linewidth=0.8)
    if reach is not None:
        below(figure, "lines: 95 % interval of the sampling")
    return figure


def below(figure: Figure, text: str) -> None:
    """A line under everything."""
    figure.supxlabel(text, fontsize="small", color=INK, x=0.99, ha="right")


def scaled(grid: Grid, fitted: pd.DataFrame, sizes: pd.DataFrame, *, sampled: bool = False) -> Figure:
    """Mean score by size, its interval where rows were drawn, one standard deviation between rows, and the fitted curve."""
    column = grid.column_names[0]
    part = sizes[sizes.column == column]
    figure, axes = canvas("Scaling", "training examples m", unit(grid))
    low, high = part.score - part.deviation, part.score + part.deviation
    axes.fill_between(part.examples, low, high, color=ACCENT, alpha=0.15, linewidth=0, label="one deviation between rows")
    if sampled:
        reach = [quantile(0.975, max(rows - 1, 1)) for rows in part.rows] * part.error
        axes.errorbar(part.examples, part.score, yerr=reach, fmt="none", color=ACCENT, capsize=2)
        below(figure, "points: random rows of a size, and the 95 % interval of their mean")
    axes.plot(part.examples, part.score, "o", color=ACCENT, label="mean of the rows of a size")
    m = np.linspace(float(part.examples.min()), float(part.examples.max()), 200)
    line = fitted.loc[[column]].iloc[0]
    end = "" if levels_off(line, part) else " (where it levels off cannot be told)"
    axes.plot(m, [float(scaling.predict(fitted, each)[column]) for each in m], color=SECOND, label=f"{formula(line)}{end}")
    axes.legend(frameon=False)
    return figure


def leverage(found: Measured) -> Figure:
    """Deletion and duplication against the share of objects that act, in both views."""
    assert found.leverage is not None and found.gap is not None
    gap = found.gap
    figure, axes = canvas(
        "Leverage of random groups", "share of objects acting", f"part of the gap ({gap.floor:.3f} to {gap.full:.3f})"
    )
    for view, style, where in (
        ("fixed holdout", "o-", "everyone's examples"),
        ("company", "s--", "examples of the owners held"),
    ):
        part = found.leverage.loc[view]
        for name, colour in (("deletion", SECOND), ("duplication", ACCENT)):
            if part[name].notna().any():
                reach = NORMAL * part[f"{name} error"]
                text = f"{name}, {where}"
                axes.errorbar(part.index, part[name], yerr=reach, fmt=style, color=colour, capsize=2, label=text)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    figure.legend(frameon=False, loc="outside lower center", ncols=2)
    return figure


def strikes(grid: Grid, found: Measured) -> Figure:
    """The strike curves there are; means over a sample of rows with their 95 % intervals."""
    from matplotlib.ticker import MaxNLocator

    column = grid.column_names[0]
    figure, axes = canvas("Strike curves", "objects that left", unit(grid))
    for order, curve in found.strikes.items():
        label, colour, mark = ORDERS[order]
        if f"{column} low" in curve:
            label = f"at random: mean of up to {int(curve.rows.max())} rows of a size"
            axes.fill_between(curve.index, *drawn(curve, column), color=colour, alpha=0.15, linewidth=0)
            below(figure, "band: 95 % interval of the sampling")
        axes.plot(curve.index, curve[column], f"{mark}-", color=colour, label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    return figure


def drawn(curve: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series]:
    """(low, high) ends of the interval at each point of a curve: the mean itself where it is of all rows."""
    return curve[f"{column} low"].fillna(curve[column]), curve[f"{column} high"].fillna(curve[column])
