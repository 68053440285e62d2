"""The report of a sweep: one HTML file that reads from disk with no network and runs nothing."""

from __future__ import annotations

import html
from collections.abc import Mapping
from importlib.resources import files
from io import StringIO

from dataleverage.scenario.overrides import put
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.schema import Allowed
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import Sensitivity
from dataleverage.sweep.summary import differences, summary
from dataleverage.view.sweep_told import indices_of, within
from dataleverage.view.sweep_words import (
    definition_of,
    meaning_of,
    number,
    outcome_name,
    short_names,
    spread_words,
    unit_of,
    value_words,
)
from dataleverage.view.sweeps import Drawn, inline_svg

MOST = 1_800_000  # bytes of a report, before what is left out is named
ROWS = 150  # points in a table
DESIGNS = {
    "factorial": "every combination of the values",
    "list": "the first value of each list together, then the second, and so on",
    "latin_hypercube": "a Latin hypercube: points at random, spread evenly along every path",
    "sobol": "Saltelli's sample, for Sobol' indices",
    "morris": "Morris's trajectories, for elementary effects",
}
# styles may be inline, since those of SVG are; there is no script
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def report(results: Results, plan: Plan, drawn: Mapping[str, Drawn]) -> str:
    """The report.

    plan : of the same sweep; its scenario tells the story. drawn : the figures by outcome, in the order in which they are told;
    what would make the file larger than it should be is named instead.
    """
    title = str(plan.base.get("title") or "A sweep")
    head = [story(plan, title), varied(results, plan), fixed(plan)]
    tail = [limits(results), "</main></body></html>"]
    size = sum(len(part.encode()) for part in [*head, *tail])
    parts, left_out = [], []
    count = 0
    for outcome, figures in drawn.items():
        part = section(results, outcome, figures, count)
        count += len(figures.drawings)
        if size + len(part.encode()) > MOST:
            left_out.append(outcome)
            continue
        size += len(part.encode())
        parts.append(part)
    still = [name for name in results.outcomes if name not in drawn]
    if left_out or still:
        parts.append("<h2>Not shown here</h2>")
    if still:
        parts.append(paragraph(f"Not asked for, or the same at every point: {', '.join(map(outcome_name, still))}."))
    if left_out:
        parts.append(paragraph(f"For the size of this file: {', '.join(left_out)} (sweep plot --outcome NAME)."))
    top = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}: a sweep</title><style>{style()}</style></head><body><main>"
    )
    return "\n".join([top, *head, *parts, *tail])


def style() -> str:
    """The style sheet, as it is in the package."""
    return (files("dataleverage.view") / "web" / "report.css").read_text(encoding="utf-8")


def text(value: object) -> str:
    """Escaped for HTML."""
    return html.escape(str(value), quote=True)


def paragraph(value: object, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{f' class={kind}' if kind else ''}>{text(value)}</p>"


def table(head: list[str], rows: list[list[str]], caption: str, kind: str = "words") -> str:
    """A table of plain texts that scrolls sideways where it is too wide."""
    top = "".join(f"<th scope=col>{text(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{text(each)}</td>" for each in row) + "</tr>" for row in rows)
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    said = f"<p class=said>{text(caption)}</p>" if caption else ""  # outside, so that it does not scroll away
    return f'{said}<div class=wide><table class={kind} aria-label="{text(caption)}">{inside}</table></div>'


def story(plan: Plan, title: str) -> str:
    """The scenario's title, text and source."""
    parts = [f"<p class=kicker>A sweep of</p><h1>{text(title)}</h1>"]
    parts += [paragraph(each) for each in str(plan.base.get("about") or "").strip().split("\n\n") if each.strip()]
    if plan.base.get("source"):
        parts.append(paragraph(f"Source: {plan.base['source']}", "quiet"))
    return "\n".join(parts)


def varied(results: Results, plan: Plan) -> str:
    """What was varied, in how many runs, and how they ended."""
    sweep = results.sweep
    names = short_names(list(sweep.vary))
    spreads = sweep.spreads()
    moves = {path: way for path, way in spreads.items() if len(set(map(value_words, way.listed() or (0, 1)))) > 1}
    rows = [[names[path], path, meaning_of(path, plan.base), spread_words(way)] for path, way in moves.items()]
    parts = ["<h2>What was varied</h2>"]
    if rows:
        parts.append(table(["Short name", "Path", "What it is", "Values"], rows, f"Design: {DESIGNS[sweep.design]}."))
    else:
        parts.append(paragraph("Nothing: one point."))
    for path, way in spreads.items():
        if path not in moves:
            parts.append(paragraph(f"Set to {spread_words(way)} at all points: {path}.", "quiet"))
    _, worlds, replicates = plan.shape
    counts = results.counts().sum()
    ends = {
        "done": "done",
        "failed": "failed",
        "no_gap": "without a gap between guessing and training",
        "waiting": "not played",
    }
    told = ", ".join(f"{counts[name]:,} {words}" for name, words in ends.items() if counts[name] or name == "done")
    shape = f"{len(results.points):,} points × {worlds:,} worlds × {replicates:,} plays in each"
    parts.append(paragraph(f"{shape}; of {int(counts.sum()):,} runs {told}. All points share the seeds of worlds and plays."))
    return "\n".join(parts)


