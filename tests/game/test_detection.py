"""What a record says of how defences did, against what its rounds say and against scikit-learn's ROC curves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from dataleverage.game.detection import detection, told
from dataleverage.game.model import LeverageGame
from dataleverage.game.policies.defence.detectors import KnnSanitise, LossFilter, examples_in
from dataleverage.game.policy import Defence
from dataleverage.grid.rows import from_words
from dataleverage.record.record import Record
from dataleverage.scenario.load import load, loads

ROOT = Path(__file__).resolve().parents[2]
RACE = ROOT / "scenarios" / "arms-race.yaml"

BANNING = """
title: Banned
data: {kind: sklearn, name: digits, objects: {by: random, count: 6}, holdout: {audit: 0.3}}
learner: ridge_classifier
tactics: {flip: label_flip}
creators:
  - {name: poisoner, count: 1, strategy: {kind: scripted, moves: {1: poison, 2: contribute}}}
  - {name: others}
operators:
  - {name: strict, defence: DEFENCE, response: {kind: ban, after: 1, rounds: 2}, retrain: RETRAIN}
  - {name: open}
rounds: 5
"""


def rows_of(record, name):
    """(T, n): a column of the first operator's rounds, from words."""
    objects = record.objects.object.tolist()
    mine = record.rounds[record.rounds.operator == record.rounds.operator.iloc[0]]
    return np.array([from_words(str(words), objects) for words in mine[name]])


def test_the_rates_of_an_arms_race_are_what_its_rounds_say_and_the_area_is_that_of_its_verdicts(tmp_path):
    scenario = load(RACE)
    game = scenario.game()
    record = game.play()
    found = record.manifest["detection"]["vendor"]
    held, out = rows_of(record, "holdings"), rows_of(record, "kept_out")
    poisoned, clean, thrown = held > 1, held == 1, out > 0
    assert record.rounds.trained.iloc[0] and len(held) == 8
    assert (found["defence"], found["rounds"]) == ("knn_sanitise", 8)
    assert found["poisoned"] == poisoned.sum() > 0 and found["clean"] == clean.sum()
    assert found["true_positives"] == record.rounds.flagged.sum() - record.rounds.false_positives.sum() > 0
    assert found["false_positives"] == record.rounds.false_positives.sum()
    assert found["true_positive_rate"] == (thrown & poisoned).sum() / poisoned.sum()
    assert 0 < found["true_positive_rate"] < 1, "what is crude is caught, and what is sly is not"
    assert found["false_positive_rate"] == (thrown & clean).sum() / clean.sum()
    scores = []
    for row in held:
        X, y, of = examples_in(game.setup.grid.world, row)
        flagged = KnnSanitise(tolerance=0.5).suspects(X, y, "classification")
        scores.append([flagged[of == j].mean() for j in range(12)])
    assert found["auc"] == pytest.approx(roc_auc_score(poisoned.ravel(), np.ravel(scores))) and found["auc_of"] == "scores"
    record.save(tmp_path / "race")
    assert Record.load(tmp_path / "race").manifest["detection"] == record.manifest["detection"]


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_areas_and_rates_are_those_of_all_objects_written_out(seed):
    rng = np.random.default_rng(seed)
    judged = rng.integers(0, 4, (rng.integers(1, 6), 5)).astype(np.uint8)
    judged[0, :2] = 1, 2  # something of both kinds
    thrown = (rng.random(judged.shape) < 0.4) & (judged > 0)
    suspicion, times = rng.integers(0, 4, judged.shape) / 3, rng.integers(1, 4, len(judged))
    found, alone = told(judged, thrown, suspicion, times), told(judged, thrown, None, times)
    rows = [np.repeat(each, times, axis=0)[np.repeat(judged > 0, times, axis=0)] for each in (judged > 1, thrown, suspicion)]
    poison, out, scores = rows
    assert found["auc"] == pytest.approx(roc_auc_score(poison, scores))
    assert alone["auc"] == pytest.approx(roc_auc_score(poison, out)) and alone["auc_of"] == "one operating point"
    assert found["true_positive_rate"] == out[poison].mean() and found["false_positive_rate"] == out[~poison].mean()
    assert (found["poisoned"], found["clean"], found["rounds"]) == (poison.sum(), (~poison).sum(), times.sum())


def test_whom_an_operator_has_banned_its_defence_does_not_look_at():
    """A poisons in round 1, is thrown out, and banned in rounds 2 and 3, when five objects are looked at and not six."""
    manifest = loads(BANNING.replace("DEFENCE", "knn_sanitise").replace("RETRAIN", "{every: 1}")).play().manifest
    assert list(manifest["detection"]) == ["strict"], "and the other has no defence"
    found = manifest["detection"]["strict"]
    assert (found["rounds"], found["poisoned"], found["clean"]) == (6, 1, 6 + 5 + 5 + 5 + 6 + 6)
    assert (found["true_positives"], found["false_positives"], found["auc"]) == (1, 0, 1.0)


