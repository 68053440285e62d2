"""Games whose creators weigh by a surrogate: the served row is always trained, and what is predicted is marked."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataleverage.errors import DataleverageError
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.weighing import BestResponse
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.grid.surrogates import AdditiveDatamodel, NeighbourMeans
from dataleverage.record.record import TABLES
from dataleverage.scenario.load import loads
from dataleverage.view.summary import as_json, summary

SCENARIO = """
title: Two dozen that think
data: {kind: sklearn, name: digits, objects: {by: label_skew, alpha: 0.1, count: 26}, holdout: {audit: 0.3}}
learner: ridge_classifier
surrogate: {kind: additive, rows: 200}
creators:
  - {name: strikers, count: 2, strategy: {kind: scripted, moves: {2: delete, 4: contribute}}}
  - {name: calculating, count: 24, strategy: {kind: best_response, revise: 0.4}}
operators: [{name: vendor, response: {kind: dividend, rate: 0.3}}]
payoffs: {revenue: 10, cost: {contribute: 0.2, delete: 0.05}}
rounds: 8
"""


@pytest.fixture(scope="module")
def both():
    """The scenario with its surrogate, and without."""
    text = SCENARIO.replace("surrogate: {kind: additive, rows: 200}\n", "")
    return loads(SCENARIO), loads(text)


def test_every_row_served_is_trained_and_every_prediction_is_marked(both):
    scenario, plain = both
    record, truth = scenario.play(), Grid.of_world(plain.world(), RidgeClassifier())
    served = truth.scores(truth.rows(record.rounds.row.astype(str)))
    assert record.rounds["score:all"].tolist() == served[:, 0].tolist()
    cells = record.cells[record.cells.column == "all"]
    true = truth.scores(truth.rows(cells.row.astype(str)))[:, 0]
    assert cells.score[cells.exact].tolist() == true[cells.exact].tolist()
    predicted = cells[~cells.exact]
    assert len(predicted) > 20
    assert set(predicted.by) == {"creators"}
    told = record.manifest["surrogate"]
    assert told["cells"] == (~record.cells.exact).sum()
    assert told["kind"] == "additive" and told["rows"] == 200
    # it agrees with the scenario that trains them all within what the record says of it, for most cells
    off = np.abs(predicted.score - true[~cells.exact])
    assert np.mean(off <= 2 * told["columns"]["all"]["error"]) > 0.8


def test_the_record_says_so_in_words_and_numbers(both):
    record = both[0].play(seed=3)
    notes = " ".join(text for label, text in summary(record) if label == "Note")
    told = record.manifest["surrogate"]
    error = told["columns"]["all"]["error"]
    for words in (
        f"{told['cells']:,} cells",
        "an additive datamodel",
        "not scores of trained models",
        f"mean error {error:.4f}",
    ):
        assert words in notes
    assert as_json(record)["surrogate"] == told
    assert both[1].play(seed=3).manifest["surrogate"] is None


def test_rows_that_were_predicted_before_they_were_served_tell_how_good_it_is(make_setup):
    """A game of sums is predicted without error near any row; one with a bonus for all is missed by the bonus on leaving."""
    setup = make_setup(14, [(3, Always(move="delete")), (11, BestResponse())], payoffs={"cost": {"contribute": 0.01}}, rounds=4)
    fit = setup.grid.with_surrogate(AdditiveDatamodel(rows=60, penalty=1e-9)).fit
    game = LeverageGame(replace(setup, surrogate=fit))
    record = game.play()
    assert record.manifest["surrogate"]["columns"]["all"]["error"] == pytest.approx(0, abs=1e-6)
    assert record.manifest["surrogate"]["served"] > 0
    assert record.manifest["surrogate"]["columns"]["all"]["missed"] == pytest.approx(0, abs=1e-6)
    same = LeverageGame(setup).play()
    assert record.moves.lever.tolist() == same.moves.lever.tolist()
    assert record.rounds.row.tolist() == same.rounds.row.tolist()


def test_two_plays_write_the_same_bytes_whatever_was_trained_between(both, tmp_path: Path):
    scenario = both[0]
    scenario.play(seed=1).save(tmp_path / "one")
    scenario.play(seed=2)  # serves other rows of the same grid
    scenario.play(seed=1).save(tmp_path / "two")
    for name in TABLES:
        assert (tmp_path / f"one/{name}.parquet").read_bytes() == (tmp_path / f"two/{name}.parquet").read_bytes(), name
    assert pq.read_table(tmp_path / "one/cells.parquet").column("exact").to_pylist().count(False) > 0


def test_each_world_has_a_sample_of_its_own(both):
    scenario = both[0]
    other = scenario.in_world(5)
    assert not np.array_equal(scenario.surrogate_grid().fit.rows, other.surrogate_grid().fit.rows)
    assert scenario.setup().surrogate is scenario.setup().surrogate
    assert len(scenario.surrogate_grid(40).fit.rows) == 40
    with pytest.raises(DataleverageError, match="trains from 10 to 20,000 rows, not 4") as caught:
        scenario.surrogate_grid(4)
    assert caught.value.place.key == "surrogate.rows"
    with pytest.raises(DataleverageError, match="no surrogate is named"):
        both[1].surrogate_grid()


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        ("{kind: influence}\nlearner: gaussian_nb", "surrogate.kind", "has no influence functions"),
        ("{kind: pairwise, rows: 20000}", "surrogate.kind", "and 500 MB is the most"),
        ("{kind: additive, rows: 1}", "surrogate.rows", "allowed: a whole number from 10 to 20000"),
        ("{kind: additive, share: 1.5}", "surrogate.share", "below 1"),
        ("{kind: guess}", "surrogate.kind", "additive"),
        ("{kind: influence, step: second}", "surrogate.step", "newton"),
        ("additiv", "surrogate", "additive"),
    ],
)
def test_mistakes_are_told_with_their_key(change, key, said):
    text = SCENARIO.replace("{kind: additive, rows: 200}", change)
    if "learner" in change:
        text = text.replace("learner: ridge_classifier\n", "", 1)
    if "pairwise" in change:
        text = text.replace("count: 26}", "count: 60}").replace("count: 24", "count: 58")
    with pytest.raises(DataleverageError) as caught:
        loads(text)
    assert caught.value.place.key == key
    assert caught.value.place.line is not None
    assert said in str(caught.value)


def test_a_pickled_setup_with_influence_functions_plays_the_same():
    text = SCENARIO.replace("{kind: additive, rows: 200}", "{kind: influence, rows: 12, step: newton}")
    setup = loads(text).setup()
    record = LeverageGame(setup, 4).play()
    again = LeverageGame(pickle.loads(pickle.dumps(setup)), 4).play()
    assert again.moves.equals(record.moves)
    assert again.cells.equals(record.cells)


def test_neighbours_answer_too(make_setup):
    setup = make_setup(14, BestResponse(revise=0.5), payoffs={"cost": {"contribute": 0.2}}, rounds=3)
    fit = setup.grid.with_surrogate(NeighbourMeans(rows=30)).fit
    record = LeverageGame(replace(setup, surrogate=fit)).play()
    assert (~record.cells.exact).any()
    assert record.cells.exact[record.cells.by == "operator"].all()
