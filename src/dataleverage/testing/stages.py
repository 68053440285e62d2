"""Stages: small games on really trained models, different in their rules, on which strategies and policies are tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dataleverage.game.setup import GameSetup, Group
from dataleverage.game.strategies.baseline import Always
from dataleverage.game.strategies.baseline import Random as AtRandom
from dataleverage.scenario.load import loads

ROUNDS = 4

COMMON = """
data:
  kind: synthetic
  examples: 600
  features: 4
  separation: 3.0
  owners: {owners}
  holdout: {{audit: 0.3, monitor: 0.2}}
  slices: {{by: owner}}
learner: gaussian_nb
tactics: {{flip: {{kind: label_flip, rate: 0.8}}, other: {{kind: label_flip, rate: 0.3}}}}
rounds: {rounds}
payoffs: {{revenue: 10.0, train_cost: 0.001, cost: {{delete: 0.02, poison: 0.01, contribute: 0.01}}}}
"""
STAGES = {
    "one operator": """
creators: [{{name: people}}]
collectives: [{{name: union, demand: {{dividend: 0.2}}}}]
operators: [{{name: firm, response: {{kind: dividend, rate: 0.1}}}}]
""",
    "two operators, no right to deletion": """
creators: [{{name: people}}]
operators: [{{name: firm}}, {{name: rival, response: {{kind: dividend, rate: 0.3}}}}]
users: {{public: 2, outside: true}}
rights: {{deletion: false, replace: false}}
""",
    "arrivals, prices and a network": """
creators:
  - {{name: sellers, count: 2, price: 0.2, arrive: {{first: 1, every: 1}}}}
  - {{name: people}}
operators: [{{name: firm, unveil_cost: 0.001}}]
collectives: [{{name: union, members: {{fraction: 0.6}}, demand: {{wage: 0.05}}, fund: {{dues: 0.01}}}}]
network: {{kind: watts_strogatz, k: 2, p: 0.2}}
""",
}


def stages(owners: int) -> Iterator[tuple[str, GameSetup]]:
    """Games of so many creators, by name."""
    for name, rules in STAGES.items():
        if owners > 3 or name != "arrivals, prices and a network":
            yield name, loads(f"title: {name}" + (COMMON + rules).format(owners=owners, rounds=ROUNDS)).setup()


def with_strategy(setup: GameSetup, strategy: Any, count: int) -> GameSetup:
    """The same game with the last `count` creators deciding by a strategy, at the last operator; the others act at random."""
    n, home = setup.n_creators, setup.n_operators - 1
    first = n - count
    groups = [Group("tried", strategy, np.arange(first, n), home)]
    if first:
        groups.insert(0, Group("others", AtRandom(p=0.4), np.arange(first)))
    return replace(setup, groups=tuple(groups))


def with_policy(setup: GameSetup, family: str, policy: Any) -> GameSetup:
    """The same game with a policy at its first operator, and creators that contribute, act at random and poison."""
    first = setup.operators[0].model_copy(update={family: policy})
    n = setup.n_creators
    poison = Always.model_validate({"move": {"lever": "poison", "tactic": "flip"}})
    parts = [(AtRandom(p=0.5), max(n // 2, 1)), (poison, n // 4), (Always(), n - max(n // 2, 1) - n // 4)]
    groups, start = [], 0
    for i, (strategy, count) in enumerate(parts):
        if count:
            groups.append(Group(f"part {i}", strategy, np.arange(start, start + count)))
        start += count
    return replace(setup, operators=(first, *setup.operators[1:]), groups=tuple(groups))
