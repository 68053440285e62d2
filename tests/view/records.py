"""Records made by hand: a cascade of creators over a grid with a formula for scores. No training, no game."""

from __future__ import annotations

import math
from itertools import combinations
from string import ascii_uppercase
from typing import Any

import numpy as np

from dataleverage.record.record import SCHEMA_VERSION, Record

LEVERS = ("contribute", "withhold", "delete", "poison")
ROUNDS = (
    *("round", "operator", "row", "holdings", "trained", "examples", "acting"),
    *("quality", "company_quality", "share_retained", "users"),
)
MOVES = (
    *("round", "creator", "lever", "tactic", "target", "use", "saw"),
    *("quality", "cost", "transfers", "payoff"),
)
MONEY = ("revenue", "transfers_in", "transfers_out", "costs", "payoff")


def sample_record(
    n: int = 5,
    rounds: int = 12,
    *,
    names: list[str] | None = None,
    owners: int | None = None,
    losses: bool = False,
    money: bool = True,
    poison: bool = True,
    transfers: bool = True,
    slices: bool = True,
    looked: int = 10,
    guessed: bool = False,
    title: str = "First strike",
    about: str = "",
    seed: int = 3,
) -> Record:
    """A run of `rounds` rounds with n objects.

    owners : creators; the first n own an object each (default: one an object).
    slices : a column an object beside `all`.
    losses : scores are losses, the smaller the better. looked : rows the operator looks at on its monitor.
    guessed : what creators weigh is predicted by a surrogate.
    """
    rng = np.random.default_rng(seed)
    objects = names or (list(ascii_uppercase[:n]) if n <= 26 else [f"archive-{i:02d}" for i in range(n)])
    owners = n if owners is None else owners
    creators = list(objects[:owners]) if owners <= n else [*objects, *(f"user-{i}" for i in range(owners - n))]
    if names is None and n <= 26:
        given = ("Ada", "Bela", "Chen", "Dora", "Emil", "Faye", "Gus", "Hana", "Ines", "Juno", "Kofi", "Lena")
        creators = [given[i] if i < len(given) and owners <= 12 else f"creator-{i}" for i in range(owners)]
    columns = ["all", *(objects if slices else [])]
    weight = rng.uniform(0.6, 1.6, n)

    def scores(row: tuple[int, ...]) -> list[float]:
        present = np.array([v == 1 for v in row], float)
        bad = np.array([v > 1 for v in row], float)
        common = 1 - math.exp(-2.4 * float(present @ weight) / float(weight.sum()))
        each = np.clip(0.1 + 0.55 * common + 0.37 * present - 0.1 * bad - 0.25 * bad.mean(), 0.02, 0.995)
        found = [float(0.7 * each.mean() + 0.26 * common), *(map(float, each) if slices else [])]
        return [round(2.2 - 2 * s, 6) if losses else s for s in found]

    def words(row: tuple[int, ...]) -> str:
        parts = [name + ("*" if v > 1 else "") for name, v in zip(objects, row, strict=True) if v]
        return ("" if all(len(name) == 1 for name in objects) else "+").join(parts)

    threshold = np.arange(owners) / owners * rng.uniform(0.6, 1.9, owners)
    favourite = [LEVERS[1 + (i * 7) % (3 if poison else 2)] for i in range(owners)]
    edges = sorted({tuple(sorted((i, (i + k) % owners))) for i in range(owners) for k in (1, 2) if (i + k) % owners != i})
    moves: dict[str, list[Any]] = {name: [] for name in MOVES} | {f"worth:{lever}": [] for lever in LEVERS}
    table: dict[str, list[Any]] = {name: [] for name in ROUNDS} | {
        name: [] for name in (*MONEY, *(f"share:{lever}" for lever in LEVERS), *(f"score:{c}" for c in columns))
    }
    paid: dict[str, list[Any]] = {name: [] for name in ("round", "payer", "payee", "amount", "reason")}
    cells: dict[str, list[Any]] = {name: [] for name in ("row", "size", "column", "score", "by", "round", "exact")}
    seen: set[tuple[str, str, str]] = set()

    def unveil(row: tuple[int, ...], by: str, number: int, names: list[str]) -> None:
        for column, score in zip(columns, scores(row), strict=True):
            for name in names:
                if name.endswith(column) and len(name) - len(column) in (0, 8) and (words(row), name, by) not in seen:
                    seen.add((words(row), name, by))
                    values = (words(row), sum(v > 0 for v in row), name, score, by, number, by == "vendor" or not guessed)
                    for key, value in zip(cells, values, strict=True):
                        cells[key].append(value)

    full_row = (1,) * n
    full, floor = scores(full_row), scores((0,) * n)
    lever = ["contribute"] * owners
    acting = 0.0
    for number in range(rounds + 1):
        saw = acting
        if number:
            returned = number > 0.75 * rounds
            for i in range(owners):
                goes = acting >= threshold[i] * 0.6 or (number >= 2 and i == 0)
                if returned and i % 3 == 1:
                    goes = False
                lever[i] = favourite[i] if goes else "contribute"
        acting = sum(move != "contribute" for move in lever) / owners
        row = tuple(1 if i >= owners or lever[i] == "contribute" else 2 if lever[i] == "poison" else 0 for i in range(n))
        found = scores(row)
        quality = 1 + (found[0] - full[0]) / (full[0] - floor[0])
        booked = money and number > 0
        dividend = round(0.4 * acting * 10 * max(quality, 0) / owners, 4) if booked and transfers else 0.0
        values = {
            "round": number,
            "operator": "vendor",
            "row": words(row),
            "holdings": words(row),
            "trained": True,
            "examples": 64 * sum(v > 0 for v in row),
            "acting": acting,
            "quality": quality,
            "company_quality": min(1.05, quality + 0.3 * (1 - quality)) if any(row) else math.nan,
            "share_retained": sum(v > 0 for v in row) / n,
            "users": 1.0,
            "revenue": 10 * max(quality, 0) if booked else math.nan,
            "transfers_in": 0.0 if booked else math.nan,
            "transfers_out": dividend * owners if booked else math.nan,
            "costs": 0.2 if booked else math.nan,
            "payoff": 10 * max(quality, 0) - 0.2 - dividend * owners if booked else math.nan,
            **{f"share:{name}": lever.count(name) / owners for name in LEVERS},
            **{f"score:{c}": s for c, s in zip(columns, found, strict=True)},
        }
        for key, value in values.items():
            table[key].append(value)
        unveil(row, "vendor", number, columns)
        if number == 1:
            near = [full_row, *(tuple(0 if j == i else 1 for j in range(n)) for i in range(n))][:looked]
            for candidate in near:
                unveil(candidate, "vendor", 1, ["monitor:all"])
            for pair in list(combinations(range(n), 2))[: looked // 2]:
                unveil(tuple(0 if j in pair else 1 for j in range(n)), "creators", 2, columns)
        if number:
            for i in range(owners):
                own = found[1 + i] if slices and i < n else found[0]
                q = 1 + (own - full[0]) / (full[0] - floor[0])
                cost = {"contribute": 0.0, "withhold": 0.02, "delete": 0.05, "poison": 0.2}[lever[i]] if money else math.nan
                worth = {
                    name: round(q + 0.3 * acting * (name != "contribute") - 0.1 * LEVERS.index(name), 4) for name in LEVERS
                }
                tactic = "label_flip" if lever[i] == "poison" else None
                payoff = q + dividend - cost if money else math.nan
                entry = [number, creators[i], lever[i], tactic, "vendor", "vendor", saw, q, cost, dividend, payoff]
                entry += [worth[name] if money and i % 2 else math.nan for name in LEVERS]
                for key, value in zip(moves, entry, strict=True):
                    moves[key].append(value)
                if dividend:
                    for key, value in zip(paid, (number, "vendor", creators[i], dividend, "dividend"), strict=True):
                        paid[key].append(value)

    metric = "log_loss" if losses else "accuracy"
    listed = [*columns, "monitor:all"]
    manifest = {
        "schema": SCHEMA_VERSION,
        "title": title,
        "about": about
        or "Five archives of handwriting feed one model; each holds mostly its own kinds. One walks out. Who follows?",
        "source": "Vincent, Hecht & Sen 2019, doi:10.1145/3308558.3313742",
        "scenario": {
            "data": {"kind": "sklearn", "name": "digits", "objects": {"by": "label_skew", "alpha": 0.1, "count": n}},
            "learner": {"kind": "ridge_classifier", "alpha": 1.0},
            "operators": [{"name": "vendor", "selection": "everything", "defence": "none"}],
            "rights": {"deletion": True, "replace": True},
        },
        "seed": 1,
        "data_seed": 0,
        "world": "9f2c6a1db0",
        "learner": "51d0e7aa31",
        "data_title": "Handwritten digits",
        "versions": {"dataleverage": "0.1.0", "numpy": "2.4.6", "scikit-learn": "1.7.2"},
        "wall_seconds": 0.42,
        "cells": {"trained": 14, "served_again": 31},
        "stopped": {"reason": "rounds", "round": rounds, "period": None},
        "normalisation": {
            "floor": floor[0],
            "full": full[0],
            "gap": full[0] - floor[0],
            "gap_se": 0.011,
            "view": "fixed",
        },
        "outcomes": {
            "final_score": table["score:all"][-1],
            "peak_strike_share": max(table["acting"]),
            "strike_won": None,
        },
        "warnings": [],
    }
    tables: dict[str, dict[str, Any]] = {
        "rounds": {key: np.array(value) if isinstance(value[0], float) else value for key, value in table.items()},
        "moves": moves,
        "transfers": paid,
        "creators": {
            "creator": creators,
            "group": ["activists" if i == 0 else "archives" for i in range(owners)],
            "strategy": ["scripted" if i == 0 else "best_response" if i % 2 else "threshold" for i in range(owners)],
            "objects": [objects[i] if i < n else "" for i in range(owners)],
            "examples": [64 if i < n else 0 for i in range(owners)],
            "audit_examples": [20] * owners,
            "threshold": [math.nan if i % 2 else round(float(threshold[i]), 3) for i in range(owners)],
            "judged_on": [objects[i] if slices and i < n else "all" for i in range(owners)],
        },
        "objects": {
            "object": objects,
            "owner": [creators[i] if i < owners else "public" for i in range(n)],
            "examples": [64] * n,
            "label:0": [30] * n,
            "label:1": [34] * n,
        },
        "edges": {
            "source": [creators[a] for a, _ in edges if owners <= 400],
            "target": [creators[b] for _, b in edges if owners <= 400],
        },
        "columns": {
            "column": listed,
            "slice": [name.removeprefix("monitor:") for name in listed],
            "metric": [metric] * len(listed),
            "part": ["audit"] * len(columns) + ["monitor"],
            "examples": [100] + [20] * (len(columns) - 1) + [40],
            "weight": [1.0] + [0.0] * (len(listed) - 1),
            "floor": [*floor, floor[0]],
            "full": [*full, full[0]],
            "greater_is_better": [not losses] * len(listed),
        },
        "cells": cells,
    }
    return Record(manifest, tables)


LONG = [
    f"{side}-{kind}"
    for side in ("north", "south", "east", "west", "upper", "lower", "inner", "outer")
    for kind in ("archive", "library", "press", "museum", "radio")
]


def two_operators() -> Record:
    """The usual record with a rival that keeps serving everything."""
    record = sample_record()
    rounds, count = record.tables["rounds"], len(record.tables["rounds"]["round"])
    table = {name: [value for value in values for _ in range(2)] for name, values in rounds.items()}
    table["operator"] = ["vendor", "rival"] * count
    table["row"] = [row if i % 2 == 0 else table["row"][0] for i, row in enumerate(table["row"])]
    for name in table:
        if name.startswith("score:"):
            table[name] = [s if i % 2 == 0 else 0.9 * table[name][0] for i, s in enumerate(table[name])]
    return Record(record.manifest, record.tables | {"rounds": table})


def grown(record: Record, by: float) -> Record:
    """The same record with every score so many times as large, as an RMSE, and smaller is better."""
    tables = {name: dict(table) for name, table in record.tables.items()}
    for name in tables["rounds"]:
        if name.startswith("score:"):
            tables["rounds"][name] = [s * by for s in tables["rounds"][name]]
    tables["cells"]["score"] = [s * by for s in tables["cells"]["score"]]
    columns = tables["columns"]
    columns |= {name: [s * by for s in columns[name]] for name in ("floor", "full")}
    columns |= {"metric": ["rmse"] * len(columns["metric"]), "greater_is_better": [False] * len(columns["metric"])}
    return Record(record.manifest, tables)


def as_table() -> Record:
    """The usual record as if its scores had been read from a table, with every slice weighted."""
    record = sample_record(n=4, rounds=7, poison=False)
    weights = [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    columns = record.tables["columns"] | {"weight": weights}
    return Record(record.manifest | {"learner": None}, record.tables | {"columns": columns})


def over_worlds() -> Record:
    """The usual record as one of three worlds, in all of which as many rounds were played."""
    record = sample_record()
    worlds = [{"final_score": 0.5 + 0.1 * i, "rounds_played": 11.0} for i in range(3)]
    outcomes = record.manifest["outcomes"] | {"rounds_played": 11.0, "transfers": -0.0}
    return Record(record.manifest | {"worlds": worlds, "outcomes": outcomes}, record.tables)


MADE = {
    "two_operators": two_operators,
    "rmse": lambda: grown(sample_record(losses=True), 25.145417),
    "as_table": as_table,
    "over_worlds": over_worlds,
}

SAMPLES = {  # name: what sample_record is given
    "usual": {},
    "four": {"n": 4, "rounds": 7, "poison": False},
    "guessed": {"n": 4, "rounds": 7, "poison": False, "guessed": True},
    "many_rows": {"n": 6, "rounds": 20},
    "skewed": {"n": 12, "rounds": 30, "looked": 13},
    "ring": {"n": 30, "rounds": 8},
    "named": {"n": 12, "rounds": 12, "names": [f"archive {i}, west" for i in range(12)]},
    "losses": {"n": 5, "rounds": 10, "losses": True},
    "no_money": {"n": 5, "rounds": 10, "money": False},
    "one_creator": {"n": 1, "rounds": 3},
    "one_round": {"n": 4, "rounds": 1},
    "no_transfers": {"n": 4, "rounds": 6, "transfers": False},
    "one_column": {"n": 5, "rounds": 8, "slices": False},
    "long_names": {"n": 40, "rounds": 15, "names": LONG},
    "many_columns": {"n": 300, "rounds": 20},
    "crowd": {"n": 6, "rounds": 60, "owners": 500},
    "population": {"n": 6, "rounds": 8, "owners": 1300},
    "sixty": {"n": 12, "rounds": 60, "looked": 13},
}
