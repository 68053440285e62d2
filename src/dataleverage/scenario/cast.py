"""The cast: who plays, which objects are whose, and when they come into being."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataleverage.errors import ScenarioError
from dataleverage.game.operator import Operator
from dataleverage.game.setup import Group
from dataleverage.game.strategies.baseline import Always
from dataleverage.world.world import Floats, Ints

if TYPE_CHECKING:
    from dataleverage.scenario.scenario import CreatorGroup


@dataclass(frozen=True, eq=False)
class Cast:
    """Who plays.

    groups, names : of the N creators. playing : (N,) the owner of the data that each of them is. owner_of : (n,) the creator
    that owns each object, -1 where it is public. arrival, price : (n,) of objects, or None where all are there, and free.
    """

    groups: tuple[Group, ...]
    names: tuple[str, ...]
    playing: Ints
    owner_of: Ints
    arrival: Ints | None
    price: Floats | None


def cast_of(
    creators: tuple[CreatorGroup, ...], owners: tuple[str, ...], owner_of: Ints, operators: Sequence[Operator], *, named: bool
) -> Cast:
    """Deal out the data's owners to the groups, in the order of the file.

    named : whether creators are called as the data calls its owners. Raises ScenarioError where counts or names do not fit.
    """
    dealt = deal(creators, len(owners))
    homes = [home_of(group, g, operators) for g, group in enumerate(creators)]
    for g, group in enumerate(creators):
        if group.public and group.strategy != Always():
            raise ScenarioError(
                f"{group.name} are public: nobody decides for them, by {group.strategy.tag} or else",
                key=f"creators.{g}.strategy",
                remedy="Leave `strategy` out, or `public`.",
            )
    if all(group.public for group in creators):
        raise ScenarioError("all data is public, so nobody plays", key="creators", remedy="Give at least one group its data.")
    position = np.full(len(owners), -1, dtype=np.int64)
    groups: list[Group] = []
    start = 0
    for group, who, home in zip(creators, dealt, homes, strict=True):
        if group.public:
            continue
        position[who] = np.arange(start, start + len(who))
        groups.append(Group(group.name, group.strategy, position[who], home))
        start += len(who)
    playing = np.flatnonzero(position >= 0)
    names = tuple(owners[i] for i in playing.tolist()) if named else names_of(tuple(groups), start)
    arrival = np.zeros(len(owner_of), dtype=np.int64)
    price = np.zeros(len(owner_of))
    for group, who in zip(creators, dealt, strict=True):
        theirs = np.flatnonzero(np.isin(owner_of, who))
        price[theirs] = group.price
        if group.arrive is not None:
            arrival[theirs] = group.arrive.first + group.arrive.every * np.arange(len(theirs))
    return Cast(
        groups=tuple(groups),
        names=names,
        playing=playing,
        owner_of=position[owner_of],
        arrival=arrival if arrival.any() else None,
        price=price if price.any() else None,
    )


def deal(creators: tuple[CreatorGroup, ...], n_owners: int) -> list[Ints]:
    """For each group the positions of the owners that it gets. Raises ScenarioError where counts or names do not fit."""
    open_groups = [g for g, group in enumerate(creators) if group.count is None]
    if len(open_groups) > 1:
        raise ScenarioError(
            f"{len(open_groups)} groups leave out `count`; one may, and then holds all who are left",
            key=f"creators.{open_groups[1]}",
            remedy="Add a count.",
        )
    given = sum(group.count or 0 for group in creators)
    if given > n_owners or (not open_groups and given != n_owners) or (open_groups and given == n_owners):
        raise ScenarioError(
            f"{given} creators are counted, and the data has {n_owners} owners",
            key="creators",
            remedy=f"Make the counts sum to {n_owners}, or change the number of objects.",
        )
    names = [group.name for group in creators]
    if len(set(names)) < len(names):
        twice = next(i for i, name in enumerate(names) if name in names[:i])
        raise ScenarioError(f"there is a group {names[twice]!r} already", key=f"creators.{twice}.name")
    dealt = []
    start = 0
    for group in creators:
        count = group.count or n_owners - given
        dealt.append(np.arange(start, start + count))
        start += count
    return dealt


def home_of(group: CreatorGroup, position: int, operators: Sequence[Operator]) -> int:
    """The operator that holds a group's data at first. Raises ScenarioError for one that there is not."""
    names = [operator.name for operator in operators]
    if group.operator is None:
        return 0
    if group.operator not in names:
        raise ScenarioError(
            f"there is no operator {group.operator!r}",
            key=f"creators.{position}.operator",
            remedy=f"Operators are {', '.join(names)}.",
        )
    return names.index(group.operator)


def names_of(groups: tuple[Group, ...], count: int) -> tuple[str, ...]:
    """A name for each creator: its group's, and a number where the group has several."""
    names = [f"{group.name} {i + 1}" if len(group.who) > 1 else group.name for group in groups for i in range(len(group.who))]
    if len(set(names)) < count:
        twice = Counter(names).most_common(1)[0][0]
        raise ScenarioError(f"two creators would be called {twice!r}", key="creators", remedy="Rename a group.")
    return tuple(names)
