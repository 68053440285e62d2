"""What an operator sees that monitors its own holdings: each owner's monitor examples, clean and as each tactic leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.lot import Lot
from dataleverage.world.slices import check_marks
from dataleverage.world.tactic import Tactic
from dataleverage.world.world import Made, Slice, World

KEY = "data.holdout.monitor_from"


def with_own_monitor(evaluation: Lot, tactics: Mapping[str, Tactic], streams: Streams) -> World:
    """The world with a monitor slice for each owner that has monitor examples, `own OWNER`, and one more for each tactic,
    `own OWNER TACTIC`, whose examples are copies that the tactic was applied to, with a stream of its own.

    evaluation : the whole pool. Raises DataError where nobody has monitor examples, or a slice has such a name already.
    """
    world = evaluation.world
    looked_at = np.flatnonzero(~world.audit[: len(evaluation)] & (evaluation.owner >= 0))
    if not len(looked_at):
        raise DataError("there is no monitor example", key=KEY, remedy="Raise `data.holdout.monitor`.")
    lot = evaluation[looked_at[np.argsort(evaluation.owner[looked_at], kind="stable")]]
    owners, start = np.unique(lot.owner, return_index=True)
    count = (1 + len(tactics)) * len(owners)
    more = len(tactics) * len(lot)
    check_marks(count, len(world.y_eval) + more, "those of owners' own monitor examples", KEY)
    poisoned = [
        tactic.apply(lot, f"tactics.{name}", streams.at("own monitor", i)) for i, (name, tactic) in enumerate(tactics.items())
    ]
    slices: list[Slice | Made] = [*world.slices]
    own = np.full((len(world.owners), 1 + len(tactics)), -1)
    for i, first, end in zip(owners, start, [*start[1:], len(lot)], strict=True):
        name = f"own {world.owners[i]}"
        own[i] = len(slices) + np.arange(1 + len(tactics))
        slices.append(Slice(name, ~world.audit & (world.eval_owner == i), part="monitor"))
        for tactic, (X, y) in zip(tactics, poisoned, strict=True):
            slices.append(Made(f"{name} {tactic}", X[first:end], y[first:end], np.zeros(end - first, dtype=bool), "monitor"))
    taken = [part.name for part in slices]
    twice = next((name for i, name in enumerate(taken) if name in taken[:i]), None) if len(set(taken)) < len(taken) else None
    if twice is not None:
        raise DataError(f"there is a slice {twice!r} already", key=KEY, remedy="Rename that slice, or a tactic.")
    return replace(world.with_slices(slices), own_monitor=own)
