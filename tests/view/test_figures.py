from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

import dataleverage as dl
from dataleverage.errors import GridError
from dataleverage.view.figures import check_folder, draw, leverage, scaled, strikes, values
from dataleverage.view.measured import measure


def test_figures_are_drawn_for_what_was_asked(grid, tmp_path):
    table = grid.unveil()
    found = measure(grid, table, ["banzhaf"], curves=True, power=True, strikes=True)
    files = draw(grid, found, tmp_path / "deep" / "figures")
    assert [path.name for path in files] == ["banzhaf.png", "scaling.png", "leverage.png", "strikes.png"]
    from matplotlib.image import imread

    for path in files:
        picture = imread(path)
        assert min(picture.shape[:2]) > 200 and picture.std() > 0.01, path.name  # neither empty nor one colour
    (tmp_path / "file").write_text("")
    with pytest.raises(GridError, match="is a file"):
        check_folder(tmp_path / "file")


def test_bars_are_the_values_the_largest_first(grid):
    frame = dl.values.shapley(grid.unveil())
    axes = values(grid, "shapley", frame, None).axes[0]
    assert [bar.get_width() for bar in axes.patches] == frame["all"].sort_values(kind="stable").tolist()
    assert axes.get_xlabel() == "what each adds to accuracy, all" and axes.get_title(loc="left") == "Shapley, by object"
    assert values(grid, "beta_shapley:4:1", frame, None).axes[0].get_title(loc="left") == "Beta shapley(4, 1), by object"
    frame.loc["0", "all"] = np.nan  # nobody knows
    assert len(values(grid, "leave_one_out", frame, None).axes[0].patches) == 5


def test_of_many_objects_the_largest_are_drawn(grid):
    import pandas as pd

    drawn = np.random.default_rng(0).normal(size=60)
    frame = pd.DataFrame({"all": drawn}, index=[f"archive of a town with a long name {j}" for j in range(60)])
    figure = values(grid, "shapley", frame, frame.abs())
    axes = figure.axes[0]
    assert sorted(abs(bar.get_width()) for bar in axes.patches) == sorted(abs(drawn))[20:]
    assert axes.get_title(loc="left") == "Shapley, by object: the 40 largest of 60"
    assert all(len(label.get_text()) <= 28 for label in axes.get_yticklabels())


def test_lines_are_the_measures(grid):
    table = grid.unveil()
    found = measure(grid, table, curves=True, power=True, strikes=True)
    part = found.sizes[found.sizes.column == "all"]
    dots, curve = scaled(grid, found.scaling, found.sizes).axes[0].lines
    np.testing.assert_allclose(dots.get_ydata(), part.score)
    line = found.scaling.loc["all"]
    np.testing.assert_allclose(curve.get_ydata(), line["a"] - line["b"] * np.asarray(curve.get_xdata()) ** -line["c"])
    drawn = [each.lines[0].get_ydata() for each in leverage(found).axes[0].containers]
    fixed = found.leverage.loc["fixed holdout"]
    assert len(drawn) == 2  # nobody owns evaluation examples here: one view
    np.testing.assert_allclose(np.array(drawn, dtype=float), [fixed.deletion, fixed.duplication])
    for each, order in zip(strikes(grid, found).axes[0].lines, ("random", "greedy", "worst"), strict=True):
        np.testing.assert_allclose(each.get_ydata(), dl.curves.strike(table, order)["all"])


def test_of_too_many_objects_curves_are_drawn_from_samples_with_their_intervals(many_objects, tmp_path):
    grid = many_objects()
    found = measure(grid, grid.unveil(budget=50), curves=True, strikes=True, budget=400)
    assert [path.name for path in draw(grid, found, tmp_path)] == ["scaling.png", "strikes.png"]
    figure = strikes(grid, found)
    random, greedy = figure.axes[0].lines
    curve = dl.curves.strike(grid, points=20, samples=10)
    np.testing.assert_allclose(random.get_ydata(), curve["all"])
    np.testing.assert_allclose(random.get_xdata(), curve.index)
    assert random.get_label() == "at random: mean of up to 10 rows of a size" and greedy.get_label().startswith("greedy")
    assert figure.get_supxlabel() == "band: 95 % interval of the sampling"
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    at = curve.index[3]
    heights = sorted({y for x, y in band if x == at})
    assert heights == pytest.approx([curve.loc[at, "all low"], curve.loc[at, "all high"]])
    drawn = scaled(grid, found.scaling, found.sizes, sampled=True)
    part = found.sizes[found.sizes.column == "all"]
    bars = drawn.axes[0].collections[1].get_segments()  # the first is the band between rows
    reach = np.array([np.ptp(bar[:, 1]) for bar in bars]) / 2
    student = np.array([t.ppf(0.975, max(rows - 1, 1)) for rows in part.rows])  # of the full row there is no other
    np.testing.assert_allclose(reach, student * part.error, atol=1e-12)
    assert drawn.get_supxlabel().startswith("points: random rows of a size")


def test_nothing_to_draw_is_said_and_makes_no_folder(grid, tmp_path):
    few = grid.unveil(budget=5)
    cells = dl.Grid.from_table(few.frame)
    for source, budget in ((grid, 7), (cells, None)):  # too few rows to sample, and nothing to train
        with pytest.raises(GridError, match="there is nothing to draw"):
            draw(source, measure(source, few, strikes=True, budget=budget), tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
