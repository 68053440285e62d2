from __future__ import annotations

import numpy as np
import pytest

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.finite_table import FiniteTable


def test_names_unless_given():
    plain = FiniteTable([[0.25, 0.25], [0.5, 0.0]])
    assert plain.points == (("x0",), ("x1",)) and plain.columns == ("x",) and plain.labels == ("y0", "y1")
    named = FiniteTable([[0.5, 0.5]], points=["here"], labels=["no", "yes"])
    assert named.points == (("here",),) and named.point("here") == 0 and named.label("yes") == 1
    pairs = FiniteTable([[0.5, 0.5]], points=[("a", "b")])
    assert pairs.columns == ("x1", "x2")


def test_marginals_and_conditionals():
    table = FiniteTable([[0.1, 0.3], [0.0, 0.0], [0.45, 0.15]])
    assert table.p_x == pytest.approx([0.4, 0.0, 0.6])
    assert table.conditional[[0, 2]] == pytest.approx(np.array([[0.25, 0.75], [0.75, 0.25]]))
    assert np.isnan(table.conditional[1]).all()


def test_samples_follow_the_law():
    table = FiniteTable([[0.1, 0.3], [0.0, 0.0], [0.45, 0.15]])
    x, y = table.sample(50_000, Streams(0)["test"])
    seen = table.empirical(x, y)
    assert seen.p == pytest.approx(table.p, abs=0.01) and seen.p[1].sum() == 0 and seen.points == table.points
    by_hand = [[((x == i) & (y == k)).mean() for k in range(2)] for i in range(3)]
    assert seen.p == pytest.approx(np.array(by_hand))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"p": [0.5, 0.5]}, r"shape \(2,\)"),
        ({"p": [[1.0]]}, "at least two labels"),
        ({"p": np.zeros((0, 2))}, "shape"),
        ({"p": [[0.5, 0.4]]}, r"sum to 0\.9, and not to 1"),
        ({"p": [[1.5, -0.5]]}, r"point 0 and label 1 is -0\.5"),
        ({"p": [[np.nan, 1.0]]}, "point 0 and label 0 is nan"),
        ({"p": [["a", "b"]]}, "not made of numbers"),
        ({"p": [[0.5, 0.5]], "points": ["a", "b"]}, "2 points named, and the table has 1"),
        ({"p": [[0.2, 0.3], [0.2, 0.3]], "points": ["a", "a"]}, "comes twice"),
        ({"p": [[0.2, 0.3], [0.2, 0.3]], "points": [("a", "b"), ("a",)]}, "has 1 parts"),
        ({"p": [[0.5, 0.5]], "labels": ["yes", "yes"]}, "label 'yes' comes twice"),
        ({"p": [[0.5, 0.5]], "labels": ["yes"]}, "1 labels named"),
        ({"p": [[0.5, 0.5]], "columns": ["a", "b"]}, "2 columns named"),
    ],
)
def test_tables_that_are_none(given, says):
    with pytest.raises(DataError, match=says) as caught:
        FiniteTable(**given)
    assert caught.value.remedy


def test_points_and_labels_that_are_not_there():
    table = FiniteTable([[0.5, 0.5]])
    with pytest.raises(DataError, match="no point 'x1'"):
        table.point("x1")
    with pytest.raises(DataError, match="no label 'y2'"):
        table.label("y2")
