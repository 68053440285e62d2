"""Outcomes: every number that a summary prints, with its definition and how it is read off a record."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataleverage.measure.harm import harm
from dataleverage.record.record import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Outcome:
    """One number.

    name : as in a sweep file. definition : what it is, in a sentence. read : record -> number (NaN where it has none).
    """

    name: str
    definition: str
    read: Callable[[Record], float]


def _column(record: Record) -> pd.Series:
    """The first weighted audit column: the one that a summary is about."""
    columns = record.columns
    first: pd.Series = columns[columns.weight > 0].iloc[0]
    return first


def _score(record: Record, at: int) -> float:
    return float(record.rounds[f"score:{_column(record).column}"].iloc[at])


def _last(record: Record, name: str) -> float:
    return float(record.rounds[name].iloc[-1])


def _quality_of_creators(record: Record) -> float:
    moves = record.moves
    return float(moves[moves["round"] == moves["round"].max()].quality.mean()) if len(moves) else math.nan


def _unmonitored(record: Record) -> float:
    """Largest loss on an audit column whose slice no operator looked at, as a share of its metric's gap."""
    lost = harm(record)
    return float(lost[~lost.monitored].loss.max())


OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome(
            "start_score", "Score of the first weighted audit column before anyone moves (round 0).", lambda r: _score(r, 0)
        ),
        Outcome("final_score", "Score of that column after the last round.", lambda r: _score(r, -1)),
        Outcome("score_change", "final_score minus start_score.", lambda r: _score(r, -1) - _score(r, 0)),
        Outcome(
            "deletion_leverage",
            "1 − quality after the last round, on everyone's audit examples: the part of the gap between guessing and full "
            "data that is gone (Vincent et al. 2021, DLP of a strike; fixed holdout).",
            lambda r: 1 - _last(r, "quality"),
        ),
        Outcome(
            "company_leverage",
            "The same on the audit examples of creators whose data the operator still holds (company view); read it with "
            "share_retained, since it can shrink by losing the hard cases.",
            lambda r: 1 - _last(r, "company_quality"),
        ),
        Outcome(
            "share_retained",
            "Share of audit examples that belong to creators whose data the operator holds after the last round.",
            lambda r: _last(r, "share_retained"),
        ),
        Outcome(
            "peak_acting_share",
            "Largest share of creators doing anything but contribute in a round.",
            lambda r: float(r.rounds.acting.max()),
        ),
        Outcome(
            "peak_strike_share",
            "Largest share of creators withholding or deleting in a round.",
            lambda r: float((r.rounds["share:withhold"] + r.rounds["share:delete"]).max()),
        ),
        Outcome(
            "final_acting_share",
            "Share of creators doing anything but contribute in the last round.",
            lambda r: _last(r, "acting"),
        ),
        Outcome("rounds_played", "The round played last.", lambda r: float(r.rounds["round"].max())),
        Outcome(
            "operator_profit",
            "Sum of the operator's payoffs over all rounds, in credits.",
            lambda r: float(r.rounds.payoff.sum()),
        ),
        Outcome(
            "creators_welfare",
            "Sum of all creators' payoffs over all rounds, in credits.",
            lambda r: float(r.moves.payoff.sum()),
        ),
        Outcome(
            "creators_quality",
            "Mean quality that creators are served in the last round, each on its own column: 1 is the model of all data, "
            "a guess need not be 0.",
            _quality_of_creators,
        ),
        Outcome("transfers", "Sum of all payments over all rounds, in credits.", lambda r: float(r.transfers.amount.sum())),
        Outcome(
            "harm_unmonitored",
            "Largest loss from round 0 to the last on an audit slice whose monitor cells no operator looked at, as a share of "
            "the gap.",
            _unmonitored,
        ),
    )
}


def outcomes(record: Record) -> dict[str, float | None]:
    """Every outcome of a record; None where it has none."""
    values = {name: outcome.read(record) for name, outcome in OUTCOMES.items()}
    return {name: float(value) if math.isfinite(value) else None for name, value in values.items()}
