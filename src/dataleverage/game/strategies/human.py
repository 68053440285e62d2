"""Human: creators that a person decides for."""

from __future__ import annotations

from typing import Literal

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.asking import Question
from dataleverage.game.calls import NO_CALL
from dataleverage.game.levers import LEVERS
from dataleverage.game.network import share_of_others
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy


class Human(Strategy):
    """Does what a person says, who is asked in every round. What was said is in the record, as any move is."""

    kind: Literal["human"] = "human"

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        if seen.ask is None:
            raise GameError(
                f"nobody is there to say what {seen.names[int(seen.who[0])]} does in round {seen.round}",
                key="creators",
                remedy="Play it with `dataleverage play`, pass `ask=` to `Scenario.game`, or give the group another strategy.",
            )
        words = tuple(str(move) for move in seen.menu.moves)
        others = share_of_others(seen.acting)
        choice = []
        for i in seen.who.tolist():
            called = int(seen.called[i])
            question = Question(
                round=seen.round,
                creator=seen.names[i],
                moves=words,
                last=words[int(seen.move[i])],
                called=None if called == NO_CALL else words[called],
                quality=float(seen.quality[i]),
                payoff=float(seen.payoff[i]),
                received=float(seen.received[i]),
                acting=float(others[i]),
            )
            choice.append(meant(seen, question, seen.ask(question)))
        return Decision(np.array(choice, dtype=np.int64), memory)

    def settled(self, round: int, memory: Memory) -> bool:
        return False


def meant(seen: Seen, question: Question, answer: str) -> int:
    """The menu position of an answer. Raises GameError for what is no move of the menu."""
    if answer in question.moves:
        return question.moves.index(answer)
    if answer in LEVERS:
        return seen.menu.find(answer)
    raise GameError(
        f"{question.creator} was told {answer!r} in round {question.round}, which is no move",
        remedy=f"Moves are {', '.join(question.moves)}.",
    )