def fixed(plan: Plan) -> str:
    """What was held fixed: the scenario file with what was varied marked."""
    from copy import deepcopy

    from ruamel.yaml import YAML

    base = {name: deepcopy(value) for name, value in plan.base.items() if name not in ("title", "about", "source")}
    top = Allowed.by(Scenario)
    for path in plan.order:
        put(base, path.split("."), "(varied)", top)
    made = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 110
    yaml.dump(base, made)
    return (
        "<h2>What was held fixed</h2>"
        + paragraph("All else in the scenario file, and the defaults of what is not in it.")
        + f"<details><summary>The scenario</summary><pre>{text(made.getvalue())}</pre></details>"
    )


def section(results: Results, outcome: str, drawn: Drawn, before: int) -> str:
    """One outcome: what it is, its figures, its indices and its table. before : figures on the page so far."""
    parts = [f"<h2>{text(outcome_name(outcome))}</h2>", paragraph(definition_of(outcome), "quiet")]
    for k, drawing in enumerate(drawn.drawings, before + 1):
        words = text(drawing.caption)
        parts.append(f"<figure>{inline_svg(drawing.figure, drawing.caption, k)}<figcaption>{words}</figcaption></figure>")
    parts += [paragraph(note, "quiet") for note in drawn.notes]
    if isinstance(found := indices_of(results, outcome), Sensitivity):
        parts.append(indices_table(found))
    else:
        parts.append(points_table(results, outcome))
    return "\n".join(parts)


def points_table(results: Results, outcome: str) -> str:
    """Each point with its interval, and its difference from the first one over the same worlds."""
    unit = unit_of(outcome)
    lines = summary(results, [outcome]).droplevel("outcome")
    against = differences(results, outcome, int(lines.index[0]))
    moves = [path for path in results.paths if results.points[path].map(value_words).nunique() > 1]
    points, names = results.points[moves], short_names(moves)
    rows = []
    for point in list(lines.index)[:ROWS]:
        line, apart = lines.loc[point], against.loc[point]
        values = [value_words(value) for value in points.loc[point]]
        gone = line["failed"] + line["no_gap"] + line["waiting"] + line["without"]
        apart_words = "–" if point == lines.index[0] else within(apart, unit)
        rows.append([*values, within(line, unit), apart_words, f"{line['worlds']:.0f}", f"{gone:.0f}"])
    said = "Mean and 95 % interval over worlds; minus the first line: over the worlds that both have. "
    said += "Runs without: failed, not played, or with no such number."
    if len(lines) > ROWS:
        said += f" The first {ROWS} of {len(lines):,} points; `sweep export` has all."
    return table([*names.values(), "mean", "minus the first line", "worlds", "runs without"], rows, said, "numbers")


def indices_table(found: Sensitivity) -> str:
    """Sensitivity indices with their intervals."""
    heads = {
        "first": "alone (S1)",
        "total": "with interactions (ST)",
        "mu_star": "mean absolute effect (μ*)",
        "sigma": "spread (σ)",
    }
    kept = [name for name in heads if name in found.indices]
    names = short_names([str(path) for path in found.indices.index])
    rows = []
    for path, line in found.indices.iterrows():
        spans = [f"{number(line[n])} ({number(line[f'{n}_low'])} to {number(line[f'{n}_high'])})" for n in kept]
        rows.append([names[str(path)], str(path), *spans])
    said = f"Indices with 95 % intervals over the points of the sample; the outcome is its mean over {found.worlds} worlds."
    return table(["short name", "path", *(heads[name] for name in kept)], rows, said, "numbers")


def limits(results: Results) -> str:
    """What the report does not show."""
    counts = results.counts().sum()
    worlds = results.sweep.worlds or 1
    told = [
        "A world is another split of the same data into objects and holdouts. Intervals say how far other splits would move "
        "a mean; other data, another learner or another metric are not in them."
        if worlds > 1
        else "One world was played: all of this holds given one split of one data set, and there are no intervals.",
        "Each interval holds its mean in 95 of 100 such sweeps; of many lines in a table some are wrong by chance.",
        "Student's intervals know no bounds: those of a share may reach below 0 or above 100 %.",
        "What was held fixed was held at one value: an effect that is seen here may vanish at another.",
        "Between the points that were played nothing is known: lines and contours join them.",
        "Creators follow the strategies written in the scenario; people may not.",
    ]
    if counts["failed"] or counts["no_gap"] or counts["waiting"]:
        told.append(
            "Runs without an outcome are left out of means. Where what made them fail has to do with it, means are biased."
        )
    return "<h2>What this does not show</h2><ul>" + "".join(f"<li>{text(each)}</li>" for each in told) + "</ul>"
