"""Figures of sweeps: which ones there are, what is drawn in them, and that they are the same bytes again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from dataleverage.errors import SweepError
from dataleverage.sweep.design import Spread, Sweep
from dataleverage.sweep.results import Results
from dataleverage.sweep.sensitivity import sensitivity
from dataleverage.view.sweep_axes import Means
from dataleverage.view.sweep_lines import lines
from dataleverage.view.sweep_maps import grid, heat_map, middle_level, phase_diagram
from dataleverage.view.sweep_tornado import tornado
from dataleverage.view.sweeps import drawn, files, inline_svg, moving, svg

Played = Callable[[Sweep, Callable[..., float | None]], Results]
NOISE = np.random.default_rng(0).normal(scale=0.02, size=50)


def of(vary: dict[str, Any], design: Any = "factorial", samples: int | None = None, **more: Any) -> Sweep:
    return Sweep(scenario="x.yaml", vary=vary, design=design, samples=samples, outcomes=("users",), **more)


def plane(values: dict[str, Any], world: int, replicate: int) -> float:
    return values["a.x"] / 10 + values["b.y"] / 20 + NOISE[world]


@pytest.fixture
def two(played: Played) -> Results:
    """Users by two numbers, a plane, in four worlds."""
    return played(of({"a.x": tuple(range(8)), "b.y": tuple(range(5))}, worlds=4), plane)


@pytest.mark.parametrize(
    ("sweep", "kinds"),
    [
        (of({"a.x": (1, 2, 3), "b.y": (0,)}, worlds=2), ["lines"]),
        (of({"a.x": (1, 2), "b.y": (3, 4)}), ["map", "phase", "lines"]),
        (of({"a.x": (1, 2, 3), "b.y": (5, 4, 6)}, "list"), ["lines"]),
        (of({"a.x": (1, 2, 3), "b.y": (5, 5, 6)}, "list"), ["points"]),
        (of({"a.x": Spread(uniform=(0, 1)), "b.y": Spread(uniform=(0, 1))}, "latin_hypercube", 9), ["cloud"]),
        (of({"a.x": Spread(uniform=(0, 1)), "b.y": Spread(uniform=(0, 1))}, "sobol", 8), ["tornado", "cloud"]),
        (of({"a.x": Spread(uniform=(0, 1)), "b.y": Spread(uniform=(0, 1))}, "morris", 5), ["tornado", "cloud"]),
    ],
)
def test_a_design_has_its_figures(played: Played, tmp_path: Path, sweep: Sweep, kinds: list[str]) -> None:
    found = drawn(played(sweep, plane), "users")
    assert [drawing.name for drawing in found.drawings] == [f"users-{kind}" for kind in kinds] and not found.notes
    for drawing in found.drawings:
        vector, picture = files(drawing, tmp_path)
        ElementTree.fromstring(vector.read_text(encoding="utf-8"))
        from matplotlib.image import imread

        assert imread(picture)[..., :3].std() > 0.02, "an empty picture"


def test_lines_go_through_the_means_and_bands_are_the_intervals(two: Results) -> None:
    means = Means.of(two, "users")
    (panel,) = lines(means).figure.axes
    first = panel.get_lines()[0]
    part = means.lines.iloc[::5]  # b.y = 0, the other path varies fastest
    assert first.get_ydata() == pytest.approx(part["mean"].to_numpy()) and first.get_xdata() == pytest.approx(np.arange(8))
    corners = panel.collections[0].get_paths()[0].vertices
    assert corners[:, 1].max() == pytest.approx(part["high"].max()) and corners[:, 1].min() == pytest.approx(part["low"].min())


def test_cells_of_a_map_stand_at_their_values(two: Results) -> None:
    means = Means.of(two, "users")
    x, y = means.axes
    cells = grid(x, y, means.lines["mean"].to_numpy(), slice(None))
    assert cells == pytest.approx(np.add.outer(np.arange(5) / 20, np.arange(8) / 10) + NOISE[:4].mean())
    drawing = heat_map(means)
    panel = drawing.figure.axes[0]
    assert np.asarray(panel.collections[0].get_array()) == pytest.approx(cells)
    assert [t.get_text() for t in panel.texts][:2] == [f"{100 * value:.0f}" for value in cells[0, :2]]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("a x", "b y") and "a.x" in drawing.caption


def test_the_contour_of_a_plane_is_its_line_of_that_height(two: Results) -> None:
    means = Means.of(two, "users")
    level = 0.5
    figure = phase_diagram(means, level).figure
    contour = next(each for each in figure.axes[0].collections if type(each).__name__ == "QuadContourSet")
    (path,) = contour.get_paths()
    x, y = path.vertices[:, 0] - 0.5, path.vertices[:, 1] - 0.5
    assert x / 10 + y / 20 + NOISE[:4].mean() == pytest.approx(np.full(len(x), level)) and len(x) > 4
    dotted = sorted(zip(*(figure.axes[0].get_lines()[0].get_data()), strict=True))
    low, high = (means.lines[name].to_numpy() for name in ("low", "high"))
    open_points = np.flatnonzero((low < level) & (level < high))
    assert dotted == sorted((p // 5 + 0.5, p % 5 + 0.5) for p in open_points.tolist()) and dotted


def test_a_level_that_is_not_crossed_is_said_to_be_so(two: Results) -> None:
    assert "below 200 % everywhere" in phase_diagram(Means.of(two, "users"), 2.0).caption


def test_the_level_unless_told(two: Results, played: Played) -> None:
    assert middle_level(Means.of(two, "users")) == 0.5
    low = played(of({"a.x": (1, 2), "b.y": (3, 4)}), lambda v, w, r: plane(v, 0, 0) / 10)
    values = Means.of(low, "users").lines["mean"]
    assert middle_level(Means.of(low, "users")) == pytest.approx((values.min() + values.max()) / 2, rel=0.05)


def test_bars_of_a_tornado_are_the_indices_the_largest_on_top(played: Played) -> None:
    vary = {"a.x": Spread(uniform=(0, 1)), "b.y": Spread(uniform=(0, 1))}
    found = sensitivity(played(of(vary, "sobol", 64), lambda v, w, r: v["a.x"] + 3 * v["b.y"]), "users")
    (panel,) = tornado(found).figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["b y", "a x"] and panel.yaxis_inverted()
    assert [bar.get_width() for bar in panel.patches[:2]] == pytest.approx(found.indices["total"].tolist()[::-1])


def test_holes_leave_a_note_and_the_other_figures(played: Played) -> None:
    vary = {"a.x": Spread(uniform=(0, 1)), "b.y": Spread(uniform=(0, 1))}
    found = drawn(played(of(vary, "sobol", 8), lambda v, w, r: None if v["a.x"] > 0.9 else v["b.y"]), "users")
    assert [drawing.name for drawing in found.drawings] == ["users-cloud"] and "indices need every point" in found.notes[0]


def test_many_panels_are_refused_and_words_have_no_contour(played: Played) -> None:
    many = of({"a": tuple(range(4)), "b": tuple(range(4)), "c": tuple(range(4)), "d": tuple(range(4))})
    found = drawn(played(many, lambda v, w, r: v["a"] + v["b"] * 0.1), "users")
    assert not found.drawings and "16 panels" in found.notes[0]
    words = drawn(played(of({"a": ("x", "y"), "b": (1, 2)}), lambda v, w, r: float(v["b"])), "users", 1.5)
    assert [each.name for each in words.drawings] == ["users-map", "users-lines"] and "two paths of numbers" in words.notes[0]


def test_texts_of_a_file_are_drawn_letter_by_letter_and_stay_texts(played: Played) -> None:
    sweep = of({"a": ("$x_1$ </svg><script>", "_b & c")})
    (drawing,) = drawn(played(sweep, lambda v, w, r: float(v["a"] == "_b & c")), "users").drawings
    text = inline_svg(drawing.figure, 'a "caption"', 3)
    tree = ElementTree.fromstring(text)
    said = "".join(tree.itertext())
    assert "$x 1$ </svg><script>" in said and "<script" not in text and tree.get("aria-label") == 'a "caption"'
    assert all(each.get("id", "f3-").startswith("f3-") for each in tree.iter()) and "var(--ink)" in text


def test_the_same_figure_is_the_same_bytes(two: Results) -> None:
    assert svg(lines(Means.of(two, "users")).figure) == svg(lines(Means.of(two, "users")).figure)


def test_outcomes_that_do_not_move_are_left_out(played: Played) -> None:
    assert moving(played(of({"a": (1, 2)}), lambda v, w, r: 0.25)) == ()
    assert moving(played(of({"a": (1, 2)}), lambda v, w, r: float(v["a"]))) == ("users",)


def test_an_outcome_that_no_run_has_is_refused(played: Played) -> None:
    with pytest.raises(SweepError, match="no run has users"):
        drawn(played(of({"a": (1, 2)}), lambda v, w, r: None), "users")
