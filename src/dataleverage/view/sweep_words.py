"""Words for what a sweep varied and kept: short names, values and numbers as people read them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dataleverage.measure.outcomes import OUTCOMES
from dataleverage.scenario.document import inside
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.schema import Allowed
from dataleverage.sweep.columns import Column
from dataleverage.sweep.design import Spread

LONGEST = 36  # letters of a value


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """A short name for each path: its last part, with what it is part of where that says more; two alike stay paths."""
    named = {path: short_name(path) for path in paths}
    times = Counter(named.values())
    return {path: name if times[name] == 1 else path for path, name in named.items()}


def short_name(path: str) -> str:
    """`creators.1.strategy.mean` -> `strategy mean`; `operators.0.defence` -> `defence`; `network.k` -> `network k`."""
    *before, last = path.replace("_", " ").split(".")
    above = next((part for part in reversed(before) if not part.isdigit()), "")
    telling = bool(before) and not before[-1].isdigit() and (len(before) > 1 or len(last) < 3)
    return f"{above} {last}" if above and (telling or last.isdigit()) else last


def value_words(value: Any) -> str:
    """A varied value as it stands in the table of runs: kinds by their name, with what was set of them."""
    if isinstance(value, str) and value[:1] in '"{[':
        try:
            value = json.loads(value)
        except ValueError:  # a text that happens to begin so
            return cut(value)
    if isinstance(value, Mapping):
        kind, rest = value.get("kind"), {name: each for name, each in value.items() if name != "kind"}
        told = ", ".join(f"{name} {value_words(each)}" for name, each in rest.items())
        text = f"{kind} ({told})" if kind and told else str(kind or told)
        return cut(text.replace("_", " "))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, list | tuple):
        return cut(", ".join(map(value_words, value)))
    if isinstance(value, int | float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return cut(str(value).replace("_", " "))


def cut(text: str) -> str:
    """A text that is not too long for a label."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def outcome_name(outcome: str) -> str:
    """An outcome as a title."""
    column = Column.of(outcome)
    if column is None:
        text = outcome.rpartition(":")[2]
    else:
        text = column.name if outcome.startswith("rounds.") else f"{column.how} {column.name} ({column.table})"
    text = text.replace("_", " ")
    return text[:1].upper() + text[1:]


def unit_of(outcome: str) -> str:
    """What an outcome is counted in, nothing where that is not known."""
    return OUTCOMES[outcome].unit if outcome in OUTCOMES else ""


def definition_of(outcome: str) -> str:
    """What an outcome is, in a sentence."""
    if outcome in OUTCOMES:
        return OUTCOMES[outcome].definition
    column = Column.of(outcome)
    if column is not None and column.table == "rounds":
        which = "last round's" if column.how == "last" else f"{column.how} over rounds of"
        return f"The {which} {column.name}{'' if '@' in column.name else ' of the first operator'}."
    if column is not None:
        return f"The {column.how} of {column.name} over the lines of {column.table} in the record."
    return f"What the function {outcome} returns for a record."


def number(value: float, unit: str = "") -> str:
    """A number of an outcome: shares as per cents, others with four figures; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    if unit.startswith("share"):
        return f"{float(f'{100 * value:.3g}') + 0.0:g} %".replace("-", "−")
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value + 0.0:.4g}"
    if "e" in text:
        text = f"{value:.5f}".rstrip("0").rstrip(".") if abs(value) >= 5e-6 else "0"
    return text.replace("-", "−")


def tick_format(unit: str) -> Any:
    """How ticks of an axis are written, None for as usual."""
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1, symbol=" %") if unit.startswith("share") else None


def axis_label(outcome: str) -> str:
    """An outcome with its unit, where that does not show in the ticks."""
    unit, name = unit_of(outcome), outcome_name(outcome)
    return f"{name} ({unit})" if unit and unit != "share" else name


def spread_words(spread: Spread) -> str:
    """The values that a path takes."""
    listed = spread.listed()
    if listed is not None:
        texts = [value_words(each) for each in listed]
        return ", ".join(texts) if len(texts) <= 12 else f"{', '.join(texts[:5])}, … {texts[-1]} ({len(texts)} values)"
    if spread.normal is not None:
        ends = [f"{name} {value_words(end)}" for name in ("low", "high") if (end := getattr(spread.normal, name)) is not None]
        told = f"normal, mean {value_words(spread.normal.mean)}, sd {value_words(spread.normal.sd)}"
        return ", ".join([told, *ends])
    for name, words in (("integer", "whole numbers"), ("loguniform", "evenly by logarithm"), ("uniform", "evenly")):
        if (ends_ := getattr(spread, name)) is not None:
            return f"{words} from {value_words(ends_[0])} to {value_words(ends_[1])}"
    assert spread.range is not None
    return f"evenly from {value_words(spread.range[0])} to {value_words(spread.range[1])}"


def meaning_of(path: str, base: Mapping[Any, Any]) -> str:
    """What the schema says of a path of a scenario, nothing where it does not say."""
    allowed: Allowed | None = Allowed.by(Scenario)
    value: Any = base
    for part in path.split("."):
        if allowed is None:
            return ""
        step: str | int = part
        if isinstance(value, list):
            named = [k for k, each in enumerate(value) if inside(each, "name") == part]
            step = int(part) if part.isdigit() else named[0] if named else part
        allowed = (allowed.fitting(value) if value is not None else allowed).at(step)
        value = inside(value, step)
    note = allowed.note("description") if allowed is not None else None
    return str(note or "")
