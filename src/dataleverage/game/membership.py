"""Membership: who is in a collective."""

from __future__ import annotations

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.calls import NO_CALL
from dataleverage.game.collective import Members, Union
from dataleverage.game.network import Neighbours
from dataleverage.game.setup import GameSetup
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Mask


def unions_of(setup: GameSetup, neighbours: Neighbours, streams: Streams) -> tuple[Union, ...]:
    """The collectives of a game, before its first round. Raises GameError for members that there are not."""
    found = []
    for u, spec in enumerate(setup.collectives):
        pool = pool_of(spec.members, setup, neighbours, streams, u)
        member = pool if spec.members.join == "all" else np.zeros_like(pool)
        called = np.full(setup.n_creators, NO_CALL, dtype=np.int64)
        found.append(Union(spec, u, setup.operator_of(u), pool, member.copy(), spec.fund.start, called))
    return tuple(found)


def pool_of(members: Members, setup: GameSetup, neighbours: Neighbours, streams: Streams, position: int) -> Mask:
    """(N,) bool: who fits all that is asked of members. Raises GameError where nobody does, or what is asked is not there."""
    key = f"collectives.{position}.members"
    fits = np.ones(setup.n_creators, dtype=bool)
    if members.creators is not None:
        fits &= in_groups(members.creators, setup, f"{key}.creators")
    if members.slice is not None:
        fits &= in_slice(members.slice, setup, f"{key}.slice")
    if members.community is not None:
        fits &= in_community(members.community, neighbours, streams, f"{key}.community")
    if members.value is not None:
        fits &= most_valuable(members.value, fits, setup)
    if members.fraction is not None:
        fits &= drawn(members.fraction, fits, setup, streams.at("members", position))
    if not fits.any() and members.fraction != 0:
        raise GameError("no creator fits all that is asked of members", key=key, remedy="Ask for less, or for others.")
    return fits


def in_groups(names: tuple[str, ...], setup: GameSetup, key: str) -> Mask:
    """(N,) who is in a group of one of these names, or has one of them."""
    found = np.zeros(setup.n_creators, dtype=bool)
    groups = {group.name: group.who for group in setup.groups}
    for i, name in enumerate(names):
        if name in groups:
            found[groups[name]] = True
        elif name in setup.names:
            found[setup.names.index(name)] = True
        else:
            raise GameError(
                f"there is no group of creators {name!r}",
                key=f"{key}.{i}",
                remedy=f"Groups are {', '.join(list(groups)[:20])}.",
            )
    return found


def in_slice(name: str, setup: GameSetup, key: str) -> Mask:
    """(N,) who has an audit example in a slice."""
    world = setup.grid.world
    parts = {part.name: part for part in world.slices} if world is not None else {}
    if world is None or name not in parts:
        have = f"Slices are {', '.join(list(parts)[:20])}." if parts else "A table of cells says of no example whose it is."
        raise GameError(f"there is no slice {name!r}", key=key, remedy=have)
    theirs = np.unique(world.eval_object[parts[name].mask & world.audit])
    found = np.zeros(setup.n_creators + 1, dtype=bool)
    found[setup.mover[theirs[theirs >= 0]]] = True
    return found[:-1]


def in_community(number: int, neighbours: Neighbours, streams: Streams, key: str) -> Mask:
    """(N,) who is in a community of the network, numbered from the largest (Louvain; Blondel et al. 2008)."""
    import networkx as nx

    if neighbours.edges is None:
        raise GameError("where everyone sees everyone there are no communities", key=key, remedy="Give the scenario a network.")
    found = nx.community.louvain_communities(neighbours.graph(), seed=streams.integer("communities"))
    communities = sorted((sorted(each) for each in found), key=lambda each: (-len(each), each[0]))
    if number >= len(communities):
        raise GameError(
            f"the network has {len(communities)} communities, numbered from 0", key=key, remedy="Ask for one of these."
        )
    inside = np.zeros(neighbours.count, dtype=bool)
    inside[communities[number]] = True
    return inside


def most_valuable(share: float, pool: Mask, setup: GameSetup) -> Mask:
    """(N,) the top share of a pool by what leaving each out of the full row costs in quality."""
    who = np.flatnonzero(pool)
    top = max(1, round(share * len(who)))
    found = np.zeros_like(pool)
    found[who[np.argsort(-leaving_out(setup)[who], kind="stable")[:top]]] = True
    return found


def leaving_out(setup: GameSetup) -> Floats:
    """(N,) the quality that is lost on the weighted audit columns when everything of one creator's is missing."""
    rows = np.ones((setup.n_creators + 1, setup.grid.n_objects), dtype=np.uint8)
    for i in range(setup.n_creators):
        rows[i, setup.mover == i] = 0
    quality = setup.quality.overall(setup.quality.of(setup.grid.scores(rows)))
    return np.asarray(quality[-1] - quality[:-1])


def drawn(alpha: float, pool: Mask, setup: GameSetup, rng: np.random.Generator) -> Mask:
    """(N,) creators of a pool in random order, as many as own a share `alpha` of all training examples between them.

    The one who would go beyond it is in if the share is nearer with it than without.
    """
    who = rng.permutation(np.flatnonzero(pool))
    upto = np.concatenate([[0], np.cumsum(setup.examples[who])]) / int(setup.grid.sizes.sum())
    found = np.zeros_like(pool)
    found[who[: int(np.abs(upto - alpha).argmin())]] = True
    return found
