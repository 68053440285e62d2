"""A grid with a surrogate in words, as a table and for a program: every number says whether it was trained."""

from __future__ import annotations

import numpy as np
import pytest

from dataleverage.scenario.load import loads
from dataleverage.view.estimated import as_json, estimated, frame

SCENARIO = """
title: Twenty-four
data: {kind: sklearn, name: digits, objects: {by: random, count: 24}, holdout: {audit: 0.3}}
learner: ridge_classifier
surrogate: {kind: additive, rows: 60}
creators: [{name: all}]
"""


@pytest.fixture(scope="module")
def lookup():
    return loads(SCENARIO).surrogate_grid()


def test_lines_mark_what_is_predicted(lookup):
    asked = lookup.grid.rows(["A", "+".join(lookup.grid.objects[1:]), "+".join(lookup.grid.objects)])
    lines = estimated(lookup, asked)
    text = dict(lines)
    assert text["Grid"].startswith("24 objects, 60 rows trained")
    assert text["Surrogate"] == "an additive datamodel"
    assert f"mean error {lookup.fit.judged.error[0]:.4f}" in text["Held out"]
    assert text["All objects"].endswith("(trained)") and text["No object"].endswith("(trained)")
    told = [line for label, line in lines if label == "Asked"]
    assert "nothing says how well" in told[0]  # one object: the sample has 24 * 0.8 and thereabouts
    assert " ± " in told[1] and told[1].endswith("(predicted)")
    assert told[2].endswith("(trained)")
    missed = [line for label, line in lines if label == "Most missed"]
    singles = 1 - np.eye(24, dtype=np.uint8)
    worst = lookup.grid.objects[int(np.argmin(lookup.scores(singles)[:, 0]))]
    assert len(missed) == 5 and missed[0].startswith(f"without {worst}:")


def test_tables_and_json_hold_the_same(lookup):
    asked = lookup.grid.rows(["A"])
    table, said = frame(lookup, asked), as_json(lookup, asked)
    assert table.exact.sum() == 60
    assert len(table) == len(table.index.unique())
    assert (table.loc[table.exact, "error:all"] == 0).all()
    assert (table.loc[~table.exact, "error:all"] > 0).all()
    truth = loads(SCENARIO).grid()
    trained = table[table.exact]
    assert trained["all"].tolist() == truth.scores(truth.rows(trained.index))[:, 0].tolist()
    assert said["exact"] == [False] and said["errors"][0][0] is None
    assert said["scores"][0][0] == table.loc["A", "all"]
    assert len(said["without"]["scores"]) == 24
    assert said["surrogate"]["columns"]["all"]["error"] == lookup.fit.judged.error[0]
