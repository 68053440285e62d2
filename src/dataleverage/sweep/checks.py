"""What only shows when the keys of a sweep file meet: designs and their samples, outcomes and their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dataleverage.errors import ScenarioError
from dataleverage.measure.outcomes import OUTCOMES
from dataleverage.record.record import TABLES
from dataleverage.scenario.document import Document, Keys
from dataleverage.sweep.columns import WAYS, Column
from dataleverage.sweep.design import Precision, Spread, written_out

SAMPLED = ("latin_hypercube", "sobol", "morris")
OF_RUNS = (
    "point",
    "world",
    "replicate",
    "seed",
    "data_seed",
    "status",
)  # columns of the table of runs besides paths and outcomes
FUNCTION = r"[A-Za-z_][\w.]*:[A-Za-z_]\w*"


def faults(parts: Mapping[str, Any], document: Document) -> Iterator[ScenarioError]:
    """Everything wrong between the keys of a sweep file.

    parts : the keys that are valid by themselves, defaults included; what needs another is left out.
    """

    def wrong(said: str, remedy: str, *path: str | int) -> ScenarioError:
        where: Keys = path
        return ScenarioError(said, place=document.place(where), remedy=remedy)

    spreads: dict[str, Spread] | None = written_out(parts["vary"]) if "vary" in parts else None
    names: tuple[str, ...] | None = parts.get("outcomes")
    precision: Precision | None = parts.get("precision")
    if {"design", "samples"} <= parts.keys():
        design, samples = parts["design"], parts["samples"]
        if design in SAMPLED and samples is None:
            yield wrong(f"{design} needs to know how many", "Add `samples: 64`, say.", "samples")
        if design not in SAMPLED and samples is not None:
            remedy = f"Leave it out, or name one of the designs {', '.join(SAMPLED)}."
            yield wrong(f"{design} counts its points itself", remedy, "samples")
        if design == "sobol" and samples is not None and samples & (samples - 1):
            near = 2 ** (samples.bit_length() - 1)
            remedy = f"Give {near} or {2 * near}: Sobol' sequences are balanced at powers of two only."
            yield wrong(f"found {samples}, which is no power of two", remedy, "samples")
    if spreads is not None and "design" in parts:
        yield from _against_design(spreads, parts["design"], wrong)
    for k, name in enumerate(names or ()):
        if name in (names or ())[:k]:
            yield wrong(f"`{name[:80]}` stands here twice", "Keep one of the two.", "outcomes", k)
        elif name not in OUTCOMES and Column.of(name) is None and not re.fullmatch(FUNCTION, name):
            remedy = (
                "See `dataleverage list outcomes`, or write `rounds.<column>`, `mean(<table>.<column>)` or `module:function`."
            )
            if name.partition(".")[0] in TABLES:
                remedy = f"Say what makes one number of that column: `mean({name[:80]})`, or one of {', '.join(WAYS)}."
            yield wrong(f"there is no outcome {name[:80]!r}", remedy, "outcomes", k)
    if precision is not None and names is not None and precision.outcome not in names:
        yield wrong("the precision is of an outcome that is not kept", "Add it to `outcomes`.", "precision", "outcome")
    if precision is not None and "worlds" in parts and parts["worlds"] is None:
        yield wrong("a precision is over worlds, and there is one", "Add `worlds: 100`, the most there may be.", "precision")
    for path in spreads or ():
        if path == "seed":
            yield wrong("`seed` is what replicates set", "Leave it out, and say `replicates: 10`.", "vary", path)
        elif path == "data.seed" and parts.get("worlds") is not None:
            yield wrong("`data.seed` is what worlds set", "Leave it out, or leave `worlds` out.", "vary", path)
        elif path in OF_RUNS or path in (names or ()):
            yield wrong("the table of runs has another column of this name", "Vary a part of it.", "vary", path)


def _against_design(spreads: Mapping[str, Spread], design: str, wrong: Any) -> Iterator[ScenarioError]:
    """What varies in a way that the design cannot use."""
    if design in SAMPLED:
        if not spreads:
            yield wrong(f"{design} has nothing to vary", "Name a path of the scenario.", "vary")
        for path, spread in spreads.items():
            if design == "morris" and not spread.bounded():
                remedy = "Give it `low` and `high`: trajectories visit the ends."
                yield wrong("morris needs a least and a greatest value", remedy, "vary", path)
        return
    lengths: dict[str, int] = {}
    for path, spread in spreads.items():
        listed = spread.listed()
        if listed is None:
            remedy = f"Give a list, or `{{range: [a, b], steps: k}}`, or name one of the designs {', '.join(SAMPLED)}."
            yield wrong(f"a {design} design needs the values of this counted out", remedy, "vary", path)
        else:
            lengths[path] = len(listed)
    first = next((length for length in lengths.values() if length > 1), 1)
    for path, length in lengths.items():
        if design == "list" and length not in (1, first):
            said = f"this list has {length} values, and the first one has {first}"
            remedy = "Point 0 takes the first of each list, point 1 the second: give as many, or one value for all."
            yield wrong(said, remedy, "vary", path)
