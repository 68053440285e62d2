"""A transcript: what a record says, round by round, as text to read in review and to replay."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from typing import Any

NUMBER = re.compile(r"-?\d+\.\d{9}")


CROWD = 200  # creators beyond whom groups are counted, and nobody is named


def transcript(record: Any) -> str:
    """The record in words: who changed its move, the rows served, every audit score, every collective and every payment."""
    manifest = record.manifest
    stopped = manifest["stopped"]
    period = f", period {stopped['period']}" if stopped["period"] else ""
    lines = [f"{manifest['title']}, seed {manifest['seed']}, data seed {manifest['data_seed']}", *cast(record)]
    several = len(operators(record)) > 1
    moves = [
        dict(zip(made.creator, (move(line, several) for line in made.itertuples()), strict=True))
        for _, made in record.moves.groupby("round")
    ]
    first = {home: f"contribute at {home}" if several else "contribute" for home in operators(record)}
    before = {name: first[home] for name, home in zip(record.creators.creator, homes(record), strict=True)}
    for at, now in enumerate([before, *moves]):
        changed = [f"{name}: {before[name]} -> {made}" for name, made in now.items() if made != before[name]]
        if len(now) > CROWD:
            changed = counted(changed)
        lines += ["", f"Round {at}", *(f"  {line}" for line in changed or ["nobody changes its move"]), *state(record, at)]
        before = now
    return "\n".join([*lines, "", f"Ended in round {stopped['round']}: {stopped['reason']}{period}"]) + "\n"


def operators(record: Any) -> list[str]:
    return list(dict.fromkeys(record.rounds.operator.astype(str)))


def homes(record: Any) -> list[str]:
    """The operator that holds each creator's data at first."""
    groups = {group["name"]: group["operator"] for group in record.manifest["scenario"]["creators"]}
    names = operators(record)
    return [groups[group] or names[0] for group in record.creators.group.astype(str)]


def move(line: Any, several: bool) -> str:
    said = f"{line.lever} {line.tactic}" if isinstance(line.tactic, str) else str(line.lever)
    if several and isinstance(line.target, str):
        said += f" {'to' if line.lever == 'redirect' else 'at'} {line.target}"
    if isinstance(line.use, str) and (several or line.use == "none"):
        said += f", using {line.use}"
    return said


def counted(changed: list[str]) -> list[str]:
    """How many made each change."""
    changes = Counter(line.split(": ", 1)[1] for line in changed)
    return [f"{count:,} creators: {change}" for change, count in sorted(changes.items())]


def cast(record: Any) -> list[str]:
    """Who plays, with what, and who sees whom."""
    if len(record.creators) > CROWD:
        groups = record.creators.groupby("group", sort=False, observed=True)
        lines = [f"  {len(each):,} {name} own {each.examples.sum():,} examples" for name, each in groups]
        return ["", "Creators", *lines, "", f"Links: {len(record.edges):,}"]
    lines = []
    for creator in record.creators.itertuples():
        threshold = "" if creator.threshold != creator.threshold else f", threshold {creator.threshold:.9f}"
        lines.append(f"  {creator.creator} ({creator.strategy}{threshold}) owns {creator.objects}: {creator.examples} examples")
    for thing in record.objects.itertuples():
        if thing.owner == "public" or thing.arrival or thing.price:
            when = f", there from round {thing.arrival}" if thing.arrival else ""
            price = f", price {thing.price:.9f}" if thing.price else ""
            lines.append(f"  {thing.object} of {thing.owner}: {thing.examples} examples{when}{price}")
    edges = [f"{source} - {target}" for source, target in zip(record.edges.source, record.edges.target, strict=True)]
    return ["", "Creators", *lines, "", *wrapped("Links: ", edges)]


def state(record: Any, at: int) -> list[str]:
    """What is served, what it scores, what collectives come to, who is paid."""
    audit = record.columns[record.columns.part == "audit"].column
    lines = []
    for line in record.rounds[record.rounds["round"] == at].to_dict("records"):
        row = str(line["row"] or "nothing")
        row = row if len(row) <= 400 else f"a row of {line['examples']:,} examples"
        trained = " (trained)" if line["trained"] else ""
        users = f", {line['users']:.9f} of the users" if line["users"] != 1 else ""
        kept = f", keeping out {line['flagged']} ({line['false_positives']} clean)" if line["flagged"] else ""
        lines.append(f"  {line['operator']} serves {row}{trained}{kept}, quality {line['quality']:.9f}{users}")
        lines += wrapped("  scores: ", [f"{name} {line[f'score:{name}']:.9f}" for name in audit])
    for one in record.collectives[record.collectives["round"] == at].itertuples():
        granted = ", granted" if one.granted else ""
        lines.append(
            f"  {one.collective}: {one.members} members, alpha {one.alpha:.9f}, {one.followed} of {one.called} follow, "
            f"fund {one.fund:.9f}{granted}"
        )
    paid = record.transfers[record.transfers["round"] == at]
    if len(paid) > CROWD:
        return [*lines, f"  payments: {len(paid):,} of {paid.amount.sum():.9f}"]
    payments = [f"{p.payer} pays {p.payee} {p.amount:.9f} ({p.reason})" for p in paid.itertuples()]
    return [*lines, *wrapped("  payments: ", payments)]


def wrapped(label: str, items: list[str]) -> list[str]:
    """The items after the label, on as many lines as they take; no item is broken."""
    whole = ", ".join(item.replace(" ", "\0") for item in items) or "none"
    lines = textwrap.wrap(whole, 120, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def differences(expected: str, found: str, tolerance: float = 1e-9) -> list[str]:
    """Lines that differ: words at all, numbers by more than the tolerance (and half a unit of the last decimal)."""
    lines = []
    old, new = expected.splitlines(), found.splitlines()
    for at in range(max(len(old), len(new))):
        a, b = [text[at] if at < len(text) else "(no more lines)" for text in (old, new)]
        numbers = [[float(number) for number in NUMBER.findall(line)] for line in (a, b)]
        far = any(abs(x - y) > tolerance * 1.1 for x, y in zip(*numbers, strict=False))
        if NUMBER.sub("#", a) != NUMBER.sub("#", b) or far:
            lines.append(f"line {at + 1}\n  was {a}\n  is  {b}")
    return lines
