"""Asking: what a person that plays a creator is told, and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What a person goes by when it decides for a creator.

    round : the round it decides in. creator : its name. moves : every move of the menu in words. last : the one it made last.
    called : the move that its collective calls, or None. quality, payoff, received : of last round, as in the record; payoff is
    NaN before there was one. acting : the share of the others that did anything but contribute.
    """

    round: int
    creator: str
    moves: tuple[str, ...]
    last: str
    called: str | None
    quality: float
    payoff: float
    received: float
    acting: float


Ask = Callable[[Question], str]
"""A question -> one of its moves in words, or a lever by name where there is one such move."""
