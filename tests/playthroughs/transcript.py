"""A transcript: what a record says, round by round, as text to read in review and to replay."""

from __future__ import annotations

import re
import textwrap
from typing import Any

NUMBER = re.compile(r"-?\d+\.\d{9}")


def transcript(record: Any) -> str:
    """The record in words: who changed its move, the row served, every audit score and every payment."""
    manifest = record.manifest
    stopped = manifest["stopped"]
    period = f", period {stopped['period']}" if stopped["period"] else ""
    lines = [f"{manifest['title']}, seed {manifest['seed']}, data seed {manifest['data_seed']}", *cast(record)]
    moves = [
        dict(zip(made.creator, map(move, made.lever, made.tactic), strict=True)) for _, made in record.moves.groupby("round")
    ]
    before = dict.fromkeys(record.creators.creator, "contribute")
    for at, now in enumerate([before, *moves]):
        changed = [f"{name}: {before[name]} -> {made}" for name, made in now.items() if made != before[name]]
        lines += ["", f"Round {at}", *(f"  {line}" for line in changed or ["nobody changes its move"]), *state(record, at)]
        before = now
    return "\n".join([*lines, "", f"Ended in round {stopped['round']}: {stopped['reason']}{period}"]) + "\n"


def move(lever: str, tactic: Any) -> str:
    return f"{lever} {tactic}" if isinstance(tactic, str) else lever


def cast(record: Any) -> list[str]:
    """Who plays, with what, and who sees whom."""
    lines = []
    for creator in record.creators.itertuples():
        threshold = "" if creator.threshold != creator.threshold else f", threshold {creator.threshold:.9f}"
        lines.append(f"  {creator.creator} ({creator.strategy}{threshold}) owns {creator.objects}: {creator.examples} examples")
    edges = [f"{source} - {target}" for source, target in zip(record.edges.source, record.edges.target, strict=True)]
    return ["", "Creators", *lines, "", *wrapped("Links: ", edges)]


def state(record: Any, at: int) -> list[str]:
    """What is served, what it scores, who is paid."""
    line = record.rounds.iloc[at]
    audit = record.columns[record.columns.part == "audit"].column
    scores = [f"{name} {line[f'score:{name}']:.9f}" for name in audit]
    paid = record.transfers[record.transfers["round"] == at]
    payments = [f"{p.payer} pays {p.payee} {p.amount:.9f} ({p.reason})" for p in paid.itertuples()]
    trained = " (trained)" if line.trained else ""
    return [
        f"  {line.operator} serves {line['row'] or 'nothing'}{trained}, quality {line.quality:.9f}",
        *wrapped("  scores: ", scores),
        *wrapped("  payments: ", payments),
    ]


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
