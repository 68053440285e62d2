"""How a tournament went: in words, for a program, and as a heat-map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import ScenarioError
from dataleverage.measure.intervals import Interval
from dataleverage.sweep.tournament import SCORES, Standings
from dataleverage.view.figures import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = (".png", ".svg")
TITLES = {"creators": "a creator of the group, a round", "operator": "the operator, a round", "quality": "quality at the end"}


def lines(standings: Standings) -> list[tuple[str, str]]:
    """(label, text) pairs."""
    tournament = standings.tournament
    worlds = standings.plays.world.nunique()
    sides = f"{len(tournament.strategies)} strategies of {tournament.group} × {len(tournament.operators)} operators"
    told = [("Played", f"{sides} in {worlds} worlds, {tournament.plays} plays in each")]
    if worlds < 2:
        told.append(("", "one world: there are no intervals"))
    if standings.refused:
        told.append(("", f"{len(standings.refused)} worlds are left out: training beats guessing there by no more than noise"))
    told += ranks("Strategies", "what a creator of the group gets in a round", standings.ranking("strategy", "creators"))
    told += ranks("Operators", "what the operator gets in a round", standings.ranking("operator_name", "operator"))
    if len(standings.tactics):
        told += ranks("Under attack", "quality that the tactic which hurts most leaves", standings.attacked())
        for operator, part in standings.plays[standings.plays.tactic.notna()].groupby("operator_name", sort=False):
            kept = part.tactic.value_counts()
            told.append(("Kept tactics", f"{operator}: " + ", ".join(f"{name} {count}×" for name, count in kept.items())))
    else:
        told.append(("Under attack", "not tried: the scenario offers no tactics"))
    return told


def ranks(label: str, what: str, ranking: Sequence[tuple[str, Interval]]) -> list[tuple[str, str]]:
    """A ranking, a line each."""
    lines = [(label, f"{what}, mean over worlds (95 % interval)")]
    return lines + [(label, f"{i + 1}. {name}: {within(one)}") for i, (name, one) in enumerate(ranking)]


def within(one: Interval) -> str:
    """A mean with its interval, where there is one."""
    mean = f"{one.mean + 0.0:.4f}"
    return mean if math.isinf(one.error) else f"{mean} ({one.low:.4f} to {one.high:.4f})"


def as_json(standings: Standings) -> dict[str, Any]:
    """The same for a program, with every play."""
    tournament = standings.tournament
    plays = standings.plays.astype(object).where(standings.plays.notna(), None)
    return {
        "title": tournament.title,
        "group": tournament.group,
        "worlds": int(standings.plays.world.nunique()),
        "refused": list(standings.refused),
        "strategies": told(standings.ranking("strategy", "creators")),
        "operators": told(standings.ranking("operator_name", "operator")),
        "attacked": told(standings.attacked()),
        "tables": {score: standings.table(score).T.to_dict() for score in SCORES},
        "plays": plays.to_dict(orient="records"),
        "tactics": standings.tactics.to_dict(orient="records"),
    }


def told(ranking: Sequence[tuple[str, Interval]]) -> list[dict[str, Any]]:
    """A ranking as plain data; bounds are null where there is one world."""
    found = []
    for name, one in ranking:
        known = not math.isinf(one.error)
        bounds = {"low": one.low, "high": one.high} if known else {"low": None, "high": None}
        found.append({"name": name, "mean": one.mean, **bounds, "worlds": one.worlds})
    return found


def check_figure(path: Path) -> None:
    """Raise ScenarioError for a file that a heat-map cannot be written to."""
    if path.suffix.lower() not in KINDS:
        raise ScenarioError(f"a figure is not written as {path.suffix!r}", key="--plot", remedy=f"Use {' or '.join(KINDS)}.")
    if not path.parent.is_dir():
        raise ScenarioError(f"there is no folder {path.parent}", key="--plot", remedy="Make it first.")


def heat_map(standings: Standings) -> Figure:
    """Strategies by operators, a panel for each score, every mean written into its cell."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tables = [standings.table(score) for score in SCORES]
    rows, columns = tables[0].shape
    figure = Figure(figsize=(3 * max(3.0, 1.0 + 0.9 * columns), 1.8 + 0.45 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(standings.tournament.title, x=0.01, ha="left", color=INK)
    for k, (score, table) in enumerate(zip(SCORES, tables, strict=True)):
        axes = figure.add_subplot(1, len(SCORES), k + 1)
        values = table.to_numpy(dtype=np.float64)
        image = axes.imshow(values, cmap="cividis", aspect="auto")
        axes.set_title(TITLES[score], loc="left", fontsize=10, color=INK)
        axes.set_xticks(range(columns), list(table.columns), rotation=30, ha="right")
        axes.set_yticks(range(rows), list(table.index) if k == 0 else [""] * rows)
        middle = (np.nanmin(values) + np.nanmax(values)) / 2
        for i in range(rows):
            for j in range(columns):
                dark = values[i, j] < middle
                axes.text(j, i, f"{values[i, j]:.3g}", ha="center", va="center", fontsize=8, color="white" if dark else "black")
        figure.colorbar(image, ax=axes, shrink=0.8)
    return figure
