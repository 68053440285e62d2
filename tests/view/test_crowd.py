"""What the page of a large population says of everyone, counted here move by move."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataleverage.record.record import Record
from dataleverage.view import packing
from dataleverage.view.crowd import CREATORS, CROWD, sample
from dataleverage.view.page import page
from dataleverage.view.payload import payload, transfers_of

OWNERS = 1300


@pytest.fixture(scope="module")
def crowd(records) -> Record:
    return records.sample_record(n=6, owners=OWNERS, rounds=7)


def test_a_page_of_few_shows_everyone(records):
    few = payload(records.sample_record(n=5, owners=CROWD, rounds=3))
    assert few["crowd"] is None and len(few["creators"]["creator"]) == CROWD


def test_everyone_is_counted(crowd):
    told = payload(crowd)["crowd"]
    now = dict.fromkeys(crowd.creators.creator, "contribute")
    pulled: dict[str, set[str]] = {}
    changes, paid = [{}], [None]
    for number in sorted(set(crowd.moves["round"])):
        made = crowd.moves[crowd.moves["round"] == number]
        changed = Counter(lever for who, lever in zip(made.creator, made.lever, strict=True) if now[who] != lever)
        now |= dict(zip(made.creator, made.lever, strict=True))
        for who, lever in now.items():
            if lever != "contribute":
                pulled.setdefault(lever, set()).add(who)
        changes.append(dict(changed))
        paid.append(float(np.mean([p for p in made.payoff.tolist() if p == p])))
    assert told["creators"] == OWNERS and told["objects"] == 6
    assert told["changes"] == changes
    assert {lever: many for lever, many in told["pulled"].items() if many} == {k: len(who) for k, who in pulled.items()}
    assert told["acted"] == len(set().union(*pulled.values()))
    assert packing.unpacked(told["payoff"])[1:] == pytest.approx(paid[1:], abs=1e-6)


def test_the_sample_is_as_it_is_in_the_record(crowd):
    shown = payload(crowd)
    names = shown["creators"]["creator"]
    assert len(names) <= CREATORS and len(shown["creators"]["x"]) == len(names)
    levers = packing.unpacked(shown["moves"]["lever"])
    rounds = [number for number in shown["rounds"] if number > 0]
    made = {(m.creator, m.round): m.lever for m in crowd.moves.itertuples()}
    assert levers == [made[name, number] for name in names for number in rounds]


def test_rows_are_told_by_their_number_of_objects(crowd):
    shown = payload(crowd)
    served = packing.unpacked(shown["operators"][0]["row"])
    for words, place in zip(crowd.rounds.row, served, strict=True):
        assert shown["board"]["size"][int(place)] == len(words.replace("*", ""))
    scores = packing.unpacked(shown["board"]["score"])
    columns = shown["columns"]["column"]
    for c in crowd.cells.itertuples():
        at = [row for row, place in zip(crowd.rounds.row, served, strict=True) if row == c.row]
        if at and c.column in columns:
            place = served[list(crowd.rounds.row).index(c.row)]
            assert scores[int(place) * len(columns) + columns.index(c.column)] == pytest.approx(c.score, abs=1e-6)
    full = crowd.rounds.row[0]
    assert shown["board"]["full"] == 0 and len(full) == 6


def test_payments_are_added_up(crowd):
    table = {name: crowd.transfers[name].tolist() for name in crowd.transfers}
    assert payload(crowd)["transfers"] == [
        [*line[:2], pytest.approx(line[2], abs=2e-4), *line[3:]] for line in transfers_of(table)
    ]


def test_the_page_of_a_crowd_is_of_bounded_size(records):
    one, two = (len(page(records.sample_record(n=6, owners=owners, rounds=5))) for owners in (CROWD + 1, 4 * CROWD))
    assert two < 1.1 * one


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(3, 20))
def test_a_sample_is_even_over_groups(groups, most):
    found = sample(groups, most)
    assert np.array_equal(found, np.unique(found)) and (len(groups) > most or len(found) == len(groups))
    for name, many in Counter(groups).items():
        kept = sum(groups[i] == name for i in found)
        fair = min(1.0, most / len(groups)) * many
        assert kept >= 1 and fair - 1 < kept <= max(1, fair)
