from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GridError
from dataleverage.measure.values.shares import shares


def test_what_is_below_nothing_is_cut_and_told():
    values = pd.DataFrame({"x": [3.0, -1.0, 1.0], "y": [-2.0, -0.5, 4.0]}, index=["A", "B", "C"])
    found = shares(values)
    assert found.to_dict("list") == {"x": [0.75, 0.0, 0.25], "y": [0.0, 0.0, 1.0]}
    assert found.attrs["cut"] == {"x": -1.0, "y": -2.5} and "cut" not in values.attrs


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), scale=st.floats(0.01, 100))
def test_shares_are_a_distribution_in_the_order_of_values(values, scale):
    frame = pd.DataFrame({"x": values})
    if max(values) < 1e-3:
        frame.loc[0, "x"] = 1.0
    found = shares(frame)["x"]
    assert found.min() >= 0 and found.sum() == pytest.approx(1, abs=1e-12)
    order = np.argsort(frame["x"], kind="stable")
    assert (np.diff(found.to_numpy()[order]) >= 0).all()
    np.testing.assert_allclose(shares(frame * scale)["x"], found, atol=1e-12)


def test_whole_numbers_are_values_too():
    assert shares(pd.DataFrame({"x": [1, 3]}))["x"].tolist() == [0.25, 0.75]


def test_nothing_to_share_by():
    with pytest.raises(GridError, match="no object has a value above 0 on y"):
        shares(pd.DataFrame({"x": [1.0, 2.0], "y": [0.0, -1.0]}))
    with pytest.raises(GridError, match="the value of B on x is nan"):
        shares(pd.DataFrame({"x": [1.0, np.nan]}, index=["A", "B"]))
