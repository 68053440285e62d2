"""Outcomes of columns, against pandas on the record as it is saved."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from dataleverage.errors import RecordError
from dataleverage.record.record import Record
from dataleverage.scenario.load import loads
from dataleverage.sweep.columns import WAYS, Column

FUND = Path(__file__).parents[2] / "scenarios" / "strike-fund.yaml"
COLUMNS = [
    "moves.payoff", "moves.saw", "moves.quality", "transfers.amount", "creators.status_quo", "creators.threshold",
    "creators.examples", "collectives.fund", "collectives.granted", "cells.score", "cells.exact", "cells.round",
]  # fmt: skip


@pytest.fixture(scope="module")
def record() -> Record:
    """A strike with a fund, beside a rival of the operator."""
    text = FUND.read_text(encoding="utf-8").replace("payoffs:", "  - {name: rival}\npayoffs:", 1)
    return loads(text).play()


@pytest.fixture(scope="module")
def saved(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record.save(tmp_path_factory.mktemp("record") / "fund")


def read(outcome: str, record: Record) -> float:
    column = Column.of(outcome)
    assert column is not None
    return column.read(record)


@pytest.mark.parametrize("where", ["played", "loaded"])
def test_every_reduction_of_every_table_is_that_of_pandas(record: Record, saved: Path, where: str) -> None:
    read_from = record if where == "played" else Record.load(saved)
    found = {}
    for name in COLUMNS:
        table, _, column = name.partition(".")
        values = pd.to_numeric(pd.read_parquet(saved / f"{table}.parquet")[column]).astype(float)
        for how in WAYS:
            expected = float(values.iloc[-1]) if how == "last" else float(getattr(values, how)())
            found[how, name] = read(f"{how}({name})", read_from)
            assert found[how, name] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), (how, name)
    assert found["sum", "transfers.amount"] > 0 and found["max", "collectives.granted"] == 1
    assert math.isnan(found["mean", "creators.threshold"]) and found["sum", "creators.threshold"] == 0


def test_rounds_are_of_the_operator_that_is_named_or_the_first(record: Record, saved: Path) -> None:
    rounds = pd.read_parquet(saved / "rounds.parquet")
    for column in ("users", "payoff", "score:all", "share:delete", "trained"):
        of = {name: part[column].astype(float) for name, part in rounds.groupby("operator", observed=True)}
        assert read(f"rounds.{column}", record) == of["vendor"].iloc[-1] == read(f"last(rounds.{column})", record)
        assert read(f"rounds.{column}@rival", record) == of["rival"].iloc[-1]
        assert read(f"mean(rounds.{column}@rival)", record) == pytest.approx(of["rival"].mean(), rel=1e-12)
        assert read(f"max(rounds.{column})", record) == of["vendor"].max()


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("rounds.payof", "Did you mean `rounds.payoff`"),
        ("rounds.payoff@rivall", "Did you mean `payoff@rival`"),
        ("rounds.payof@rival", "no column 'payof'"),
        ("mean(moves.pay)", "no column 'pay'"),
        ("mean(moves.lever)", "holds no numbers"),
        ("mean(creators.group)", "holds no numbers"),
        ("rounds.row@rival", "holds no numbers"),
    ],
)
def test_what_a_record_does_not_have_is_told(record: Record, outcome: str, said: str) -> None:
    with pytest.raises(RecordError) as caught:
        read(outcome, record)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "outcome", ["users", "mine:loudest", "rounds.", "median(moves.payoff)", "mean(row.payoff)", "moves.payoff"]
)
def test_other_names_are_no_columns(outcome: str) -> None:
    assert Column.of(outcome) is None


def test_a_move_that_nobody_weighed_has_no_worth(record: Record) -> None:
    assert math.isnan(read("mean(moves.worth:delete)", record))
