"""The record that a game writes has the columns that docs/reference/record.md lists, and what they say adds up."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dataleverage.game.model import LeverageGame
from dataleverage.game.network import WattsStrogatz
from dataleverage.game.recorder import LIBRARIES
from dataleverage.game.strategies.baseline import Always, Random
from dataleverage.game.strategies.threshold import Threshold
from dataleverage.game.strategies.weighing import BestResponse
from dataleverage.record.record import SCHEMA_VERSION, TABLES
from dataleverage.scenario.load import load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def record(request):
    make_setup, random_score = request.getfixturevalue("make_setup"), request.getfixturevalue("random_score")
    groups = [(2, Random(p=0.6)), (2, Threshold(mean=0.3)), (1, BestResponse(revise=0.5))]
    setup = make_setup(
        5,
        groups,
        random_score(5, 2, 3),
        tactics=("flip",),
        monitored=True,
        sizes=[1, 2, 3, 4, 5],
        operator={"response": {"kind": "dividend", "rate": 0.2}, "unveil_cost": 0.1},
        payoffs={"revenue": 3.0, "train_cost": 0.01, "cost": {"delete": 0.1}},
        network=WattsStrogatz(k=2),
        rounds=10,
    )
    return LeverageGame(setup, 4).play()


def documented() -> dict[str, list[str]]:
    """The columns of each table in the reference; those with a part in angle brackets as a pattern."""
    text = (ROOT / "docs/reference/record.md").read_text(encoding="utf-8")
    found = {}
    for name, columns in re.findall(r"^\| `(\w+)` \|[^|]*\|(.*)\|$", text, flags=re.MULTILINE):
        outside = re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "", columns)
        found[name] = re.findall(r"`([^`]+)`", outside)
    return found


def fits(column: str, pattern: str) -> bool:
    return re.fullmatch(re.sub(r"<[^>]+>", ".+", pattern), column) is not None


def test_the_columns_are_those_of_the_reference(record):
    docs = documented()
    assert tuple(docs) == TABLES
    for name in TABLES:
        columns = list(record.frame(name).columns)
        at = [next((i for i, pattern in enumerate(docs[name]) if fits(column, pattern)), None) for column in columns]
        assert None not in at, (name, columns)
        optional = {i for i, pattern in enumerate(docs[name]) if pattern.startswith("label:")}
        assert set(range(len(docs[name]))) - set(at) <= optional, name


def test_the_manifest_says_what_was_played(record):
    manifest = record.manifest
    assert manifest["schema"] == SCHEMA_VERSION and manifest["seed"] == 4
    assert set(manifest["versions"]) == {"python", *LIBRARIES}
    assert manifest["stopped"] == {"reason": "rounds", "round": 10, "period": None}
    assert manifest["normalisation"]["floor"] == {"all": 0.0} and manifest["normalisation"]["full"] == {"all": 1.0}
    assert manifest["cells"]["trained"] == record.cells.row.nunique()
    full = load(ROOT / "scenarios/abcd.yaml").play().manifest
    assert {"title", "about", "source", "scenario", "data_seed", "world", "learner", "data_title"} <= set(full)
    assert full["scenario"]["stop"] == {"fixed_point": None, "cycle": None, "budget_gone": False, "demand_won": False}


def test_rounds_agree_with_moves(record):
    rounds, moves = record.rounds.set_index("round"), record.moves
    assert rounds.index.tolist() == list(range(11)) and len(moves) == 50
    for round, made in moves.groupby("round"):
        for lever in ("contribute", "withhold", "delete", "poison"):
            assert rounds[f"share:{lever}"][round] == pytest.approx((made.lever == lever).mean())
        assert rounds.acting[round] == pytest.approx((made.lever != "contribute").mean())
        assert rounds.transfers_out[round] == pytest.approx(made.transfers.sum())
        booked = rounds.revenue[round] - rounds.transfers_out[round] - rounds.costs[round]
        assert rounds.payoff[round] == pytest.approx(booked)
    assert (moves.payoff - (moves.quality + moves.transfers - moves.cost)).abs().max() < 1e-12
    assert (moves.tactic.notna() == (moves.lever == "poison")).all()
    assert rounds.loc[0, ["revenue", "transfers_in", "transfers_out", "costs", "payoff"]].isna().all()
    assert rounds.loc[0, "share:contribute"] == 1 and rounds.loc[0, "acting"] == 0


def test_rounds_agree_with_cells(record):
    rounds, cells = record.rounds, record.cells
    size = dict(zip("ABCDE", record.objects.examples, strict=True))
    for at, line in enumerate(rounds.itertuples()):
        served = cells[(cells.row == line.row) & (cells.by == "operator")]
        assert served.column.tolist() == ["all", "monitor:all"]
        assert served.score.tolist() == [rounds["score:all"][at]] * 2
        assert line.examples == sum(size[letter] for letter in line.row if letter in size)
        assert line.row == line.holdings
    first = rounds.drop_duplicates("row").set_index("row")["round"]
    for row, seen in cells[cells.by == "operator"].groupby("row", observed=True):
        assert set(seen["round"]) == {first[row]}
    assert rounds.trained.tolist() == [True, *(rounds.row.astype(str).shift() != rounds.row.astype(str)).iloc[1:]]


def test_cells_are_told_once_and_the_operators_stay_its_own(record):
    cells = record.cells
    assert not cells.duplicated(["row", "column", "by"]).any()
    assert set(cells.by) == {"operator", "creators"} and cells.exact.all()
    assert not cells[cells.by == "creators"].column.str.startswith("monitor:").any()
    assert (cells["size"] == [sum(letter.isalpha() for letter in row) for row in cells.row]).all()
    for (_, _), both in cells.groupby(["row", "column"], observed=True):
        if len(both) == 2:  # what creators had asked for first, before the operator came to serve it
            assert both.by.tolist() == ["creators", "operator"] and both["round"].is_monotonic_increasing
            assert both.score.nunique() == 1


def test_who_played(record):
    creators = record.creators
    assert creators.strategy.tolist() == ["random"] * 2 + ["threshold"] * 2 + ["best_response"]
    assert creators.threshold.isna().tolist() == [True, True, False, False, True]
    assert creators.status_quo.tolist() == pytest.approx([1 + 0.2 * 3 / 5] * 5, abs=1) and creators.status_quo.nunique() == 1
    assert record.manifest["status_quo"]["creators"] == pytest.approx(creators.status_quo.mean())
    assert len(record.edges) == 5
    weighed = record.moves[["creator", "worth:contribute"]].dropna()
    assert set(weighed.creator) == {"E"} and 0 < len(weighed) < 10


def test_a_record_before_the_first_round(make_setup):
    record = LeverageGame(make_setup(2)).record()
    assert record.rounds["round"].tolist() == [0] and record.moves.empty and record.transfers.empty
    assert record.manifest["stopped"] == {"reason": None, "round": 0, "period": None}
    assert list(record.moves.columns)[:3] == ["round", "creator", "lever"]


def test_a_large_complete_network_is_not_listed(make_setup):
    assert len(LeverageGame(make_setup(200, Always(), rounds=1)).play().edges) == 200 * 199 / 2
    record = LeverageGame(make_setup(201, Always(), rounds=1)).play()
    assert record.edges.empty
    assert any("links of 201 creators are not listed" in warning for warning in record.manifest["warnings"])


def test_missing_numbers_are_null(record):
    from dataleverage.record.record import arrow

    table = arrow("rounds", record.tables["rounds"])
    assert table["payoff"].null_count == 1 and table["company_quality"].null_count == 11
    assert not any(np.isnan(v) for v in table["payoff"].to_pylist() if v is not None)


def test_what_unveiling_cost_and_what_was_believed_are_written_beside_each_other(make_setup, scripts):
    """Of three objects A is worth 0.2, B 0.3 and C 0.5; a cell costs 2 credits, and training 1 an example.

    The board knows ABC and what it was given. Nearest to BC, new in round 1, is ABC: 1 is expected and 0.8 comes. In round 2
    BC is known. C, new in round 3, is one object from BC: 0.8 is expected and 0.5 comes. Each known score is off that of its
    nearest other by 0.2, when two are known.
    """
    setup = make_setup(
        3,
        scripts({1: "delete"}, {3: "delete"}, {}),
        score=lambda rows: rows @ np.array([0.2, 0.3, 0.5]),
        monitored=True,
        operator={"unveil_cost": 2.0},
        payoffs={"train_cost": 1.0},
        rounds=4,
    )
    rounds = LeverageGame(setup).play().rounds
    assert rounds["row"].tolist() == ["ABC", "BC", "BC", "C", "C"]
    assert rounds.unveiling[1:].tolist() == [2.0, 0.0, 2.0, 0.0] and np.isnan(rounds.unveiling[0])
    assert rounds.costs[1:].tolist() == [4.0, 0.0, 3.0, 0.0]
    assert rounds.believed[1:].tolist() == pytest.approx([1.0, 0.8, 0.8, 0.5]) and np.isnan(rounds.believed[0])
    assert rounds.believed_error[2:].tolist() == pytest.approx([0.0, 0.2, 0.0])
    assert np.isnan(rounds.believed_error[1]), "one known row says nothing of how far others are off"


def test_who_pays_nothing_for_what_it_sees_or_sees_nothing_has_no_beliefs_written_down(make_setup):
    for setup in (make_setup(2, monitored=True, rounds=2), make_setup(2, operator={"unveil_cost": 1.0}, rounds=2)):
        rounds = LeverageGame(setup).play().rounds
        assert rounds[["believed", "believed_error"]].isna().all(axis=None)
        assert rounds.unveiling[1:].tolist() == [0.0, 0.0]
