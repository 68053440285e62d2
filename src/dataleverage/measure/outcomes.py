"""Outcomes: every number that a summary prints, with its definition and how it is read off a record.

Where there are several operators, what is told of one is told of the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dataleverage.measure.harm import losses
from dataleverage.record.record import Record
from dataleverage.world.world import Floats


@dataclass(frozen=True)
class Outcome:
    """One number.

    name : as in a sweep file. definition : what it is, in a sentence. read : record -> number (NaN where it has none).
    unit : share, share of the gap, credits, rounds, or nothing for scores.
    """

    name: str
    definition: str
    read: Callable[[Record], float]
    unit: str = ""


def _score(record: Record, at: int) -> float:
    """Of the first weighted audit column: the one that a summary is about."""
    weighted = record.column("columns", "weight") > 0
    name = record.column("columns", "column")[weighted][0]
    return float(record.along(f"score:{name}")[at])


def _last(record: Record, name: str) -> float:
    return float(record.along(name)[-1])


def _numbers(record: Record, table: str, name: str) -> Floats:
    return np.asarray(record.column(table, name), dtype=np.float64)


def _profit(record: Record, *, rivals: bool) -> float:
    """Sum of the payoffs of the first operator, or of all the others; NaN where there are none."""
    count = len({*record.column("rounds", "operator").tolist()})
    if rivals and count == 1:
        return math.nan
    paid = [float(np.nansum(np.asarray(record.along("payoff", k), dtype=np.float64))) for k in range(count)]
    return sum(paid[1:]) if rivals else paid[0]


def _quality_of_creators(record: Record) -> float:
    rounds = record.column("moves", "round")
    return float(_numbers(record, "moves", "quality")[rounds == rounds.max()].mean()) if len(rounds) else math.nan


def _unmonitored(record: Record) -> float:
    """Largest loss on an audit column whose slice no operator looked at, as a share of its metric's gap."""
    return max((lost.loss for lost in losses(record) if not lost.monitored), default=math.nan)


def _won(record: Record) -> float:
    """Whether a demand was granted; NaN where nobody demands anything."""
    demands = np.asarray(record.column("collectives", "demands"), dtype=bool)
    granted = np.asarray(record.column("collectives", "granted"), dtype=bool)
    return float(granted[demands].any()) if demands.any() else math.nan


def _false_positives(record: Record) -> float:
    flagged = float(np.sum(record.along("flagged")))
    return float(np.sum(record.along("false_positives"))) / flagged if flagged else math.nan


OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome(
            "start_score", "Score of the first weighted audit column before anyone moves (round 0).", lambda r: _score(r, 0)
        ),
        Outcome("final_score", "Score of the first weighted audit column after the last round.", lambda r: _score(r, -1)),
        Outcome("score_change", "final_score minus start_score.", lambda r: _score(r, -1) - _score(r, 0)),
        Outcome(
            "deletion_leverage",
            "1 − quality after the last round, on everyone's audit examples: the part of the gap between guessing and full "
            "data that is gone (Vincent et al. 2021, DLP of a strike; fixed holdout).",
            lambda r: 1 - _last(r, "quality"),
            unit="share of the gap",
        ),
        Outcome(
            "company_leverage",
            "deletion_leverage on the audit examples of creators whose data the operator still holds (company view); read it "
            "with share_retained, since it can shrink by losing the hard cases.",
            lambda r: 1 - _last(r, "company_quality"),
            unit="share of the gap",
        ),
        Outcome(
            "share_retained",
            "Share of audit examples that belong to creators whose data the operator holds after the last round.",
            lambda r: _last(r, "share_retained"),
            unit="share",
        ),
        Outcome(
            "peak_acting_share",
            "Largest share of creators doing anything but contribute in a round.",
            lambda r: float(r.along("acting").max()),
            unit="share",
        ),
        Outcome(
            "peak_strike_share",
            "Largest share of creators withholding, deleting or redirecting in a round.",
            lambda r: float((r.along("share:withhold") + r.along("share:delete") + r.along("share:redirect")).max()),
            unit="share",
        ),
        Outcome(
            "final_acting_share",
            "Share of creators doing anything but contribute in the last round.",
            lambda r: _last(r, "acting"),
            unit="share",
        ),
        Outcome("rounds_played", "The round played last.", lambda r: float(r.along("round").max()), unit="rounds"),
        Outcome(
            "operator_profit",
            "Sum of the operator's payoffs over all rounds, in credits.",
            lambda r: _profit(r, rivals=False),
            unit="credits",
        ),
        Outcome(
            "rivals_profit",
            "Sum of the payoffs of all operators but the first, over all rounds, in credits.",
            lambda r: _profit(r, rivals=True),
            unit="credits",
        ),
        Outcome("users", "Share of users that the operator has in the last round.", lambda r: _last(r, "users"), unit="share"),
        Outcome(
            "creators_welfare",
            "Sum of all creators' payoffs over all rounds, in credits.",
            lambda r: float(_numbers(r, "moves", "payoff").sum()),
            unit="credits",
        ),
        Outcome(
            "creators_quality",
            "Mean quality that creators are served in the last round, each on its own column: 1 is the model of all data, "
            "a guess need not be 0.",
            _quality_of_creators,
        ),
        Outcome(
            "transfers",
            "Sum of all payments over all rounds, in credits.",
            lambda r: float(_numbers(r, "transfers", "amount").sum()),
            unit="credits",
        ),
        Outcome(
            "harm_unmonitored",
            "Largest loss from round 0 to the last on an audit slice whose monitor cells no operator looked at, as a share of "
            "the gap.",
            _unmonitored,
            unit="share of the gap",
        ),
        Outcome(
            "strike_won",
            "1 where a collective's demand was granted at any time, 0 where none was; nothing where nobody demands.",
            _won,
            unit="share",
        ),
        Outcome(
            "peak_boycott_share",
            "Largest share of creators that use no operator in a round.",
            lambda r: float(r.along("share:boycott").max()),
            unit="share",
        ),
        Outcome(
            "peak_poison_share",
            "Largest share of creators poisoning in a round.",
            lambda r: float(r.along("share:poison").max()),
            unit="share",
        ),
        Outcome(
            "false_positive_share",
            "Of the objects that the operator's defence kept out over all rounds, the share that was clean; nothing where it "
            "kept nothing out.",
            _false_positives,
            unit="share",
        ),
    )
}


def outcomes(record: Record) -> dict[str, float | None]:
    """Every outcome of a record; None where it has none."""
    values = {name: outcome.read(record) for name, outcome in OUTCOMES.items()}
    return {name: float(value) if math.isfinite(value) else None for name, value in values.items()}