def test_a_defence_works_in_rounds_of_training_alone_and_rates_of_nothing_are_none():
    text = BANNING.replace("1: poison", "1: contribute").replace("DEFENCE", "knn_sanitise").replace("RETRAIN", "{every: 2}")
    record = loads(text).play()
    found = record.manifest["detection"]["strict"]
    assert found["rounds"] == 3 and found["clean"] == 18, "before the first move, and in rounds 2 and 4"
    assert found["poisoned"] == 0 and found["false_positive_rate"] == 0.0
    assert found["true_positive_rate"] is None and found["auc"] is None and found["auc_of"] is None


def test_reweighting_throws_nothing_out_and_is_judged_by_what_it_suspects():
    text = BANNING.replace("DEFENCE", "{kind: reweight, by: loss_filter}").replace(", retrain: RETRAIN", "")
    game = loads(text.replace(", response: {kind: ban, after: 1, rounds: 2}", "")).game()
    record = game.play()
    found, held = record.manifest["detection"]["strict"], rows_of(record, "holdings")
    assert found["true_positives"] == found["false_positives"] == 0 and found["defence"] == "reweight"
    scores = []
    for row in held:
        X, y, of = examples_in(game.setup.grid.world, row)
        flagged = LossFilter().suspects(X, y, "classification")
        scores.append([flagged[of == j].mean() for j in range(6)])
    assert (held > 1).sum() > 0
    assert found["auc"] == pytest.approx(roc_auc_score((held > 1).ravel(), np.ravel(scores)))


def test_leave_one_out_is_judged_by_what_each_object_costs(make_setup, scripts, random_score):
    score = random_score(4, 2, 11)
    setup = make_setup(
        4, scripts({1: "poison"}, {2: "poison"}, {}, {}), score, monitored=True, tactics=("flip",), rounds=3,
        operator={"defence": {"kind": "leave_one_out"}, "unveil_cost": 0.5},
    )  # fmt: skip
    record = LeverageGame(setup).play()
    held = rows_of(record, "holdings")
    assert (held > 1).sum(axis=1).tolist() == [0, 1, 2, 2]
    costs = []
    for row in held.astype(np.uint8):
        without = np.where(np.eye(4, dtype=bool), 0, row).astype(np.uint8)
        costs.append(score(without)[:, 0] - score(row[None])[0, 0])
    found = record.manifest["detection"]["operator"]
    assert found["auc"] == pytest.approx(roc_auc_score((held > 1).ravel(), np.ravel(costs)))
    asked = {row.tobytes() for row in held.astype(np.uint8)}
    for row in held.astype(np.uint8)[1:]:
        asked |= {each.tobytes() for each in np.where(np.eye(4, dtype=bool), 0, row).astype(np.uint8)}
    unveiled = record.cells[(record.cells.by == "operator") & record.cells.column.str.startswith("monitor")]
    assert len(unveiled) <= len(asked) + 4, "asking what it suspects unveils nothing beyond what it looked at"


def test_a_defence_without_scores_has_one_operating_point_and_noise_detects_nothing(make_setup, scripts, forget_kinds):
    class Hasty(Defence):
        """Throws out the objects that it is told to, and goes by no number."""

        kind: Literal["hasty"] = "hasty"
        out: tuple[int, ...]

        def filter(self, desk, rows):
            kept = rows.copy()
            kept[:, list(self.out)] = 0
            return kept

    setup = make_setup(
        4, scripts({1: "poison"}, {1: "poison"}, {}, {}), tactics=("flip",), rounds=2, operator={"defence": Hasty(out=(1, 2))}
    )
    record = LeverageGame(setup).play()
    found = record.manifest["detection"]["operator"]
    held, out = rows_of(record, "holdings"), rows_of(record, "kept_out")
    assert (found["true_positives"], found["poisoned"], found["false_positives"], found["clean"]) == (2, 4, 4, 8)
    assert found["auc"] == pytest.approx(roc_auc_score((held > 1).ravel(), (out > 0).ravel()))
    assert found["auc_of"] == "one operating point"
    text = BANNING.replace("DEFENCE", "{kind: noise, rate: 0.1}").replace(", retrain: RETRAIN", "")
    assert loads(text.replace(", response: {kind: ban, after: 1, rounds: 2}", "")).play().manifest["detection"] == {}


def test_a_defence_that_never_had_anything_to_look_at_has_no_rates(make_setup, scripts):
    setup = make_setup(2, scripts({}, {}), rounds=2, operators=[{"name": "held"}, {"name": "bare", "defence": "knn_sanitise"}])
    found = detection(setup, [])["bare"]
    assert (found["rounds"], found["poisoned"], found["clean"], found["auc"]) == (0, 0, 0, None)
