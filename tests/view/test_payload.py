"""The payload: what it tells of purchases and collectives is what the record's other tables say."""

from collections import defaultdict
from pathlib import Path

import pytest

from dataleverage.record.record import Record
from dataleverage.scenario.load import load
from dataleverage.view.payload import bought_of, payload
from dataleverage.view.summary import summary

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def board_game() -> Record:
    return load(SCENARIOS / "board-game.yaml").play()


@pytest.fixture(scope="module")
def strike_fund() -> Record:
    return load(SCENARIOS / "strike-fund.yaml").play()


def test_what_was_bought_is_what_was_paid_for(board_game: Record) -> None:
    told = payload(board_game)["bought"]
    paid = board_game.transfers[board_game.transfers.reason == "price"]
    assert len(told) == paid["round"].nunique() > 3
    for number, operator, objects, amount in told:
        lines = paid[paid["round"] == number]
        assert set(lines.payer) == {operator} and amount == pytest.approx(lines.amount.sum())
        assert sorted(board_game.objects.owner[objects]) == sorted(lines.payee)


def test_each_operator_buys_for_itself_and_only_once() -> None:
    tables = {
        "objects": {"object": ["A", "B"], "price": [0.0, 2.5]},
        "rounds": {
            "round": [0, 0, 1, 1, 2, 2, 3, 3],
            "operator": ["x", "y"] * 4,
            "holdings": ["A", "A", "AB", "A", "A", "AB*", "AB", "B"],
        },
    }
    assert bought_of(tables) == [[1, "x", [1], 2.5], [2, "y", [1], 2.5]]


def test_collectives_are_told_where_something_changes(strike_fund: Record) -> None:
    told = payload(strike_fund)["collectives"]
    table = strike_fund.collectives
    assert [line[0] for line in told] == [0, 2, 7]
    spread = {}
    for number in table["round"]:
        spread[number] = next(line for line in reversed(told) if line[0] <= number)
    wanted = ("collective", "operator", "members", "called", "followed", "granted", "rate", "wage", "promise")
    for line in table.to_dict("records"):
        assert spread[line["round"]][1:] == [line[name] for name in wanted]


def summed(record: Record) -> dict[str, list[str]]:
    found = defaultdict(list)
    for label, text in summary(record):
        found[label].append(text)
    return found


def test_the_summary_tells_what_was_bought_thrown_out_and_boycotted(board_game: Record) -> None:
    assert summed(board_game)["Bought"] == ["5 objects for 22.00 credits"]
    race = load(SCENARIOS / "arms-race.yaml").play()
    (defence,) = summed(race)["Defence"]
    last = race.rounds.iloc[-1]
    assert defence.startswith("threw out at most 4 objects at once, in round 2, none of them clean")
    assert defence.endswith(f"trained on {last.poisoned} poisoned examples in the last round")
    boycott = summed(load(SCENARIOS / "boycott-beside-strike.yaml").play())
    (acted,) = boycott["Who acted"]
    assert "delete: 6 (" in acted and "boycott: 6 (" in acted


def test_who_only_boycotts_acts() -> None:
    changed = "creators.0.strategy.moves.2={lever: contribute, use: none}"
    found = summed(load(SCENARIOS / "boycott-beside-strike.yaml", settings=[changed]).play())
    (acted,) = found["Who acted"]
    assert acted.startswith("boycott: 6 (strikers 1, ") and acted.endswith("; most at once 6 of 12, from round 2")
    assert any(text.startswith("the 6 creators who act in the last round") for text in found["Cost"])


def test_every_operator_has_its_score() -> None:
    found = summed(load(SCENARIOS / "conscious-contribution.yaml").play())
    assert [text.split(":")[0] for text in found["Score"]] == ["incumbent", "startup"]
