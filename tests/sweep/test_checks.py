"""What only shows when keys of a sweep file meet, each told with its line."""

from __future__ import annotations

import pytest

from dataleverage.scenario.document import parse
from dataleverage.scenario.load import valid_parts
from dataleverage.sweep.checks import faults
from dataleverage.sweep.design import Sweep


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("design: sobol\nvary: {a: {uniform: [0, 1]}}", 1, "sobol needs to know how many"),
        ("samples: 5", 2, "factorial counts its points itself"),
        ("design: sobol\nsamples: 100\nvary: {a: {uniform: [0, 1]}}", 3, "Give 64 or 128"),
        ("design: morris\nsamples: 4", 1, "morris has nothing to vary"),
        ("design: morris\nsamples: 4\nvary:\n  a: {normal: {mean: 0, sd: 1, low: 0}}", 5, "least and a greatest"),
        ("vary:\n  a: [1]\n  b: {uniform: [0, 1]}", 4, "needs the values of this counted out"),
        ("vary:\n  a: [1]\n  b: {range: [0, 1]}", 4, "needs the values of this counted out"),
        ("design: list\nvary:\n  a: [1, 2]\n  b: [1, 2, 3]", 5, "this list has 3 values, and the first one has 2"),
        ("outcomes: [users, users]", 2, "stands here twice"),
        ("outcomes: [users, welfare]", 2, "there is no outcome 'welfare'"),
        ("outcomes: [users, moves.payoff]", 2, "there is no outcome 'moves.payoff'"),
        ("outcomes: [users]\nworlds: 5\nprecision: {outcome: transfers, half_width: 1}", 4, "not kept"),
        ("precision: {outcome: users, half_width: 1}", 2, "a precision is over worlds"),
        ("vary:\n  seed: [1]", 3, "say `replicates: 10`"),
        ("worlds: 3\nvary:\n  data.seed: [1]", 4, "what worlds set"),
        ("vary:\n  users: [1]", 3, "another column of this name"),
    ],
)
def test_faults_are_told_with_their_line(text: str, line: int, said: str) -> None:
    document = parse(f"scenario: x.yaml\n{text}\n", "s.yaml")
    told = list(faults(valid_parts(document.rough, Sweep), document))
    assert len(told) == 1
    assert said in str(told[0]) and told[0].place.line == line and told[0].remedy


@pytest.mark.parametrize(
    "text",
    [
        "worlds: 5\nprecision: {outcome: users, half_width: 1}",
        "vary: {data.seed: [1, 2]}",
        "design: latin_hypercube\nsamples: 7\nvary: {a: [1, 2], b: {normal: {mean: 0, sd: 1}}}",
        "outcomes: ['rounds.score:all', 'rounds.users@rival', mean(moves.payoff), 'numpy.linalg:norm']",
    ],
)
def test_what_makes_sense_passes(text: str) -> None:
    document = parse(f"scenario: x.yaml\n{text}\n")
    assert not list(faults(valid_parts(document.rough, Sweep), document))
