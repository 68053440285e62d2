"""Words for sweeps: short names, values and numbers as people read them."""

from __future__ import annotations

import math

import pytest

from dataleverage.sweep.design import Normal, Spread
from dataleverage.view.sweep_words import (
    definition_of,
    meaning_of,
    number,
    outcome_name,
    short_names,
    spread_words,
    unit_of,
    value_words,
)


def test_short_names_say_what_the_last_part_is_of_and_never_meet() -> None:
    paths = ["creators.1.strategy.mean", "operators.0.defence", "network.k", "payoffs.revenue", "tactics.sly.rate", "rounds"]
    names = ["strategy mean", "defence", "network k", "revenue", "sly rate", "rounds"]
    assert short_names(paths) == dict(zip(paths, names, strict=True))
    assert short_names(["creators.0.count", "creators.1.count"]) == {p: p for p in ("creators.0.count", "creators.1.count")}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('{"kind": "knn_sanitise", "tolerance": 0.2}', "knn sanitise (tolerance 0.2)"),
        ('"threshold"', "threshold"),
        ("{not JSON", "{not JSON"),
        (0.30000000000000004, "0.3"),
        (2_000_000, "2,000,000"),
        (True, "yes"),
        (None, "none"),
        ("x" * 50, "x" * 35 + "…"),
    ],
)
def test_values_in_words(value: object, words: str) -> None:
    assert value_words(value) == words


def test_numbers_by_their_unit() -> None:
    assert unit_of("peak_strike_share") == "share" and unit_of("transfers") == "credits" and unit_of("module:f") == ""
    assert number(0.3333, "share") == "33.3 %" and number(-0.02, "share of the gap") == "−2 %"
    assert number(12.34567, "credits") == "12.35" and number(123456.7) == "123,457" and number(math.inf) == "–"
    assert number(-7.253e-05) == "−0.00007" and number(1e-9) == "0" and number(0.001234) == "0.001234"


def test_spreads_in_words() -> None:
    assert spread_words(Spread(values=("a", {"kind": "b"}))) == "a, b"
    assert spread_words(Spread(range=(0, 1), steps=101)) == "0, 0.01, 0.02, 0.03, 0.04, … 1 (101 values)"
    assert spread_words(Spread(loguniform=(0.1, 10))) == "evenly by logarithm from 0.1 to 10"
    assert spread_words(Spread(normal=Normal(mean=1, sd=2, low=0))) == "normal, mean 1, sd 2, low 0"
    assert spread_words(Spread(integer=(2, 9))) == "whole numbers from 2 to 9"
    assert spread_words(Spread(range=(0.0, 1.0))) == "evenly from 0 to 1"


def test_what_a_path_means_is_what_its_model_says() -> None:
    from dataleverage.game.strategies.threshold import Threshold
    from dataleverage.scenario.scenario import Scenario

    base = {"creators": [{"name": "all", "strategy": {"kind": "threshold"}}]}
    said = Threshold.model_fields["mean"].description
    assert said and meaning_of("creators.0.strategy.mean", base) == said == meaning_of("creators.all.strategy.mean", base)
    assert meaning_of("rounds", base) == (Scenario.model_fields["rounds"].description or "")
    assert meaning_of("no.such.path", base) == ""


@pytest.mark.parametrize(
    ("outcome", "name", "definition"),
    [
        ("rounds.score:all", "Score:all", "The last round's score:all of the first operator."),
        ("mean(rounds.users@rival)", "Mean users@rival (rounds)", "The mean over rounds of users@rival."),
        ("sum(transfers.amount)", "Sum amount (transfers)", "The sum of amount over the lines of transfers in the record."),
        ("mine:how_loud", "How loud", "What the function mine:how_loud returns for a record."),
    ],
)
def test_outcomes_of_columns_and_functions_in_words(outcome: str, name: str, definition: str) -> None:
    assert (outcome_name(outcome), definition_of(outcome)) == (name, definition)
