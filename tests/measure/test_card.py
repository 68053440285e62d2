from __future__ import annotations

import dataclasses
import re

import pytest

from dataleverage.grid.rows import from_words
from dataleverage.measure.card import MASSES, card
from dataleverage.measure.intervals import over_worlds
from dataleverage.measure.outcomes import outcomes

PARTS = [
    "Effect",
    "Who acted",
    "Harm that nobody monitored",
    "Critical mass",
    "Detection",
    "Costs",
    "Held fixed",
    "What this does not show",
]


def part(text: str, heading: str) -> str:
    return text.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_a_card_has_its_parts_and_the_numbers_of_the_outcomes(first_strike):
    record = first_strike()
    text, found = card(record), outcomes(record)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS and text.startswith("# Leverage card: First strike\n")
    effect = part(text, "Effect")
    for name in ("deletion_leverage", "company_leverage", "start_score", "final_score", "score_change"):
        assert f"{found[name]:.3f}" in effect, name
    assert "no interval" in effect and "here 0.840, standard error 0.017" in effect
    costs = part(text, "Costs")
    assert f"{found['operator_profit']:.3f} credits" in costs and f"{10.0 * found['rounds_played']:.3f} had nobody" in costs
    assert f"{found['creators_welfare']:.3f} credits" in costs and f"{12 * found['rounds_played']:.3f} had nobody" in costs
    assert all(f"{name} (" in part(text, "Critical mass") for name in MASSES)
    assert part(text, "Critical mass").count("not computed") == 4
    assert "seed) 1" in part(text, "Held fixed") and "ridge_classifier" in part(text, "Held fixed")
    assert "No operator has a defence" in part(text, "Detection")


def test_worlds_give_the_card_an_interval(first_strike):
    record = first_strike()
    values = [0.1, 0.2, 0.4]
    record.manifest["worlds"] = [{**outcomes(record), "deletion_leverage": value} for value in values]
    one = over_worlds(values)
    said = part(card(record), "Effect")
    assert f"{one.mean:.3f} (95 % interval {one.low:.3f} to {one.high:.3f} over 3 worlds)" in said
    assert "more worlds" not in part(card(record), "What this does not show")


def test_slices_that_nobody_watched_are_named_the_worst_first(first_strike):
    said = part(card(first_strike(monitors="[all]")), "Harm that nobody monitored")
    shares = [int(share) for share in re.findall(r": (-?\d+) % of the gap", said)]
    assert len(shares) == 6 and shares == sorted(shares, reverse=True) and "6 more slices" in said
    assert "all" not in re.findall(r"^- (\w+):", said, re.MULTILINE)


def test_critical_masses_that_a_record_holds_are_told(first_strike):
    record = first_strike()
    manifest = {
        **record.manifest,
        "critical_mass": {
            "tipping_share": {"value": 0.25, "move": "delete"},
            "stable_size": {"value": None, "reason": "no one stays"},
        },
    }
    silent = dataclasses.replace(record, manifest=manifest)
    assert "tipping_share (share of people from which participation grows by itself): 0.250 of a strike (delete)." in card(
        silent
    )
    assert "nobody wants to leave): no one stays." in card(silent)
    assert "yields the target): not computed." in card(silent)


def test_detection_is_told_of_a_play_with_a_defence(arms_race):
    record = arms_race()
    rounds, said = record.rounds, part(card(record), "Detection")
    held = [from_words(words, record.objects.object.tolist()) for words in rounds.holdings]
    poisoned, clean = (int(sum((row > 1).sum() for row in held)), int(sum((row == 1).sum() for row in held)))
    wrong = int(rounds.false_positives.sum())
    right = int(rounds.flagged.sum()) - wrong
    assert 0 < right < poisoned
    assert "vendor, knn_sanitise: over the 8 rounds, from round 0 on, in which it worked" in said
    assert f"{right} of {poisoned} poisoned objects (true positive rate {right / poisoned:.3f})" in said
    assert f"{wrong} of {clean} clean ones (false positive rate {wrong / clean:.3f})" in said
    area = record.manifest["detection"]["vendor"]["auc"]
    assert f"ROC curve of how suspect it found objects: {area:.3f}" in said
    old = {name: value for name, value in record.manifest.items() if name != "detection"}
    silent = dataclasses.replace(record, manifest=old)
    assert "Defence knn_sanitise: the record does not say how it did" in part(card(silent), "Detection")


def test_what_cannot_be_told_of_a_defence_is_said(arms_race):
    peaceful = part(card(arms_race("creators.0.strategy=always")), "Detection")
    assert "0 of 0 poisoned objects (true positive rate unknown)" in peaceful
    assert "only clean objects came before it, so there is no ROC curve" in peaceful
    noisy = part(card(arms_race("operators.0.defence={kind: noise, rate: 0.1}")), "Detection")
    assert "Defence noise: it looks for no poison" in noisy


@pytest.mark.parametrize("warning", ["Something is off."])
def test_warnings_are_limits(first_strike, warning):
    record = first_strike()
    record.manifest["warnings"].append(warning)
    assert warning in part(card(record), "What this does not show")
