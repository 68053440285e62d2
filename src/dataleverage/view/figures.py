"""Figures: what the measures say of a grid, drawn by matplotlib into files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import GridError
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.table import Table
from dataleverage.measure import curves, scaling
from dataleverage.view.measured import Measured

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, SECOND = "#22313f", "#0072b2", "#d55e00"  # Okabe and Ito's blue and vermilion, told apart by everyone
WIDTH = 7.0  # inches
SHOWN = 40  # objects drawn


def check_folder(folder: Path) -> None:
    """Raise GridError where figures cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise GridError(f"{folder} is a file; figures go into a folder", remedy="Name a folder.", key="--plot")


def draw(grid: Grid, table: Table, found: Measured, folder: Path) -> list[Path]:
    """Write a PNG for every value, the scaling curve, the strike curves and leverage; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in found.values.items():
        written.append(save(values(grid, name, frame, found.errors.get(name)), folder / f"{name.replace(':', '-')}.png"))
    if found.scaling is not None and found.sizes is not None:
        written.append(save(scaled(grid, found.scaling, found.sizes), folder / "scaling.png"))
    if found.leverage is not None:
        written.append(save(leverage(grid, found.leverage), folder / "leverage.png"))
    if table.complete:
        written.append(save(strikes(grid, table), folder / "strikes.png"))
    return written


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to a file, and return the file."""
    figure.savefig(path, dpi=150, bbox_inches="tight")
    return path


def canvas(title: str, x: str, y: str, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty figure with labelled axes. No window is opened and no global state changed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def label(grid: Grid, c: int = 0) -> str:
    """What a column measures, and on which slice, for an axis."""
    return f"{METRICS[grid.columns[c].metric].label} on {grid.columns[c].slice}"


def values(grid: Grid, name: str, frame: pd.DataFrame, errors: pd.DataFrame | None) -> Figure:
    """Bars by object for the first column, the largest first."""
    column = frame.columns[0]
    order = frame[column].abs().sort_values(ascending=False, kind="stable").index[:SHOWN]
    part = frame.loc[order[::-1], column]
    figure, axes = canvas(f"{name.replace('_', ' ')} of objects", label(grid), "", 1.2 + 0.24 * len(part))
    reach = None if errors is None else 1.96 * errors.loc[part.index, column].to_numpy()
    colours = [ACCENT if value >= 0 else SECOND for value in part]
    axes.barh(np.arange(len(part)), part.to_numpy(), xerr=reach, color=colours, height=0.7)
    axes.set_yticks(np.arange(len(part)), [str(each) for each in part.index])
    axes.axvline(0, color=INK, linewidth=0.8)
    return figure


def scaled(grid: Grid, fitted: pd.DataFrame, sizes: pd.DataFrame) -> Figure:
    """Mean score by size, one standard deviation between rows, and the fitted curve."""
    column = grid.column_names[0]
    part = sizes[sizes.column == column]
    figure, axes = canvas("Scaling", "training examples", label(grid))
    axes.fill_between(
        part.examples, part.score - part.deviation, part.score + part.deviation, color=ACCENT, alpha=0.15, linewidth=0
    )
    axes.plot(part.examples, part.score, "o", color=ACCENT, label="mean of rows (band: one deviation between rows)")
    m = np.linspace(float(part.examples.min()), float(part.examples.max()), 200)
    line = fitted.loc[column]
    text = f"{line['a']:.3f} − {line['b']:.3g}·m^−{line['c']:.3f}"
    axes.plot(m, [float(scaling.predict(fitted, each)[column]) for each in m], color=SECOND, label=text)
    axes.legend(frameon=False)
    return figure


def leverage(grid: Grid, by_share: pd.DataFrame) -> Figure:
    """Deletion and duplication against the share of objects that act, in both views."""
    figure, axes = canvas("Leverage of random groups", "share of objects acting", "part of the gap")
    for view, style in (("fixed holdout", "-"), ("company", "--")):
        part = by_share.loc[view]
        for name, colour in (("deletion", SECOND), ("duplication", ACCENT)):
            if part[name].notna().any():
                axes.errorbar(
                    part.index,
                    part[name],
                    yerr=1.96 * part[f"{name} error"],
                    fmt=f"o{style}",
                    color=colour,
                    label=f"{name}, {view}",
                )
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def strikes(grid: Grid, table: Table) -> Figure:
    """The strike curve by three orders."""
    column = grid.column_names[0]
    figure, axes = canvas("Strike curves", "objects that left", label(grid))
    for order, colour, mark in (("random", INK, "o"), ("greedy", ACCENT, "s"), ("worst", SECOND, "^")):
        curve = curves.strike(table, order, column=column)
        axes.plot(curve.index, curve[column], f"{mark}-", color=colour, label=order)
    axes.legend(frameon=False)
    return figure
