"""Notices: what a game is told and can never come to, so that nobody takes silence for a result."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dataleverage.game.policies.defence.none import NoDefence
from dataleverage.game.policies.response.ban import Ban
from dataleverage.game.policy import Selection
from dataleverage.game.setup import GameSetup
from dataleverage.game.strategies.baseline import Scripted
from dataleverage.game.strategies.member import Member

NAMED = 6  # objects that are named in a notice


def notices(setup: GameSetup) -> list[str]:
    """A sentence for everything that the record of a play must say did not happen because it could not."""
    return [*of_objects(setup), *of_rounds(setup), *of_collectives(setup), *of_bans(setup)]


def of_objects(setup: GameSetup) -> Iterator[str]:
    """Objects that are never held, or never trained on."""
    if setup.arrival is not None and (late := setup.arrival > setup.rounds).any():
        yield f"{named(setup, late)} would arrive after the last round, {setup.rounds}."
    if setup.price is not None and not any(buys(operator.selection) for operator in setup.operators):
        yield f"{named(setup, setup.price > 0)} can only be bought, and no operator's selection buys (`selection: buy`)."
    if not setup.usable.any():
        yield "Nothing may be trained on (`rights.use`): every model is a guess."


def of_rounds(setup: GameSetup) -> Iterator[str]:
    """What is set for rounds that are not played."""
    last = setup.rounds
    for group in setup.groups:
        if isinstance(group.strategy, Scripted) and min(group.strategy.moves) > last:
            yield f"The first move of {group.name} is scripted for round {min(group.strategy.moves)}, after the last, {last}."
    for collective in setup.collectives:
        if (first := getattr(collective.calls, "first", 1)) > last:
            yield f"{collective.name} would call first in round {first}, after the last, {last}."
    for operator in setup.operators:
        if operator.retrain.every > last:
            yield f"{operator.name} would train again in round {operator.retrain.every}, after the last, {last}."
        if operator.reserve and min(operator.reserve) > last:
            yield f"{operator.name} would reserve objects from round {min(operator.reserve)}, after the last, {last}."


def of_collectives(setup: GameSetup) -> Iterator[str]:
    """Members that nobody calls, demands that nobody answers, funds that pay nothing."""
    for group in setup.groups:
        if isinstance(group.strategy, Member) and not any(may_call(setup, u, group.who) for u in range(len(setup.collectives))):
            yield f"No collective calls {group.name}, whose strategy is to do as it is called (`collectives`)."
    for u, collective in enumerate(setup.collectives):
        operator = setup.operators[setup.operator_of(u)]
        if collective.demand is not None and not operator.response.agrees:
            yield (
                f"{collective.name} demands something of {operator.name}, whose response is {operator.response.tag}: it grants "
                "nothing (`response: bargain` and `concede` do)."
            )
        if collective.fund.strike_pay and not (collective.fund.start or collective.fund.dues):
            yield f"The fund of {collective.name} has no start and no dues, so it pays nobody."
    if setup.stop.demand_won and all(collective.demand is None for collective in setup.collectives):
        yield "The game would stop when a demand is won, and no collective demands anything."


def of_bans(setup: GameSetup) -> Iterator[str]:
    """Operators that ban whom their defence flags, and have none."""
    for operator in setup.operators:
        if isinstance(operator.response, Ban) and isinstance(operator.defence, NoDefence):
            yield f"{operator.name} bans whom its defence flags, and it has none (`defence`): it bans nobody."


def buys(selection: Selection) -> bool:
    """Whether a selection ever buys."""
    return type(selection).buy is not Selection.buy


def may_call(setup: GameSetup, collective: int, who: np.ndarray) -> bool:
    """Whether any of these creators can be a member, as far as groups and names say."""
    names = setup.collectives[collective].members.creators
    if names is None:
        return True
    groups = [group.name for group in setup.groups if np.isin(group.who, who).any()]
    return bool(set(names) & {*groups, *(setup.names[i] for i in who.tolist())})


def named(setup: GameSetup, which: np.ndarray) -> str:
    """Objects (n,) bool by name, the first few of them: `A, B and 3 more objects`."""
    found = [setup.grid.objects[j] for j in np.flatnonzero(which)]
    more = f" and {len(found) - NAMED:,} more objects" if len(found) > NAMED else ""
    return f"{'Object' if len(found) == 1 else 'Objects'} {', '.join(found[:NAMED])}{more}"
