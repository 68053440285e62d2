"""Thresholds: creators that act when enough others do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from dataleverage.errors import GameError
from dataleverage.game.levers import Menu, MoveSpec
from dataleverage.game.strategy import Decision, Memory, Seen, Strategy
from dataleverage.kinds import Many
from dataleverage.streams import Streams
from dataleverage.world.world import Floats

TIE = 1e-9  # shares this close to a threshold reach it


class Threshold(Strategy):
    """Acts iff the share of others that acted last round is at least its threshold (Granovetter 1978; on a network Watts 2002).

    Acting is anything but contributing. Thresholds are drawn once a play (normal, uniform), spread over the quantiles of the
    distribution, or listed. A threshold of 0 or less acts at once, one above 1 never. With `steepness: k` the rule is soft:
    it acts with probability x^k/(T^k + x^k), x the share and T the threshold.
    """

    kind: Literal["threshold"] = "threshold"
    mean: float = Field(0.5, description="Mean of the thresholds.")
    sd: float = Field(0.0, ge=0, description="Their standard deviation.")
    distribution: Literal["normal", "uniform"] = Field("normal", description="Their distribution.")
    draw: Literal["random", "quantiles"] = Field("random", description="Drawn each play, or its evenly spaced quantiles.")
    thresholds: Many[float] | None = Field(None, description="One threshold a creator, instead of a distribution.")
    see: Literal["everyone", "neighbours"] = Field("everyone", description="Whose acts count.")
    same_lever: bool = Field(False, description="Count only those who pull the same lever.")
    activists: int = Field(0, ge=0, description="The first so many creators of the group always act.")
    steepness: float | None = Field(None, gt=0, description="k of the soft rule; the hard rule unless given.")
    move: MoveSpec | None = Field(None, description="The move; delete unless given, or withhold without the right to it.")

    @model_validator(mode="after")
    def _one_way(self) -> Threshold:
        if self.thresholds is not None and {"mean", "sd", "distribution", "draw"} & self.model_fields_set:
            raise ValueError("`thresholds` is a list, so mean, sd, distribution and draw have nothing to say")
        return self

    def begin(self, count: int, menu: Menu, streams: Streams) -> Memory:
        if self.activists > count:
            raise GameError(f"{self.activists} activists in a group of {count}", key="activists")
        activist = (np.arange(count) < self.activists).astype(np.float64)
        return {"threshold": self.draws(count, streams), "activist": activist}

    def draws(self, count: int, streams: Streams) -> Floats:
        """(count,) thresholds."""
        if self.thresholds is not None:
            if len(self.thresholds) != count:
                raise GameError(
                    f"{len(self.thresholds)} thresholds for {count} creators", key="thresholds", remedy="List one for each."
                )
            return np.array(self.thresholds)
        if self.draw == "quantiles":
            from scipy import stats

            even = (np.arange(count) + 0.5) / count
            unit = stats.norm.ppf(even) if self.distribution == "normal" else (even - 0.5) * np.sqrt(12)
        else:
            rng = streams["thresholds"]
            unit = rng.standard_normal(count) if self.distribution == "normal" else (rng.random(count) - 0.5) * np.sqrt(12)
        return self.mean + self.sd * unit

    def decide(self, seen: Seen, memory: Memory) -> Decision:
        choice = seen.menu.strike if self.move is None else seen.menu.position(self.move)
        levers = seen.menu.levers
        doing = levers[seen.move] == levers[choice] if self.same_lever else seen.acting
        share = seen.share(self.see, doing)
        threshold = memory["threshold"]
        if self.steepness is None:
            acts = share >= threshold - TIE
        else:
            acts = seen.draw("threshold") < soft(share, threshold, self.steepness)
        acts |= memory["activist"] > 0
        return Decision(np.where(acts, choice, seen.menu.stay), memory, saw=share)

    def steady(self, round: int) -> bool:
        return self.steepness is None

    def settled(self, round: int, memory: Memory) -> bool:
        return self.steepness is None

    def named_moves(self) -> Iterable[tuple[str, MoveSpec]]:
        if self.move is not None:
            yield "move", self.move


def soft(share: Floats, threshold: Floats, k: float) -> Floats:
    """Probability x^k/(T^k + x^k); 1 for thresholds of 0 or less."""
    with np.errstate(over="ignore", invalid="ignore"):  # a ratio too large for a float is a certainty
        ratio = np.divide(share, threshold, out=np.full_like(share, np.inf), where=threshold > 0) ** k
        return np.where(np.isinf(ratio), 1.0, ratio / (1 + ratio))
