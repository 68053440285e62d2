"""Data that ages: a row whose objects count for less by now is another row, to operators, creators and the record alike."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from dataleverage.game.freshness import Freshness
from dataleverage.game.model import LeverageGame
from dataleverage.grid.rows import from_words
from dataleverage.scenario.load import loads

AGEING = """
title: Ageing
data:
  kind: sklearn
  name: diabetes
  objects: {by: random, count: 5}
  holdout: {audit: 0.3, monitor: 0.2}
learner: {kind: ridge, alpha: 1.0}
columns: {metric: r2}
creators:
  - {name: archives, count: 3}
  - {name: newcomers, count: 2, arrive: {first: 2, every: 1}}
operators: [{name: vendor, unveil_cost: 1.0MORE}]
freshness: {half_life: 1.0}
payoffs: {revenue: 10.0}
rounds: 5
"""
ARRIVAL = np.array([0, 0, 0, 2, 3])


def scenario(more=""):
    return loads(AGEING.replace("MORE", more))


def expected(world, row, round):
    """R² on both parts of scikit-learn's ridge on a row, each example weighed by the age of its object."""
    weight = 0.5 ** np.maximum(round - ARRIVAL, 0.0)
    inside = row[world.object_of] > 0
    fit = Ridge(alpha=1.0).fit(world.X[inside], world.y[inside], sample_weight=weight[world.object_of][inside])
    return {
        name: fit.score(world.X_eval[part], world.y_eval[part])
        for name, part in (("all", world.audit), ("monitor:all", ~world.audit))
    }


def test_an_object_counts_for_half_after_its_half_life():
    assert Freshness(half_life=2.0).weights(np.array([-1, 0, 2, 3])) == pytest.approx([1, 1, 0.5, 0.5**1.5])


def test_scores_and_cells_are_those_of_the_data_as_old_as_it_is():
    """The same row in three rounds is three models, each unveiled and paid for."""
    setup = scenario().setup()
    record, world = LeverageGame(setup).play(), setup.grid.world
    rounds = record.rounds
    assert rounds["row"].tolist() == ["ABC", "ABC", "ABCD", "ABCDE", "ABCDE", "ABCDE"]
    for line in rounds.to_dict("records"):
        wanted = expected(world, from_words(line["row"], setup.grid.objects), line["round"])
        assert line["score:all"] == pytest.approx(wanted["all"], abs=1e-9)
        cells = record.cells[record.cells["round"] == line["round"]]
        assert dict(zip(cells.column, cells.score, strict=True)) == pytest.approx(wanted, abs=1e-9)
    assert rounds.costs[1:].tolist() == [1.0] * 5
    assert rounds["score:all"][3:].nunique() == 3


def test_what_is_looked_at_is_as_old_as_it_is_too():
    setup = scenario(", response: {kind: dividend, split: leave_one_out}").setup()
    record = LeverageGame(setup).play()
    looked = record.cells[record.cells.column == "monitor:all"]
    for line in looked.to_dict("records"):
        wanted = expected(setup.grid.world, from_words(line["row"], setup.grid.objects), line["round"])
        assert line["score"] == pytest.approx(wanted["monitor:all"], abs=1e-9)
    # in each round the row served, and the row of the round before with all of it (unless that is the same) and but each
    assert looked.groupby("round").size().tolist() == [1, 4, 5, 6, 6, 6]
    assert record.rounds.costs[1:].tolist() == [4.0, 5.0, 6.0, 6.0, 6.0]


def test_what_is_believed_goes_by_what_was_seen_last():
    setup = scenario(", knows: [AB]").setup()
    game = LeverageGame(setup)
    world, full = setup.grid.world, np.ones(5, np.uint8)
    desk, part = game.desks[0], np.array([1, 1, 0, 0, 0], np.uint8)
    assert desk.believe(part[None])[1].tolist() == [0.0], "given, and of this round"
    game.play()
    told = {int(row.sum()): scores[setup.grid.column("all")] for row, scores in game.course.published.values()}
    wanted = [expected(world, np.arange(5) < size, round)["all"] for size, round in ((3, 1), (4, 2), (5, 5))]
    assert [told[3], told[4], told[5]] == pytest.approx(wanted, abs=1e-9), "what creators that go by belief are told"
    quality, error = desk.believe(np.array([full, part]))
    twin = setup.grid.column("monitor:all")
    at = 1 + (expected(world, full, 5)["monitor:all"] - setup.quality.full[twin]) / setup.quality.scale[twin]
    assert quality[0] == pytest.approx(at, abs=1e-9) and error[0] == 0
    assert error[1] > 0, "it was seen when it was fresh"
    rows, _ = desk.board.table()
    assert len(rows) == 4 and len(desk.board) == 7, "AB, ABC twice, ABCD, and ABCDE three times"


def test_a_model_that_comes_back_is_as_old_as_it_was(make_setup, scripts):
    """Every new model is worse by age alone, so the first is served for ever; looking at each new one costs a cell."""
    setup = make_setup(
        2,
        scripts({}, {}),
        rounds=3,
        monitored=True,
        operator={"response": {"kind": "rollback"}, "unveil_cost": 1.0},
        freshness={"half_life": 1.0},
    )
    plain = setup.grid.scores
    setup.grid.scores = lambda rows, weights=None: plain(rows) * (1.0 if weights is None else np.mean(weights))
    game = LeverageGame(setup)
    record = game.play()
    assert record.rounds["score:all"].tolist() == [1.0] * 4
    assert record.rounds.costs[1:].tolist() == [1.0] * 3
    assert game.desks[0].counts.tolist() == [1.0, 1.0]
    assert record.cells[record.cells.column == "all"]["round"].tolist() == [0]
    assert record.cells[record.cells.column == "monitor:all"].score.tolist() == [1.0, 0.5, 0.25, 0.125]
