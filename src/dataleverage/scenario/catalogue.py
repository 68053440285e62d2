"""The catalogue: every kind a scenario can name, every metric and every outcome, with what it means."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from dataleverage.errors import DataleverageError
from dataleverage.grid.metrics import METRICS
from dataleverage.kinds import FAMILIES, family
from dataleverage.measure.outcomes import OUTCOMES
from dataleverage.scenario import scenario as _families  # noqa: F401 - importing it registers every family
from dataleverage.scenario.schema import Allowed

PLURALS = {
    "strategy": "strategies",
    "learner": "learners",
    "surrogate": "surrogates",
    "data": "data",
    "objects": "objects",
    "tactic": "tactics",
    "transform": "transforms",
    "network": "networks",
    "selection": "selections",
    "defence": "defences",
    "response": "responses",
}
Entries = dict[str, dict[str, Any]]


def catalogue(what: str = "all") -> dict[str, Entries]:
    """{heading: {name: {about, parameters}}} of one heading, or of all.

    Raises a DataleverageError for a heading there is not.
    """
    headings = [PLURALS.get(name, name) for name in FAMILIES] + ["metrics", "outcomes"]
    if what == "all":
        wanted = headings
    else:
        wanted = [name for name in headings if what in (name, name.removesuffix("s"), singular(name))]
        if not wanted:
            near = difflib.get_close_matches(what, headings, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise DataleverageError(
                f"there is nothing called {what!r} to list", remedy=f"{hint}There are {', '.join(headings)}."
            )
    return {name: entries(name) for name in wanted}


def entries(heading: str) -> Entries:
    """What stands under one heading."""
    if heading == "metrics":
        return {name: {"about": metric.description} for name, metric in METRICS.items()}
    if heading == "outcomes":
        return {name: {"about": outcome.definition} for name, outcome in OUTCOMES.items()}
    of = family(singular(heading))
    found: Entries = {}
    for tag, kind in of.members.items():
        about = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        shown = Allowed.by(kind)
        parameters = {}
        for name, part in kind.model_fields.items():
            if name == of.tag:
                continue
            inside = shown.at(name)
            allowed = inside.words() if inside is not None else ""
            default = (
                "required" if part.is_required() else f"default {default_in_words(part.get_default(call_default_factory=True))}"
            )
            parameters[name] = f"{part.description or ''} ({allowed}; {default})"
        found[tag] = {"about": about, "parameters": parameters}
    return found


def singular(heading: str) -> str:
    """The family behind a heading."""
    return next((name for name, plural in PLURALS.items() if plural == heading), heading)


def default_in_words(value: Any) -> str:
    """A default as a file would say it."""
    if value is None:
        return "none"
    if hasattr(value, "tag"):
        return str(value.tag)
    if hasattr(value, "model_dump"):
        dumped = {k: v for k, v in value.model_dump(mode="json").items() if v is not None}
        return str(dumped).replace("'", "")
    return str(list(value)) if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)
