from __future__ import annotations

import numpy as np
import pandas as pd

from dataleverage.grid.rows import all_rows
from dataleverage.grid.table import Table

SCORES = np.arange(16.0).reshape(8, 2)
FULL = Table(all_rows(3), SCORES, ("A", "B", "C"), ("x", "y"))


def test_the_frame_has_rows_in_words():
    assert FULL.frame.index.tolist() == ["", "A", "B", "AB", "C", "AC", "BC", "ABC"]
    pd.testing.assert_series_equal(FULL.frame["y"], pd.Series(SCORES[:, 1], FULL.frame.index, name="y"))
    assert FULL.frame.loc["AC", "x"] == 10 and "AC" in FULL._repr_html_()


def test_rows_are_found_where_they_stand():
    wanted = np.array([[0, 1, 1], [2, 0, 0], [0, 0, 0]], dtype=np.uint8)
    assert FULL.find(wanted).tolist() == [6, -1, 0]


def test_holes_are_counted_among_clean_rows():
    assert FULL.complete and FULL.holes == 0 and len(FULL) == 8 and "unknown" not in repr(FULL)
    rows = np.array([[1, 1, 1], [2, 0, 0], [0, 0, 0]], dtype=np.uint8)
    part = Table(rows, SCORES[:3], FULL.objects, FULL.columns)
    assert not part.complete and part.holes == 6 and "6 of the 8 clean rows unknown" in repr(part)
    assert part.frame.index.tolist() == ["ABC", "A*", ""]
