"""The summary of a run: what moved, who acted, what it cost whom, in a few lines of text."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataleverage.grid.metrics import METRICS
from dataleverage.measure.intervals import over_worlds
from dataleverage.measure.outcomes import outcomes
from dataleverage.record.record import Record

NAMED = 8  # creators named in a line


def summary(record: Record) -> list[tuple[str, str]]:
    """(label, text) pairs, in the order in which they are read."""
    lines = [("Changed", ", ".join(changes))] if (changes := record.manifest.get("settings")) else []
    lines += [("Played", played(record))]
    lines += [("Score", text) for text in scores(record)]
    lines += [("Who acted", who_acted(record))]
    lines += [("Bought", text) for text in purchases(record)]
    lines += [("Defence", text) for text in defences(record)]
    lines += [("Collective", text) for text in collectives(record)]
    lines += [("Cost", text) for text in costs(record)]
    lines += [("Leverage", text) for text in leverage(record)]
    lines += [("Note", warning) for warning in record.manifest["warnings"]]
    return lines


def played(record: Record) -> str:
    """How long, by how many, and why it ended."""
    stopped = record.manifest["stopped"]
    why = {
        "rounds": "all rounds played",
        "fixed point": "nothing moved any more",
        "cycle": f"moves repeat every {stopped['period']} rounds",
        "budget gone": "an operator's budget is gone",
        "demand won": "a demand was granted",
        None: "not over yet",
    }[stopped["reason"]]
    creators = len(record.creators)
    cells = record.manifest["cells"]
    rows = f"{counted(cells['trained'], 'row')} trained" if record.manifest["learner"] else "rows read from a table"
    return f"{stopped['round']} rounds ({why}), {counted(creators, 'creator')} on {record.manifest['data_title']}; {rows}"


def scores(record: Record) -> list[str]:
    """For each operator where its score started and ended, and the lowest it went on the way."""
    column = record.columns[record.columns.weight > 0].iloc[0]
    found = []
    for k in range(len(operators(record))):
        along = record.along(f"score:{column.column}", k)
        start, end = float(along[0]), float(along[-1])
        worst = int(np.argmin(along) if column.greater_is_better else np.argmax(along))
        text = f"{METRICS[column.metric].label} on {column.slice!r} {start:.3f} → {end:.3f} ({end - start:+.3f})"
        if round(float(along[worst]), 3) not in (round(start, 3), round(end, 3)):
            text += f", worst {float(along[worst]):.3f} in round {int(record.along('round')[worst])}"
        found.append(text)
    return by_operator(record, found)


def operators(record: Record) -> list[str]:
    """Their names, in the order of the scenario."""
    return list(dict.fromkeys(record.column("rounds", "operator").tolist()))


def by_operator(record: Record, texts: list[str]) -> list[str]:
    """A text for each operator, told whose it is where there are several; what is empty is left out."""
    names = operators(record)
    return [text if len(names) == 1 else f"{name}: {text}" for name, text in zip(names, texts, strict=True) if text]


def who_acted(record: Record) -> str:
    """Who did anything but contribute and use what there is, and how many at once."""
    moves = record.moves
    did = {str(lever): part.creator for lever, part in moves.groupby("lever", observed=True) if lever != "contribute"}
    if (boycott := moves.use.astype(object) == "none").any():
        did["boycott"] = moves.creator[boycott]
    if not did:
        return "nobody"
    parts = []
    for lever, who in did.items():
        names = list(dict.fromkeys(who))
        shown = ", ".join(str(name) for name in names[:NAMED]) + (" …" if len(names) > NAMED else "")
        parts.append(f"{lever}: {len(names)} ({shown})")
    acts = record.along("acting")
    peak = int(np.argmax(acts))
    most, at = round(float(acts[peak]) * len(record.creators)), int(record.along("round")[peak])
    return f"{'; '.join(parts)}; most at once {most} of {len(record.creators)}, from round {at}"


def purchases(record: Record) -> list[str]:
    """What each operator paid for how many objects."""
    paid = record.transfers[record.transfers.reason == "price"]
    found = []
    for name in operators(record):
        mine = paid[paid.payer == name]
        found.append(f"{counted(len(mine), 'object')} for {mine.amount.sum():.2f} credits" if len(mine) else "")
    return by_operator(record, found)


def defences(record: Record) -> list[str]:
    """What the defence of each operator threw out at most, and how much of that was clean."""
    found = []
    for k in range(len(operators(record))):
        flagged, clean = record.along("flagged", k), record.along("false_positives", k)
        most = int(np.argmax(flagged))
        text = f"threw out at most {counted(int(flagged[most]), 'object')} at once, in round {record.along('round')[most]}"
        wrongly = int(clean.max())
        text += f"; clean ones: {wrongly} at most" if wrongly else ", none of them clean"
        let = [int(n) for n in record.along("poisoned", k)]
        text += f"; trained on {let[-1]:,} poisoned examples in the last round" if let[-1] else ""
        found.append(text if flagged.any() else "")
    return by_operator(record, found)


def costs(record: Record) -> list[str]:
    """What the last round pays beside what a round paid before anyone moved."""
    moves, creators = record.moves, record.creators
    if moves.empty:
        return []
    before = record.manifest["status_quo"]
    names = operators(record)
    earns = f"{record.along('payoff')[-1]:.2f} credits a round, {before['operator']:.2f} before anyone moved"
    lines = [f"{names[0]} earns {earns}"]
    for k, name in enumerate(names[1:], start=1):
        lines.append(f"{name} earns {record.along('payoff', k)[-1]:.2f} credits a round, with {users(record, k)} of the users")
    last = moves[moves["round"] == moves["round"].max()].merge(creators[["creator", "status_quo"]], on="creator")
    acts = (last.lever != "contribute") | (last.use.astype(object) == "none")
    for name, part in (("who act", last[acts]), ("who contribute", last[~acts])):
        if len(part):
            verb = "gets" if len(part) == 1 else "get"
            if len(part) == 1:
                name = name.replace("who act", "who acts").replace("who contribute", "who contributes")
            lines.append(
                f"the {counted(len(part), 'creator')} {name} in the last round {verb} {plain(part.payoff.mean())} each, "
                f"{plain(part.status_quo.mean())} before; served at quality {plain(part.quality.mean())} (1 is all data)"
            )
    return lines


def users(record: Record, operator: int) -> str:
    """The share of users that an operator has in the last round: `38%`."""
    return f"{float(record.along('users', operator)[-1]):.0%}"


def collectives(record: Record) -> list[str]:
    """What each collective came to: how many, how much of the data, whether it won."""
    table = record.collectives
    lines = []
    for name, of_one in table.groupby("collective", sort=False, observed=True):
        last = of_one.iloc[-1]
        text = f"{name}: {counted(int(last.members), 'member')} with {last.alpha:.0%} of the data that {last.operator} holds"
        if last.demands:
            granted = of_one[of_one.granted]
            text += (
                f"; its demand was granted in round {int(granted['round'].iloc[0])}"
                if len(granted)
                else "; its demand was not granted"
            )
        lines.append(text)
    return lines


def leverage(record: Record) -> list[str]:
    """The part of the gap that is gone, in both views, with an interval over worlds or the words that there is one world."""
    found = outcomes(record)
    norm = record.manifest["normalisation"]
    gone = found["deletion_leverage"]
    assert gone is not None
    worlds = record.manifest.get("worlds")
    if worlds:
        one = over_worlds([world["deletion_leverage"] for world in worlds])
        head = (
            f"{plain(one.mean)} in the mean of {one.worlds} worlds, 95 % interval {plain(one.low)} to {plain(one.high)} "
            f"(this one {plain(gone)})"
        )
    else:
        head = f"{plain(gone)} given this {'world' if record.manifest['learner'] else 'table'}"
    gap = f"{norm['gap']:.3f}, standard error {norm['gap_se']:.3f}"
    lines = [f"{head}: the part of the gap between guessing and full data ({gap}) that is gone"]
    company, retained = found["company_leverage"], found["share_retained"]
    if company is not None:
        lines.append(
            f"company view {plain(company)}, on the {retained:.0%} of audit examples whose owners it still has data of"
        )
    elif retained == 0 and record.rounds.company_quality.notna().any():
        lines.append("company view: nobody is left")
    return lines


def as_json(record: Record) -> dict[str, Any]:
    """The same for a program."""
    return {
        "title": record.manifest["title"],
        "seed": record.manifest["seed"],
        "stopped": record.manifest["stopped"],
        "outcomes": outcomes(record),
        "normalisation": record.manifest["normalisation"],
        "worlds": record.manifest.get("worlds"),
        "surrogate": record.manifest.get("surrogate"),
        "warnings": record.manifest["warnings"],
    }


def plain(number: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(float(number), 2) + 0.0:.2f}"


def counted(count: int, what: str) -> str:
    """`1 creator`, `12 creators`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
