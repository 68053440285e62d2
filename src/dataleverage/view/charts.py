"""The charts as Vega-Lite specifications, made with Altair.

Data come by name when the page draws them (`scores`, `shares`, `payoffs`, `quality`, and `here`, a single empty row).
Colours are the page's own CSS variables, so that a change of theme redraws nothing; the round is the signal `cursor`.
"""

from __future__ import annotations

from typing import Any

import altair as alt

HEIGHT = 168
LEVERS = ("contribute", "withhold", "delete", "poison", "redirect")


def charts(levers: list[str], columns: int, last_round: int, *, money: bool, quality: bool) -> dict[str, dict[str, Any]]:
    """Every chart there is something to draw for, by name."""
    many = last_round > 40
    found = {
        "scores": scores(columns, last_round, many),
        "shares": shares(levers, last_round),
    }
    if quality:
        names = ["everyone", "company"]
        found["quality"] = lines("quality", "view", "quality", names, ["var(--line-1)", "var(--line-2)"], last_round, many)
    if money:
        names = ["operator", "creators"]
        found["payoffs"] = lines("payoffs", "who", "payoff", names, ["var(--line-1)", "var(--line-2)"], last_round, many)
    return {name: specification(chart) for name, chart in found.items()}


def scores(columns: int, last_round: int, many: bool) -> alt.LayerChart:
    """A line a column, the headline one strong, the others faint, and of those the one that lost most with its name."""
    base = alt.Chart(alt.NamedData("scores")).encode(x=round_axis(last_round), y=value_axis("score"))
    faint = base.transform_filter("!datum.main").mark_line(strokeWidth=1.1, stroke="var(--faint-line)")
    strong = base.transform_filter("datum.main").mark_line(strokeWidth=2.4, stroke="var(--line-1)")
    dots = base.transform_filter("datum.main").mark_circle(size=14 if many else 30, fill="var(--line-1)", opacity=1)
    near = base if columns <= 24 else base.transform_filter("datum.main")  # one invisible mark a point
    caught = near.mark_point(size=90, opacity=0, filled=True).encode(
        tooltip=[alt.Tooltip("column:N"), alt.Tooltip("round:Q"), alt.Tooltip("score:Q")]
    )
    mark = base.transform_filter("datum.main").mark_circle(size=75, fill="var(--line-1)", stroke="var(--paper)")
    mark = mark.encode(opacity=at_cursor())
    others = [faint.encode(detail="column:N")] if columns > 1 else []
    most = base.transform_filter("datum.most").mark_line(strokeWidth=1.6, stroke="var(--muted)")
    named = [most, *(tag(base, late) for late in (False, True))] if columns > 2 else []
    return layered(cursor(last_round), *others, *named, strong, dots, mark, caught)


def tag(base: alt.Chart, late: bool) -> alt.Chart:
    """The name of a column beside its lowest point: to the right of it, or to the left where the game is late."""
    there = f"datum.tag && datum.late === {'true' if late else 'false'}"
    wanted = base.transform_filter(f"datum.main || {there}")  # a layer without any datum would be warned of
    found: alt.Chart = wanted.mark_text(
        align="right" if late else "left", dx=-5 if late else 5, dy=-7, fontSize=11, fontWeight=600, fill="var(--ink)"
    ).encode(text="tag:N")
    return found


def shares(levers: list[str], last_round: int) -> alt.LayerChart:
    """The share of creators on each lever, stacked; contributing on top, so that what acts grows from the floor."""
    order = list(reversed(levers))
    colours = [f"var(--lever-{lever})" if lever in LEVERS else "var(--lever-other)" for lever in order]
    base = alt.Chart(alt.NamedData("shares"))
    area = base.mark_area(interpolate="step", strokeWidth=0.8, stroke="var(--paper)", opacity=0.92).encode(
        x=round_axis(last_round),
        y=alt.Y("share:Q", stack="zero", scale=alt.Scale(domain=[0, 1]), axis=axis(format="%", tickCount=4)),
        fill=alt.Fill("lever:N", scale=alt.Scale(domain=order, range=colours), legend=None),
        order=alt.Order("order:Q"),
        tooltip=[alt.Tooltip("lever:N"), alt.Tooltip("round:Q"), alt.Tooltip("share:Q", format=".0%")],
    )
    return layered(area, cursor(last_round))


