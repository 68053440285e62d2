"""What the page knows of a cell that a surrogate predicted, before and after a model was trained on its row."""

from __future__ import annotations

import pytest

from dataleverage.view.board import board

FULL, WITHOUT_A, WITHOUT_B = (1, "op", "ABC", [0.9]), "BC", "AC"


def shown(cells):
    made = board(["A", "B", "C"], ["all"], [], ["op"], [FULL, (4, "op", WITHOUT_A, [0.7])], cells)
    place = {row: i for i, row in enumerate(made["rows"])}
    return made, place


def test_a_prediction_stands_until_its_row_is_trained():
    made, place = shown(
        [
            (WITHOUT_A, "all", 0.75, "creators", 2, False),
            (WITHOUT_A, "all", 0.7, "op", 4, True),
            (WITHOUT_B, "all", 0.8123456789, "creators", 2, False),
            ("AB", "all", 0.6, "creators", 3, True),
        ]
    )
    assert made["guess"] == {str(place["011"]): [4, [0.75]], str(place["101"]): [None, [0.812346]]}
    score = [None if v is None else v / made["score"].get("s", 1) for v in expanded(made["score"])]
    assert score[place["011"]] == pytest.approx(0.7)  # of the trained model
    assert score[place["101"]] == pytest.approx(0.8123457)
    assert score[place["110"]] == pytest.approx(0.6)


def expanded(packed):
    """Values of a packed column, runs written out."""
    lengths = packed.get("n", [1] * len(packed["v"]))
    return [value for value, length in zip(packed["v"], lengths, strict=True) for _ in range(length)]


def test_without_surrogates_nothing_is_a_guess():
    assert shown([("AB", "all", 0.6, "creators", 3, True)])[0]["guess"] == {}
