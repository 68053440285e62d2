"""What the texts of shipped scenarios say beyond the effect of each, sentence by sentence, from records of a few worlds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dataleverage.scenario.load import load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
LITTLE = 0.02  # of a score: what "hardly" and "little" may be


def change(record, name, start=0, end=-1):
    """What a column of the first operator has changed by."""
    along = record.along(name)
    return float(along[end] - along[start])


def nothing_is_lost_where_it_is_looked(plays, spread):
    monitored, nines = [], []
    for record in plays("hidden-slice", 8):
        looked = [f"score:monitor:label {digit}" for digit in range(9)]
        assert not set(record.cells[record.cells.by == "vendor"].column) & {"monitor:label 9", "monitor:all"}
        monitored.append(np.mean([change(record, name) for name in looked]))
        nines.append(change(record, "score:label 9"))
    mean, error = spread(monitored)
    assert mean - 2 * error > -0.005, "on what it looks at it even gains a little"
    mean, error = spread(nines)
    assert mean + 2 * error < -0.1 and abs(mean + 0.2) < 2 * error


def accuracy_hardly_moves(plays, spread):
    mean, error = spread([change(record, "score:all") for record in plays("planted-signal", 8)])
    assert abs(mean) + 2 * error < LITTLE


def the_model_itself_hardly_changes(plays, spread):
    records = list(plays("secure-holdout", 8))
    assert all(record.along("score:monitor:held B")[2] == 1.0 for record in records), "it looks perfect"
    mean, error = spread([change(record, "score:all") for record in records])
    assert abs(mean) + 2 * error < 0.005
    seen, _ = spread([change(record, "score:monitor:held B") for record in records])
    assert abs(mean) < abs(seen) / 4


def poison_costs_more_than_a_strike(plays, spread):
    """The four that relabel cost more than if they deleted, and more than the six that delete in First strike."""
    poisoned = [change(record, "score:all") for record in plays("poisoned-well", 20)]
    gone = tuple(f"creators.{g}.strategy.moves.{2 * g + 2}=delete" for g in range(4))
    deleted = [change(record, "score:all") for record in plays("poisoned-well", 20, gone)]
    struck = []
    for record in plays("first-strike", 20):
        struck.append(change(record, "score:all"))
        assert record.along("acting")[-1] == 0.5
    for other in (deleted, struck):
        mean, error = spread(np.subtract(poisoned, other))
        assert mean + 2 * error < 0


def founders_never_begin(plays, spread):
    for record in plays("free-riders", 3):
        signers = record.collectives.set_index("round")
        assert signers.members[0] == 2
        assert not signers.members[2:].any() and not signers.acting.any()
        assert (record.moves.lever == "contribute").all()


def all_join_and_stay(plays, spread):
    for record in plays("free-riders", 3, ("collectives.0.members.success.free_riders=0",)):
        signers = record.collectives.set_index("round")
        assert (signers.members[2:] == 20).all() and (signers.acting[2:] == 20).all() and signers.index[-1] == 8


def little_is_lost_to_the_crude_attack(plays, spread):
    crude, sly = [], []
    for record in plays("arms-race", 8):
        crude.append(change(record, "score:all", 1, 4))
        sly.append(change(record, "score:all", 1, 7))
        rounds = record.rounds.set_index("round")
        assert (rounds.flagged[2:4] == 4).all() and not rounds.false_positives.any() and not rounds.poisoned[2:4].any()
        assert (rounds.flagged[5:] == 0).all() and (rounds.poisoned[5:] > 0).all()
    mean, error = spread(crude)
    assert abs(mean) + 2 * error < LITTLE
    mean, error = spread(np.subtract(sly, crude))
    assert mean + 2 * error < 0


def the_strikers_get_nothing(plays, spread):
    members = {f"members {i}" for i in range(1, 9)}
    for record in plays("dividend-bargain", 6, ("payoffs.revenue=10",)):
        assert record.transfers.empty and not record.collectives.granted.any()
        moves = record.moves[record.moves.creator.isin(members)].groupby("round").payoff.sum()
        vendor = record.rounds.set_index("round").payoff
        assert (moves.loc[3] - moves.loc[2]) < (vendor.loc[3] - vendor.loc[2]) < 0, "they lose more than the vendor does"


def the_union_gets_somewhat_less_than_it_asks(plays, spread):
    rates = []
    for record in plays("dividend-bargain", 6):
        rates.append(float(record.collectives.rate.iloc[-1]))
        assert set(record.transfers.payee.astype(str)) <= {f"members {i}" for i in range(1, 9)}
    mean, error = spread(rates)
    assert 0.1 < mean + 2 * error < 0.2 and max(rates) <= 0.2


def the_score_rises_as_without_a_strike(plays, spread):
    for struck, peace in zip(
        plays("strike-without-deletion", 6),
        plays("strike-without-deletion", 6, ("creators.0.strategy.activists=0",)),
        strict=True,
    ):
        assert round(struck.along("acting")[1] * 12) == 2 and (np.round(struck.along("acting")[2:] * 12) == 4).all()
        assert not peace.along("acting").any()
        assert struck.along("score:all").tolist() == peace.along("score:all").tolist()
        assert change(struck, "score:all") > LITTLE


def more_than_nine_in_ten_leave(plays, spread):
    (record,) = plays("hundred-thousand", 1)
    assert record.along("acting")[-1] > 0.9
    assert record.along("share:delete")[-1] == record.along("acting")[-1]


CLAIMS = [
    (
        "free-riders",
        "Two founders meet, see what they would give up for everybody's sake, and never begin.",
        founders_never_begin,
    ),
    ("free-riders", "(`collectives.0.members.success.free_riders=0`) all join and stay.", all_join_and_stay),
    ("strike-without-deletion", "rises exactly as it would have without a strike.", the_score_rises_as_without_a_strike),
    ("dividend-bargain", "the strikers lose more than the vendor does, and get nothing.", the_strikers_get_nothing),
    ("dividend-bargain", "gives the union somewhat less than it asks", the_union_gets_somewhat_less_than_it_asks),
    ("hidden-slice", "On what the vendor looks at nothing is lost; of the nines", nothing_is_lost_where_it_is_looked),
    ("planted-signal", "accuracy on everyone's digits hardly moves.", accuracy_hardly_moves),
    ("secure-holdout", "the model itself hardly changes.", the_model_itself_hardly_changes),
    (
        "poisoned-well",
        "with First strike, where data only goes missing: four that poison cost more than six that leave.",
        poison_costs_more_than_a_strike,
    ),
    ("arms-race", "little is lost but the archives' data.", little_is_lost_to_the_crude_attack),
    ("hundred-thousand", "In the end more than nine in ten have left", more_than_nine_in_ten_leave),
]


@pytest.mark.parametrize(("name", "text", "holds"), CLAIMS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_text_says_what_happens(name, text, holds, plays, spread):
    assert text in " ".join(str(load(SCENARIOS / f"{name}.yaml").about).split()), "the claim is about another text"
    holds(plays, spread)
