"""The same game in other worlds: what tells an effect from the luck of one split of the data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataleverage.errors import GapError, ScenarioError
from dataleverage.measure.outcomes import outcomes
from dataleverage.record.record import Record
from dataleverage.scenario.scenario import Scenario
from dataleverage.world.dataset import ExampleSource


def check_worlds(scenario: Scenario, count: int) -> None:
    """Raise ScenarioError where a scenario has only one world."""
    if count > 1 and not isinstance(scenario.data, ExampleSource):
        raise ScenarioError(
            "a table of cells is one world: nothing in it is drawn", key="data.kind", remedy="Leave `--worlds` out."
        )


def add_worlds(
    record: Record,
    scenario: Scenario,
    count: int,
    seed: int | None,
    advance: Callable[[], object],
    store: Path | None = None,
) -> None:
    """Play the scenario in the worlds after the record's own, and write their outcomes into its manifest.

    A world whose gap between guessing and full data is within noise has no leverage to speak of; it is left out, and a warning
    says so.
    """
    first = int(record.manifest["data_seed"])
    worlds: list[dict[str, Any]] = [{"data_seed": first, **outcomes(record)}]
    refused = []
    for data_seed in range(first + 1, first + count):
        other = scenario.in_world(data_seed)
        if store is not None:
            other.grid().keep_in(store)
        try:
            worlds.append({"data_seed": data_seed, **outcomes(other.play(seed))})
        except GapError:
            refused.append(data_seed)
        advance()
    record.manifest["worlds"] = worlds
    if refused:
        named = ", ".join(str(seed) for seed in refused[:10]) + (" …" if len(refused) > 10 else "")
        record.manifest["warnings"].append(
            f"{len(refused)} of {count} worlds (data.seed {named}) are left out: in them training beats guessing by no more "
            "than noise. The interval speaks of the others."
        )
