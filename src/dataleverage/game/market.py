"""The market: how users spread over operators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from dataleverage.game.levers import ANY, Choice, Menu
from dataleverage.game.payoffs import MOST
from dataleverage.kinds import Model
from dataleverage.world.world import Floats


class Users(Model):
    """Who uses operators besides creators, and how sharply users choose by quality (a logit; McFadden 1974)."""

    public: float = Field(0.0, ge=0, le=MOST, description="Users that own no data, counted in creators.")
    beta: float = Field(5.0, ge=0, le=1e6, description="Sharpness: m_k ∝ exp(beta · q_k); 0 spreads them evenly.")
    outside: bool = Field(False, description="Whether they can also use nothing, which is worth as much as quality 0.")


@dataclass(frozen=True, eq=False)
class Market:
    """Who uses whom, for B joint moves.

    share : (B, K) of all users, at each operator; the rest use none.
    free : (B, K) the same of users that name no operator. named : (B, N) the operator that each creator's move names: -1 for
    none, ANY where it does not say.
    """

    share: Floats
    free: Floats
    named: Choice | None

    @classmethod
    def of(cls, users: Users, menu: Menu, choice: Choice | None, quality: Floats, creators: int) -> Market:
        """Spread creators that use an operator, and the public, over operators of (B, K) quality."""
        appeal = np.maximum(quality, 0.0)
        if appeal.shape[1] == 1 and not users.outside:
            free = np.ones(quality.shape)
        else:
            top = appeal.max(axis=1, keepdims=True)
            odds = np.exp(users.beta * (appeal - top))
            free = odds / (odds.sum(axis=1, keepdims=True) + users.outside * np.exp(-users.beta * top))
        if choice is None or (menu.uses == ANY).all():
            return cls(free, free, None)
        named = menu.uses[choice]
        each = np.stack([(named == k).sum(axis=1) for k in range(quality.shape[1])], axis=1)
        unnamed = (named == ANY).sum(axis=1, keepdims=True) + users.public
        return cls((each + unnamed * free) / (creators + users.public), free, named)

    def served(self, quality: Floats) -> Floats:
        """(B, K, N) quality of each operator to each creator -> (B, N): what it expects of those it uses, 0 of none."""
        if quality.shape[1] == 1 and self.named is None and (self.free == 1).all():
            return np.asarray(quality[:, 0])
        expected: Floats = (self.free[:, :, None] * quality).sum(axis=1)
        if self.named is not None:
            for k in range(quality.shape[1]):
                expected = np.where(self.named == k, quality[:, k], expected)
            expected = np.where(self.named == -1, 0.0, expected)
        return expected
