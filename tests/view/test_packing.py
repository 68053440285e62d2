import math

from hypothesis import given
from hypothesis import strategies as st

from dataleverage.view import packing

NUMBERS = st.lists(st.one_of(st.none(), st.integers(-50, 50), st.floats(-1e6, 1e6), st.just(math.nan)), max_size=40)


@given(NUMBERS)
def test_numbers_come_back_to_eight_digits_of_the_largest(values):
    back = packing.unpacked(packing.numbers(values))
    largest = max((abs(v) for v in values if v is not None and not math.isnan(v)), default=0)
    assert len(back) == len(values)
    for value, found in zip(values, back, strict=True):
        if value is None or math.isnan(value):
            assert found is None
        else:
            assert abs(found - value) <= max(largest * 1e-7, 1e-12)


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "delete", "withhold"]))))
def test_texts_come_back(values):
    assert packing.unpacked(packing.texts(values)) == values


def test_runs_are_written_as_runs():
    assert packing.numbers([1] * 50 + [2] * 50) == {"v": [1, 2], "n": [50, 50]}


def test_a_long_column_keeps_its_holes_and_more_digits_than_are_printed():
    values = [None if i % 7 == 0 else math.sin(i * i) * 60 for i in range(packing.MANY * 2)]
    packed = packing.numbers(values)
    assert packed["l"] == 4
    for value, found in zip(values, packing.unpacked(packed), strict=True):
        assert (value is None) == (found is None)
        assert value is None or abs(value - found) < 1e-5


def test_a_long_column_of_few_different_numbers_keeps_them_as_they_are():
    values = [None if i % 7 == 0 else (i * i % 539) / 538 for i in range(packing.MANY * 2)]
    packed = packing.numbers(values)
    assert packed["l"] == 2
    for value, found in zip(values, packing.unpacked(packed), strict=True):
        assert (value is None) == (found is None)
        assert value is None or f"{value:.3f}" == f"{found:.3f}"
