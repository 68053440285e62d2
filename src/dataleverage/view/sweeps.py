"""The figures that a sweep has: which ones its design and its varied paths call for, and their files."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import SweepError
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import sensitivity
from dataleverage.view.figures import INK, save
from dataleverage.view.sweep_axes import COLOURS, Drawing, Means
from dataleverage.view.sweep_lines import cloud, dots, lines
from dataleverage.view.sweep_maps import heat_map, middle_level, phase_diagram
from dataleverage.view.sweep_tornado import tornado

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LETTERS = 15  # of a caption, an inch
INKS = {"#22313f": "--ink", "#ffffff": "--paper"} | {colour: f"--series-{k + 1}" for k, colour in enumerate(COLOURS)}


@dataclass(frozen=True, eq=False)
class Drawn:
    """The figures of an outcome, and what is said of those that there could not be."""

    drawings: list[Drawing]
    notes: list[str]


def drawn(results: Results, outcome: str, level: float | None = None) -> Drawn:
    """Every figure that a sweep has of an outcome.

    Of a grid of values: lines along one path; from two paths on a map, and of two paths of numbers a phase diagram at `level`
    (one in the middle unless given). Of a list that is no grid: points by name. Of designs at random: a cloud a path, and the
    tornado of indices where there are any. Raises SweepError where the sweep kept no such outcome or no run has it.
    """
    means = Means.of(results, outcome)
    made: list[Drawing] = []
    notes: list[str] = []
    for attempt in attempts(results, means, level):
        try:
            made.append(attempt())
        except SweepError as error:
            notes.append(f"{error.message}. {error.remedy or ''}".strip())
    return Drawn(made, list(dict.fromkeys(notes)))


def attempts(results: Results, means: Means, level: float | None) -> list[Callable[[], Drawing]]:
    """The figures that the design and the varied paths call for."""
    if not means.axes:
        return []
    if results.sweep.design in ("sobol", "morris"):
        return [lambda: tornado(sensitivity(results, means.outcome)), lambda: cloud(means)]
    if results.sweep.design == "latin_hypercube":
        return [lambda: cloud(means)]
    if not means.crossed:
        return [lambda: dots(means, level)]
    if len(means.axes) == 1:
        return [lambda: lines(means, level) if means.axes[0].numeric else dots(means, level)]
    found = [lambda: heat_map(means)]
    if level is not None or sum(axis.numeric for axis in means.axes) > 1:
        found.append(lambda: phase_diagram(means, middle_level(means) if level is None else level))
    return [*found, lambda: lines(means, level)]


def moving(results: Results) -> tuple[str, ...]:
    """The outcomes that are not the same at every point."""
    found = []
    for outcome in results.outcomes:
        values = results.values(outcome)
        known = values[~np.isnan(values)]
        if known.size and np.ptp(known) > 1e-12 * max(1.0, float(np.abs(known).max())):
            found.append(outcome)
    return tuple(found)


def check_folder(folder: Path) -> None:
    """Raise SweepError where figures cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise SweepError(f"{folder} is a file; figures go into a folder", key="--out", remedy="Name a folder.")


def files(drawing: Drawing, folder: Path) -> Iterator[Path]:
    """Write a figure as SVG, and as PNG with its caption; gives the files."""
    stem = re.sub(r"[^\w.-]", "-", drawing.name)
    path = folder / f"{stem}.svg"
    path.write_text(svg(drawing.figure), encoding="utf-8")
    yield path
    words = "\n".join(textwrap.wrap(drawing.caption, int(LETTERS * drawing.figure.get_figwidth())))
    drawing.figure.supxlabel(words.replace("$", r"\$"), fontsize="small", color=INK, x=0.01, ha="left")
    yield save(drawing.figure, folder / f"{stem}.png")


def svg(figure: Figure) -> str:
    """A figure as SVG, its texts as text; the same figure gives the same bytes."""
    import matplotlib

    made = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dataleverage"}):
        figure.savefig(made, format="svg", bbox_inches="tight", metadata={"Date": None})
    return made.getvalue()


def inline_svg(figure: Figure, label: str, number: int) -> str:
    """The same to stand in a page: colours by the page's variables, names of its parts its own.

    label : what a screen reader says. number : which figure of the page it is.
    """
    text = svg(figure)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\b(id="|href="#|url\(#)', rf"\1f{number}-", text)
    text = re.sub(r"#[0-9a-f]{6}\b", lambda found: f"var({INKS[found[0]]})" if found[0] in INKS else found[0], text)
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{html.escape(label, quote=True)}" ', text, count=1)
