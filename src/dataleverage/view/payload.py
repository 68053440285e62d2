"""The payload: a record as the page reads it, by column and short enough to sit in one file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import from_words, letters
from dataleverage.measure.intervals import over_worlds
from dataleverage.record.record import Record, arrow
from dataleverage.view import packing
from dataleverage.view.board import board
from dataleverage.view.crowd import Crowd
from dataleverage.view.network import network

MONEY = ("revenue", "transfers_in", "transfers_out", "costs", "payoff")
LEVERS = ("contribute", "withhold", "delete", "poison", "redirect")
MOST_COLUMNS = 48  # audit columns on the page: the headline, those with a weight, and those that moved most
LONGEST_TEXT = 20_000  # characters of a story
TOLD = (  # keys of the manifest that the page shows as they are
    "schema",
    "title",
    "about",
    "source",
    "seed",
    "data_seed",
    "data_title",
    "world",
    "learner",
    "versions",
    "wall_seconds",
    "cells",
    "stopped",
    "normalisation",
    "warnings",
)

Table = dict[str, list[Any]]


def payload(record: Record) -> dict[str, Any]:
    """Everything the page shows, as plain JSON values. Missing numbers are None; there is no NaN in it."""
    crowd = Crowd(record) if Crowd.wanted(record) else None
    tables = (
        {name: arrow(name, columns).to_pydict() for name, columns in record.tables.items()} if crowd is None else crowd.tables
    )
    columns = audit_and_monitor(tables["columns"], tables["rounds"])
    rounds = sorted(set(tables["rounds"]["round"]))
    operators = list(dict.fromkeys(tables["rounds"]["operator"]))
    creators = tables["creators"]["creator"]
    levers = levers_of(tables)
    return {
        "manifest": finite({key: record.manifest[key] for key in TOLD if key in record.manifest}),
        "worlds": len(record.manifest.get("worlds") or []),
        "outcomes": outcomes_of(record.manifest),
        "scenario": held_fixed(record.manifest.get("scenario")),
        "rounds": rounds,
        "levers": levers,
        "columns": columns,
        "objects": {
            "object": tables["objects"]["object"],
            "letters": letters(tables["objects"]["object"]),
            "owner": tables["objects"].get("owner", []),
            "examples": packing.clean(tables["objects"].get("examples", [])),
        },
        "operators": [operator_of(name, tables["rounds"], rounds, levers, columns["column"]) for name in operators],
        "board": crowd.board(columns["column"], columns["monitor"], operators)
        if crowd is not None
        else board_of(tables, columns, operators),
        "creators": creators_of(tables["creators"])
        | network(creators, list(zip(tables["edges"]["source"], tables["edges"]["target"], strict=True))),
        "moves": moves_of(tables["moves"], creators, [number for number in rounds if number > 0]),
        "transfers": transfers_of(tables["transfers"]) if crowd is None else crowd.transfers(),
        "bought": [] if crowd is not None else bought_of(tables),
        "collectives": gathered(tables.get("collectives", {})),
        "crowd": None if crowd is None else crowd.told(rounds, levers),
    }


def audit_and_monitor(table: Table, rounds: Table) -> dict[str, Any]:
    """The columns tiles and lines are made of: the audit part (all, where no part is named), `main` the headline."""
    names, parts = table["column"], table.get("part", [])
    audit = [i for i in range(len(names)) if not parts or parts[i] != "monitor"] or list(range(len(names)))
    scored = [i for i in audit if f"score:{names[i]}" in rounds]
    audit, total = told(table, rounds, scored or audit), len(scored or audit)
    weights = [table["weight"][i] if "weight" in table else None for i in audit]
    everyone = [k for k, i in enumerate(audit) if names[i] == "all" or table.get("slice", names)[i] == "all"]
    weighty = [k for k, weight in enumerate(weights) if weight]
    kept = ("column", "slice", "metric", "examples", "weight", "floor", "full", "greater_is_better")
    return {
        **{name: finite([table[name][i] for i in audit]) for name in kept if name in table},
        "label": [label_of(table["metric"][i]) for i in audit] if "metric" in table else ["score"] * len(audit),
        "total": total,
        "main": (everyone or weighty or [0])[0],
        "monitor": [names[i] for i in range(len(names)) if parts and parts[i] == "monitor" and i not in set(audit)],
    }


def label_of(metric: str) -> str:
    """A metric as people name it: `RMSE`, `log loss`."""
    return METRICS[metric].label if metric in METRICS else str(metric).replace("_", " ")


def told(table: Table, rounds: Table, audit: list[int]) -> list[int]:
    """The audit columns that the page has room for, in their own order."""

    def rank(i: int) -> tuple[bool, bool, float]:
        name = table["column"][i]
        scores = [v for v in packing.clean(rounds.get(f"score:{name}", [])) if v is not None]
        weighty = bool(table["weight"][i]) if "weight" in table else False
        return (name == "all", weighty, max(scores, default=0.0) - min(scores, default=0.0))

    return sorted(sorted(audit, key=rank, reverse=True)[:MOST_COLUMNS])


def levers_of(tables: dict[str, Table]) -> list[str]:
    """Every lever there is a share or a move of, the usual ones in their usual order."""
    named = {name.removeprefix("share:") for name in tables["rounds"] if name.startswith("share:")}
    named |= {lever for lever in tables["moves"].get("lever", []) if lever}
    return [lever for lever in LEVERS if lever in named] + sorted(named - set(LEVERS))


def operator_of(
    name: str, table: Table, rounds: Sequence[int], levers: Sequence[str], columns: Sequence[str]
) -> dict[str, Any]:
    """One operator, round by round."""
    where = {number: i for i, number in enumerate(table["round"]) if table["operator"][i] == name}

    def along(column: str) -> list[Any]:
        values = table.get(column)
        return [values[where[number]] if values and number in where else None for number in rounds]

    plain = (
        "trained",
        "examples",
        "flagged",
        "false_positives",
        "acting",
        "quality",
        "company_quality",
        "share_retained",
        "users",
        *MONEY,
    )
    return {
        "name": name,
        "row": packing.texts(along("row")),
        "holdings": packing.texts(along("holdings")),
        **{column: packing.numbers(along(column)) for column in plain},
        "share": {lever: packing.numbers(along(f"share:{lever}")) for lever in levers},
        "score": {column: packing.numbers(along(f"score:{column}")) for column in columns},
    }


def board_of(tables: dict[str, Table], columns: dict[str, Any], operators: Sequence[str]) -> dict[str, Any]:
    """The board, from the rows served and the cells unveiled."""
    rounds, cells = tables["rounds"], tables["cells"]
    scores = [rounds.get(f"score:{column}", [None] * len(rounds["round"])) for column in columns["column"]]
    served = [
        (number, operator, row, [packing.clean([column[i]])[0] for column in scores])
        for i, (number, operator, row) in enumerate(zip(rounds["round"], rounds["operator"], rounds["row"], strict=True))
        if row is not None
    ]
    told = set(columns["column"]) | set(columns["monitor"])
    exact = cells.get("exact") or [True] * len(cells["row"])
    by = cells.get("by") or [""] * len(cells["row"])
    unveiled = zip(cells["row"], cells["column"], packing.clean(cells["score"]), by, cells["round"], exact, strict=True)
    return board(
        tables["objects"]["object"],
        columns["column"],
        columns["monitor"],
        operators,
        served,
        [cell for cell in unveiled if cell[1] in told],
    )


def creators_of(table: Table) -> dict[str, Any]:
    """Who plays."""
    plain = ("creator", "group", "strategy", "objects", "judged_on")
    counts = ("examples", "audit_examples", "threshold")
    return {name: table[name] for name in plain if name in table} | {
        name: packing.clean(table[name]) for name in counts if name in table
    }


def moves_of(table: Table, creators: Sequence[str], rounds: Sequence[int]) -> dict[str, Any]:
    """Every move, creator by creator and within a creator round by round; None where there was none."""
    who = {name: i for i, name in enumerate(creators)}
    when = {number: i for i, number in enumerate(rounds)}
    place = [
        who[name] * len(rounds) + when[number]
        for name, number in zip(table.get("creator", []), table.get("round", []), strict=True)
    ]

    def spread(column: str) -> list[Any]:
        filled: list[Any] = [None] * (len(creators) * len(rounds))
        for at, value in zip(place, table[column], strict=True):
            filled[at] = value
        return filled

    labels = ("lever", "tactic", "target", "use")
    values = ("saw", "quality", "cost", "transfers", "payoff")
    return {
        **{name: packing.texts(spread(name)) for name in labels if name in table},
        **{name: packing.numbers(spread(name), 6, 3) for name in values if name in table},
        "worth": {name[6:]: packing.numbers(spread(name), 6, 3) for name in table if name.startswith("worth:")},
    }


def transfers_of(table: Table) -> list[list[Any]]:
    """Payments added up: round, reason, amount, payers and payees (their number, and the name of a single one)."""
    paid: dict[tuple[int, str], float] = defaultdict(float)
    ends: dict[tuple[int, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    rows = zip(table["round"], table["reason"], table["payer"], table["payee"], packing.clean(table["amount"]), strict=True)
    for number, reason, payer, payee, amount in rows:
        paid[number, reason or ""] += amount or 0.0
        ends[number, reason or ""][0].add(payer)
        ends[number, reason or ""][1].add(payee)
    return [
        [number, reason, round(amount, 4), *(side for s in ends[number, reason] for side in (len(s), single(s)))]
        for (number, reason), amount in sorted(paid.items())
    ]


def bought_of(tables: dict[str, Table]) -> list[list[Any]]:
    """Objects that were bought: round, operator, positions of the objects, price of them together.

    What has a price is held from the round in which it is bought, and not before.
    """
    objects, rounds = tables["objects"], tables["rounds"]
    price = {j: each for j, each in enumerate(objects.get("price", [])) if each}
    names, had, found = objects["object"], set(), []
    for number, operator, holdings in zip(rounds["round"], rounds["operator"], rounds["holdings"], strict=True):
        if not price or number == 0:
            continue
        held = from_words(holdings, names)
        new = [j for j in price if held[j] and (operator, j) not in had]
        had |= {(operator, j) for j in new}
        if new:
            found.append([number, operator, new, round(sum(price[j] for j in new), 4)])
    return found


def gathered(table: Table) -> list[list[Any]]:
    """Rounds in which something about a collective changed: round, its name, whom it deals with, members, how many of them
    are called and do it, whether an agreement is in force, and its terms."""
    told = ("collective", "operator", "members", "called", "followed", "granted", "rate", "wage", "promise")
    before: dict[str, list[Any]] = {}
    found = []
    for number, *now in zip(table.get("round", []), *(table.get(name, []) for name in told), strict=True):
        if before.get(now[0]) != now:
            before[now[0]] = now
            found.append([number, *now])
    return found


def single(names: set[str]) -> str | None:
    """The name where there is just one."""
    return next(iter(names)) if len(names) == 1 else None


def outcomes_of(manifest: dict[str, Any]) -> list[list[Any]]:
    """Each outcome: its name, its value in this world, and over several worlds its mean with a 95 % interval."""
    worlds = manifest.get("worlds") or []
    found = []
    for name, value in (manifest.get("outcomes") or {}).items():
        values = [v for v in packing.clean(world.get(name) for world in worlds) if v is not None]
        told: list[Any] = [name, finite(value), None, None, None]
        if len(values) > 1:
            interval = over_worlds(values)
            told[2:] = packing.clean([interval.mean, interval.low, interval.high])
        found.append(told)
    return found


def held_fixed(scenario: Any) -> list[list[str]]:
    """What a scenario holds fixed, as pairs of a heading and a short description of the values under it."""
    if not isinstance(scenario, dict):
        return []
    told = (
        "data",
        "learner",
        "surrogate",
        "columns",
        "tactics",
        "creators",
        "network",
        "collectives",
        "operators",
        "rights",
        "payoffs",
        "stop",
    )
    return [[name, in_short(scenario[name])] for name in told if scenario.get(name) not in (None, {}, [], "")]


def in_short(value: Any, most: int = 600) -> str:
    """A value from a scenario on one line: `ridge_classifier (alpha 1.0)`."""
    if isinstance(value, dict):
        kind = value.get("kind") or value.get("name")
        used = "kind" if value.get("kind") else "name"
        rest = ", ".join(
            f"{key.replace('_', ' ')} {in_short(v, 120)}"
            for key, v in value.items()
            if v not in (None, {}, [], "") and not (kind and key == used)
        )
        text = f"{kind} ({rest})" if kind and rest else str(kind or rest)
    elif isinstance(value, (list, tuple)):
        text = "; ".join(in_short(v, 200) for v in value)
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def finite(value: Any) -> Any:
    """The same value without numbers that JSON does not have, and with its texts bounded."""
    if isinstance(value, dict):
        return {str(key): finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…"
    if isinstance(value, (bool, int)) or value is None:
        return value
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    if isinstance(value, float):
        return packing.clean([value])[0]
    return str(value)
