from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.scenario.load import loads
from dataleverage.world.datasets.finite import FiniteTableData

CELLS = [
    {"x": ["red", "big"], "p": [0.1, 0.2]},
    {"x": ["red", "small"], "p": [0.05, 0.05]},
    {"x": ["blue", "big"], "p": [0.5, 0.1]},
]


def source(**changes):
    return FiniteTableData(**({"columns": ["colour", "size"], "labels": ["no", "yes"], "cells": CELLS} | changes))


def test_examples_follow_the_table():
    made = source(examples=40_000)
    examples = made.read(Path())
    assert made.categories.names == ("colour=red", "colour=blue", "size=big", "size=small") and examples.X.shape == (40_000, 4)
    assert examples.classes == ("no", "yes")
    for cell in CELLS:
        here = (examples.values["colour"] == cell["x"][0]) & (examples.values["size"] == cell["x"][1])
        shares = [(here & (examples.values["label"] == label)).mean() for label in ("no", "yes")]
        assert shares == pytest.approx(cell["p"], abs=0.01)
    assert (examples.X[:, 0] == (examples.values["colour"] == "red")).all()
    assert (examples.X[:, 3] == (examples.values["size"] == "small")).all()
    assert np.array_equal(examples.y, (examples.values["label"] == "yes").astype(int))
    assert made.world(Path()).fingerprint != source(examples=40_000, seed=1).world(Path()).fingerprint


def test_labels_that_are_not_drawn_are_no_classes():
    rare = source(labels=["no", "never", "yes"], cells=[{"x": ["red", "big"], "p": [0.5, 0.0, 0.5]}], examples=50)
    examples = rare.read(Path())
    assert examples.classes == ("no", "yes") and set(examples.y) == {0, 1}


def test_a_game_on_a_table_is_played():
    record = loads(
        """
title: On a table
data:
  kind: finite_table
  columns: [colour]
  labels: ['no', 'yes']
  cells:
    - {x: [red], p: [0.4, 0.1]}
    - {x: [blue], p: [0.1, 0.4]}
  examples: 400
  objects: {by: random, count: 4}
learner: bernoulli_nb
creators: [{name: painters, strategy: {kind: random, move: withhold, p: 0.5}}]
rounds: 3
"""
    ).play()
    assert record.rounds["score:all"].iloc[0] == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"labels": ["no", "maybe", "yes"]}, "cells.0.p", "2 probabilities are given for 3 labels"),
        ({"cells": CELLS[:2]}, "cells", r"sum to 0\.4"),
        ({"cells": [*CELLS, CELLS[0]]}, "cells", "sum to"),
        ({"columns": ["colour"]}, "cells", "1 columns named, and the table has 2"),
        ({"columns": ["colour", "label"]}, "columns", "called `label`"),
    ],
)
def test_tables_that_are_none(changes, key, says):
    with pytest.raises(DataError, match=says) as caught:
        source(**changes).read(Path())
    assert caught.value.place.key == f"data.{key}" and caught.value.remedy


@pytest.mark.parametrize("wrong", [{"examples": 1}, {"labels": ["one"]}, {"cells": []}, {"columns": []}])
def test_numbers_out_of_range(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        source(**wrong)
