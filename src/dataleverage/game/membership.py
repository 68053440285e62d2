"""Membership: who is in a collective."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.calls import NO_CALL, Meeting
from dataleverage.game.collective import Members, Success, Union
from dataleverage.game.levers import Choice
from dataleverage.game.network import Neighbours
from dataleverage.game.rules import Score, State, held, made
from dataleverage.game.setup import GameSetup
from dataleverage.game.valuation import audited, values_of
from dataleverage.measure.signal.participation import sustains
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Mask

MOST_JOINING = 2**24  # creators that may join × moves, or states of objects, that each would look at


def unions_of(setup: GameSetup, neighbours: Neighbours, streams: Streams) -> tuple[Union, ...]:
    """The collectives of a game, before its first round. Raises GameError for members that there are not."""
    found = []
    for u, spec in enumerate(setup.collectives):
        pool = pool_of(spec.members, setup, neighbours, streams, u)
        member = pool
        if spec.members.join == "participation":
            check_joining(spec.members, setup, pool, f"collectives.{u}.members")
            member = drawn(spec.members.founders, pool, setup, streams.at("founders", u))
        called = np.full(setup.n_creators, NO_CALL, dtype=np.int64)
        found.append(Union(spec, u, setup.operator_of(u), pool, member.copy(), spec.fund.start, called))
    return tuple(found)


def convene(setup: GameSetup, state: State, union: Union, meeting: Meeting, choice: Choice, score: Score) -> None:
    """Let everyone who may be a member of a collective decide whether to be, and the collective call those who are.

    choice : (N,) everyone's last move. score : what rows are scored by.
    """
    if union.spec.members.join == "participation":
        union.member = joined(setup, state, union, meeting, choice, score)
        meeting = replace(meeting, members=np.flatnonzero(union.member))
    union.call(meeting, setup.n_creators)


def joined(setup: GameSetup, state: State, union: Union, meeting: Meeting, choice: Choice, score: Score) -> Mask:
    """(N,) who is a member this round: those for whom S(alpha) - c > gamma S(alpha), with themselves in it.

    S is what the call to all who may be members achieves if the members of last round, and oneself, do as it says and everyone
    else's last move stands; c what that costs oneself. In a round in which nothing would be called members stay as they are.
    """
    pool, success = np.flatnonzero(union.pool), union.spec.members.success or Success()
    calls, _ = union.asked(replace(meeting, members=pool, memory=copy.deepcopy(meeting.memory)))
    asked = np.full(setup.n_creators, NO_CALL, dtype=np.int64)
    asked[pool] = calls
    if (asked == NO_CALL).all() or not len(pool):
        return union.member
    outside = pool[~union.member[pool]]
    inside = np.repeat(union.member[None, :], len(outside) + 1, axis=0)  # line 0 is as it was, then one more each
    inside[np.arange(1, len(inside)), outside] = True
    gained = success.worth * achieved(setup, state, union, meeting, success, inside, asked, choice, score)
    mine = np.full(setup.n_creators, gained[0])
    mine[outside] = gained[1:]
    cost = np.where(asked == NO_CALL, 0.0, setup.lever_costs[asked])
    found = np.zeros(setup.n_creators, dtype=bool)
    for each in np.unique(cost[pool]):
        same = pool[cost[pool] == each]
        found[same] = sustains(mine[same], float(each), success.free_riders)
    return found


def achieved(
    setup: GameSetup,
    state: State,
    union: Union,
    meeting: Meeting,
    success: Success,
    inside: Mask,
    asked: Choice,
    choice: Choice,
    score: Score,
) -> Floats:
    """(L,) the success if those inside (L, N) do what they are asked (N,), whether or not a model would be trained now."""
    k = union.operator
    strike = np.where(inside & (asked != NO_CALL), asked, choice)
    *_, scores = made(setup, state, k, held(setup, state, strike)[:, k], score)
    if success.column is not None:
        return np.asarray(scores[:, setup.grid.column(success.column)])
    peace = np.where(inside & (asked != NO_CALL), meeting.menu.stay, choice)
    *_, before = made(setup, state, k, held(setup, state, peace)[:, k], score)
    lost: Floats = setup.quality.overall(setup.quality.of(before)) - setup.quality.overall(setup.quality.of(scores))
    return lost


def check_joining(members: Members, setup: GameSetup, pool: Mask, key: str) -> None:
    """Raise GameError for a success that cannot be told, and a cost below nothing."""
    column = None if members.success is None else members.success.column
    audit = [each.name for each in setup.grid.columns if each.part == "audit"]
    if column is not None and column not in audit:
        raise GameError(
            f"there is no audit column {column!r}", key=f"{key}.success.column", remedy=f"There are {', '.join(audit[:20])}."
        )
    if setup.lever_costs.min() < 0:
        raise GameError(
            "a lever that costs less than nothing is taken whatever it achieves, so that nobody decides to join for that",
            key=f"{key}.join",
            remedy="Let levers under `payoffs.cost` cost at least 0.",
        )
    if pool.sum() * max(setup.n_creators, setup.grid.n_objects) > MOST_JOINING:
        raise GameError(
            f"{pool.sum():,} creators that may join are too many to ask each what its joining would achieve",
            key=f"{key}.join",
            remedy="Let fewer decide (`fraction`, `creators`), or all be members.",
        )


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
    values = values_of(audited(setup, np.arange(setup.n_creators)), "leave_one_out")
    found[who[np.argsort(-values[who], kind="stable")[:top]]] = True
    return found


def drawn(alpha: float, pool: Mask, setup: GameSetup, rng: np.random.Generator) -> Mask:
    """(N,) creators of a pool in random order, as many as own a share `alpha` of all training examples between them.

    The one who would go beyond it is in if the share is nearer with it than without.
    """
    who = rng.permutation(np.flatnonzero(pool))
    upto = np.concatenate([[0], np.cumsum(setup.examples[who])]) / int(setup.grid.sizes.sum())
    found = np.zeros_like(pool)
    found[who[: int(np.abs(upto - alpha).argmin())]] = True
    return found
