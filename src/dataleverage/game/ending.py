"""Endings: when a game has come to rest, or goes round in circles."""

from __future__ import annotations

from collections.abc import Sequence

from dataleverage.game.calls import Meeting
from dataleverage.game.desk import Desk
from dataleverage.game.setup import GameSetup
from dataleverage.game.strategy import Memory

LONGEST_CYCLE = 50  # rounds; longer repeats are not looked for


def nothing_more(
    setup: GameSetup, round: int, memories: Sequence[Memory], desks: Sequence[Desk], meetings: Sequence[Meeting]
) -> bool:
    """Whether after a round nothing but players' answers to each other can change anything.

    False while data ages or arrives, a script, a call or a reserve has more to come, or moves are drawn anew each round.
    """
    if setup.freshness is not None or (setup.arrival is not None and (setup.arrival > round).any()):
        return False
    return (
        all(group.strategy.settled(round, memory) for group, memory in zip(setup.groups, memories, strict=True))
        and all(spec.calls.settled(meeting) for spec, meeting in zip(setup.collectives, meetings, strict=True))
        and all(desk.operator.response.settled(desk) for desk in desks)
        and all(start <= round for operator in setup.operators for start in operator.reserve)
    )


def cycle(history: list[bytes], repeats: int) -> int | None:
    """The period, from 2, after which the last states have repeated so many times, or None."""
    for period in range(2, min(LONGEST_CYCLE, len(history) // (repeats + 1)) + 1):
        tail = history[-period * (repeats + 1) :]
        if len(set(tail[:period])) > 1 and all(state == tail[i % period] for i, state in enumerate(tail)):
            return period
    return None