def lines(data: str, by: str, value: str, names: list[str], colours: list[str], last_round: int, many: bool) -> alt.LayerChart:
    """Two lines, one solid and one dashed, with their points."""
    base = alt.Chart(alt.NamedData(data)).encode(x=round_axis(last_round), y=value_axis(value))
    scale = alt.Scale(domain=names, range=colours)
    line = base.mark_line(strokeWidth=2.2).encode(
        stroke=alt.Stroke(f"{by}:N", scale=scale, legend=None),
        strokeDash=alt.StrokeDash(f"{by}:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 3]]), legend=None),
    )
    fill = alt.Fill(f"{by}:N", scale=scale, legend=None)
    dots = base.mark_circle(size=14 if many else 26, opacity=1).encode(
        fill=fill,
        tooltip=[alt.Tooltip(f"{by}:N"), alt.Tooltip("round:Q"), alt.Tooltip(f"{value}:Q")],
    )
    now = base.mark_circle(size=75, stroke="var(--paper)").encode(fill=fill, opacity=at_cursor())
    return layered(cursor(last_round), line, dots, now)


def layered(*parts: alt.Chart) -> alt.LayerChart:
    """One on another, with the signal that the page moves."""
    return alt.LayerChart(layer=list(parts), params=[alt.VariableParameter(name="cursor", value=0)])


def at_cursor() -> Any:
    """Seen at the round only."""
    return alt.condition("datum.round == cursor", alt.value(1), alt.value(0))


def cursor(last_round: int) -> alt.Chart:
    """A vertical line at the round."""
    here = alt.Chart(alt.NamedData("here")).transform_calculate(at="cursor")
    rule = here.mark_rule(stroke="var(--accent)", strokeWidth=1.5, opacity=0.85)
    found: alt.Chart = rule.encode(x=alt.X("at:Q", scale=round_scale(last_round)))
    return found


def round_scale(last_round: int) -> alt.Scale:
    """From round 0 to the last one, no further."""
    return alt.Scale(domain=[0, max(1, last_round)], nice=False, zero=False)


def round_axis(last_round: int) -> alt.X:
    """Rounds along the bottom, few enough numbers to be read."""
    shown = axis(format="d", tickMinStep=1, tickCount=min(6, max(1, last_round)), labelOverlap=True, grid=False, title=None)
    return alt.X("round:Q", scale=round_scale(last_round), axis=shown)


def value_axis(value: str) -> alt.Y:
    """A number up the side; the axis need not reach 0."""
    return alt.Y(f"{value}:Q", scale=alt.Scale(zero=False, nice=True, padding=6), axis=axis(tickCount=4))


def axis(**given: Any) -> alt.Axis:
    """An axis in the page's colours, with what is given on top."""
    options: dict[str, Any] = {
        "title": None,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "labelColor": "var(--muted)",
        "gridColor": "var(--hairline)",
        "labelFontSize": 11,
    }
    return alt.Axis(**(options | given))


def specification(chart: alt.LayerChart) -> dict[str, Any]:
    """As wide as what holds it, without a frame or a background; no address in it that a browser could ask for."""
    styled = (
        chart.properties(width="container", height=HEIGHT, padding={"left": 2, "right": 8, "top": 6, "bottom": 2})
        .configure(
            font="system-ui, sans-serif",
            background="transparent",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure_view(stroke=None)
    )
    found: dict[str, Any] = styled.to_dict()
    found.pop("$schema", None)
    return found
