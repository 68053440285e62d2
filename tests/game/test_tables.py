"""What the record says of collectives, bans and defences, against games whose course is known."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.member import Member
from dataleverage.record.record import TABLES
from dataleverage.scenario.load import loads

BANNING = """
title: banned
data:
  kind: sklearn
  name: digits
  objects: {by: random, count: 6}
  holdout: {audit: 0.3}
learner: ridge_classifier
tactics: {flip: label_flip}
creators:
  - {name: poisoner, count: 1, strategy: {kind: scripted, moves: {1: poison, 2: contribute}}}
  - {name: others}
operators:
  - {name: strict, defence: knn_sanitise, response: {kind: ban, after: 1, rounds: 2}}
  - {name: open}
rounds: 5
"""


def test_what_is_kept_out_and_who_is_banned_is_written_down():
    """A poisons in round 1, is thrown out, and is banned for two rounds though it contributes again."""
    record = loads(BANNING).play()
    strict = record.rounds[record.rounds.operator == "strict"]
    assert strict.kept_out.astype(str).tolist() == ["", "A*", "", "", "", ""]
    assert strict.flagged.tolist() == [0, 1, 0, 0, 0, 0] and strict.false_positives.sum() == 0
    assert strict.row.astype(str).tolist() == ["ABCDEF", "BCDEF", "BCDEF", "BCDEF", "ABCDEF", "ABCDEF"]
    moves = record.moves
    banned = moves[moves.banned_by.notna()]
    assert [(line.round, line.creator, line.banned_by) for line in banned.itertuples()] == [
        (2, "poisoner", "strict"),
        (3, "poisoner", "strict"),
    ]
    assert moves.called.isna().all(), "nobody is organised"


def test_what_a_collective_called_and_was_granted_is_written_down(make_setup):
    """A and B strike in round 2 for a wage; a firm that loses more than that by the strike concedes, from round 3 on."""
    setup = make_setup(
        3,
        [(2, Member()), (1, Always())],
        collectives=[
            {
                "name": "union",
                "members": {"creators": ["group 0"]},
                "calls": {"kind": "strike", "first": 2},
                "demand": {"wage": 0.5},
            }
        ],
        operator={"response": "concede"},
        payoffs={"revenue": 9.0},
        rounds=4,
    )
    record = LeverageGame(setup).play()
    calls = record.moves.pivot(index="round", columns="creator", values="called").astype(object)
    assert calls.loc[2].where(calls.loc[2].notna(), "").tolist() == ["delete", "delete", ""]
    assert calls.loc[3].isna().all() or set(calls.loc[3].dropna()) == {"contribute"}
    union = record.collectives.set_index("round")
    assert union.wage.tolist() == [0, 0, 0, 0.5, 0.5] and union.granted.tolist() == [False] * 3 + [True] * 2
    assert union.rate.sum() == union.promise.sum() == 0
    paid = record.transfers.groupby("round").amount.sum()
    assert paid.to_dict() == pytest.approx({3: 2 * 0.5, 4: 2 * 0.5})


def test_tables_that_travel_are_the_same(make_setup):
    record = LeverageGame(make_setup(3, rounds=2)).play()
    back = pickle.loads(pickle.dumps(record))
    for name in TABLES:
        pd.testing.assert_frame_equal(back.frame(name), record.frame(name))
