from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataleverage import errors
from dataleverage.errors import LONGEST, DataError, DataleverageError, Errors, Place, bounded


def test_an_error_says_where_what_and_what_to_do():
    error = DataError("it is wet", place=Place(file="a.yaml", line=3, column=7, key="data.path"), remedy="Dry it.")
    assert str(error) == "a.yaml:3:7: data.path: it is wet\n  Dry it."
    assert str(DataError("it is wet")) == "it is wet"
    assert str(DataError("it is wet", key="data")) == "data: it is wet"


def test_what_is_known_of_a_place_stands():
    error = DataError("no", key="data.path").at(Place(file="a.yaml", line=3, key="data"))
    assert error.place == Place(file="a.yaml", line=3, key="data.path")


def test_several_errors_stand_in_the_order_of_the_file():
    first, second = DataError("x", place=Place(line=2, column=1)), DataError("y", place=Place(line=10))
    several = Errors([second, DataError("z"), first])
    assert [error.message for error in several.errors] == ["z", "x", "y"]
    assert str(several).splitlines()[0] == "3 errors" and all(text in str(several) for text in "xyz")
    assert str(Errors([first])) == str(first)


def test_every_error_of_several_is_told_however_long():
    several = Errors([DataError("m" * 300 + str(i)) for i in range(9)])
    assert all(str(error) in str(several) for error in several.errors)


@pytest.mark.parametrize("kind", [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, DataleverageError)])
def test_errors_travel_between_processes(kind):
    error = DataError("wet", place=Place("f", 1, 2, "k"), remedy="Dry it.")
    given = Errors([error, DataError("cold")]) if kind is Errors else kind("wet", place=error.place, remedy="Dry it.")
    back = pickle.loads(pickle.dumps(given))
    assert type(back) is kind and str(back) == str(given) and back.place == given.place


@given(st.text(max_size=900))
def test_text_from_a_file_is_cut_and_visible(text):
    shown = bounded(text)
    assert len(shown) <= LONGEST
    assert all(c.isprintable() or c == "\n" for c in shown)
    if len(text) <= LONGEST and all(c.isprintable() for c in text):
        assert shown == text
