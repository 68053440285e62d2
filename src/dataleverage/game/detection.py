"""Detection: how well the defences of a play told poison from honest data, held against what creators really did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dataleverage.game.setup import GameSetup
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Mask


def detection(setup: GameSetup, states: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the defence of each operator that has one came to, by the operator's name.

    states : of a play, a round each, with (K, n) `judged` (the rows that defences looked at, empty where they did not), (K, n)
    `thrown` (what they kept out of them; None for nothing at all) and K times `suspicion`.
    """
    distinct = {id(state): state for state in states}  # rounds in which nothing moved are told by the same state
    times = Counter(map(id, states))
    found = {}
    for k, operator in enumerate(setup.operators):
        if not operator.defence.detects:
            continue
        worked = [key for key, state in distinct.items() if state["judged"][k].any()]
        judged = np.array([distinct[key]["judged"][k] for key in worked], dtype=np.uint8).reshape(
            len(worked), setup.grid.n_objects
        )
        thrown = np.zeros(judged.shape, dtype=bool)
        for line, key in zip(thrown, worked, strict=True):
            if distinct[key]["thrown"] is not None:
                line[:] = distinct[key]["thrown"][k]
        scores = [distinct[key]["suspicion"][k] for key in worked]
        unknown = any(each is None for each in scores)
        suspicion = None if unknown else np.array(scores, dtype=np.float64).reshape(judged.shape)
        counts = np.array([times[key] for key in worked], dtype=np.int64)
        found[operator.name] = {"defence": operator.defence.tag, **told(judged, thrown, suspicion, counts)}
    return found


def told(judged: Rows, thrown: Mask, suspicion: Floats | None, times: np.ndarray) -> dict[str, Any]:
    """Counts, rates and the area under the ROC curve of one defence; a rate of nothing is None.

    judged : (R, n) distinct rows that it looked at; an object counts once a round. thrown : (R, n) what it kept out of them.
    suspicion : (R, n) what it went by, or None. times : (R,) in how many rounds it looked at each.
    """
    often = np.broadcast_to(times[:, None], judged.shape)
    poisoned, clean = judged > 1, judged == 1
    bad, good = int(often[poisoned].sum()), int(often[clean].sum())
    caught, wronged = int(often[poisoned & thrown].sum()), int(often[clean & thrown].sum())
    rates = (caught / bad if bad else None, wronged / good if good else None)
    area = None
    if rates[0] is not None and rates[1] is not None:
        area = (1 + rates[0] - rates[1]) / 2
        if suspicion is not None:
            there = poisoned | clean
            area = roc_area(suspicion[there], poisoned[there], often[there])
    return {
        "rounds": int(times.sum()),
        "poisoned": bad,
        "clean": good,
        "true_positives": caught,
        "false_positives": wronged,
        "true_positive_rate": rates[0],
        "false_positive_rate": rates[1],
        "auc": area,
        "auc_of": None if area is None else "scores" if suspicion is not None else "one operating point",
    }


def roc_area(scores: Floats, positive: Mask, times: np.ndarray) -> float:
    """The area under the ROC curve: how often something positive scores above something negative, a tie counting half.

    (Hanley & McNeil 1982.) scores, positive, times : (M,), each counted so many times; of both kinds there is something.
    """
    levels, at = np.unique(scores, return_inverse=True)
    up = np.bincount(at[positive], weights=times[positive], minlength=len(levels))
    down = np.bincount(at[~positive], weights=times[~positive], minlength=len(levels))
    below = np.cumsum(down) - down
    return float(up @ (below + down / 2) / (up.sum() * down.sum()))
