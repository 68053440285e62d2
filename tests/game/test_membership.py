from __future__ import annotations

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import DataleverageError
from dataleverage.game.collective import Members
from dataleverage.game.membership import drawn, pool_of
from dataleverage.game.model import LeverageGame
from dataleverage.game.network import EdgeList, WattsStrogatz
from dataleverage.game.strategies.member import Member


def members(setup, seed: int = 0) -> list[str]:
    union = LeverageGame(setup, seed).unions[0]
    return [setup.names[i] for i in np.flatnonzero(union.member)]


def made(make_setup, count, chosen, **rest):
    return make_setup(count, rest.pop("groups", Member()), collectives=[{"name": "union", "members": chosen}], **rest)


def test_everyone_unless_said_otherwise(make_setup):
    assert members(made(make_setup, 3, {})) == ["A", "B", "C"]


def test_by_group_and_by_name(make_setup):
    groups = [(2, Member()), (3, Member())]
    assert members(made(make_setup, 5, {"creators": ["group 1"]}, groups=groups)) == ["C", "D", "E"]
    assert members(made(make_setup, 5, {"creators": ["group 1", "A"]}, groups=groups)) == ["A", "C", "D", "E"]
    with pytest.raises(DataleverageError, match="no group of creators 'F'") as caught:
        members(made(make_setup, 5, {"creators": ["A", "F"]}, groups=groups))
    assert caught.value.place.key == "collectives.0.members.creators.1"


def test_by_value_those_whose_leaving_costs_most(make_setup):
    """Quality is a weighted sum of who is there: leaving out costs one's weight."""
    weight = np.array([0.1, 0.4, 0.05, 0.3, 0.15])
    setup = made(make_setup, 5, {"value": 0.4}, score=lambda rows: (rows == 1) @ weight)
    assert members(setup) == ["B", "D"]
    both = made(make_setup, 5, {"value": 0.5, "creators": ["A", "C", "D", "E"]}, score=lambda rows: (rows == 1) @ weight)
    assert members(both) == ["D", "E"], "the top half of those who fit the rest"
    assert members(made(make_setup, 5, {"value": 0.01}, score=lambda rows: (rows == 1) @ weight)) == ["B"]


def test_by_community_as_networkx_finds_them(make_setup, tmp_path):
    """Two cliques of 5 and 4 with one link between them."""
    graph = nx.disjoint_union(nx.complete_graph(5), nx.complete_graph(4))
    graph.add_edge(0, 5)
    (tmp_path / "two.csv").write_text("".join(f"{a},{b}\n" for a, b in graph.edges))
    network = {"network": EdgeList(path="two.csv"), "folder": tmp_path}
    assert members(made(make_setup, 9, {"community": 0}, **network)) == list("ABCDE")
    assert members(made(make_setup, 9, {"community": 1}, **network)) == list("FGHI")
    with pytest.raises(DataleverageError, match="2 communities") as caught:
        members(made(make_setup, 9, {"community": 2}, **network))
    assert caught.value.place.key == "collectives.0.members.community"
    with pytest.raises(DataleverageError, match="no communities"):
        members(made(make_setup, 9, {"community": 0}))


def test_communities_of_a_drawn_network_split_it_and_are_one_in_modularity(make_setup):
    setups = [made(make_setup, 40, {"community": c}, network=WattsStrogatz(k=4, p=0.05)) for c in range(3)]
    game = LeverageGame(setups[0], 4)
    graph = game.neighbours.graph()
    found = [set(np.flatnonzero(LeverageGame(setup, 4).unions[0].member).tolist()) for setup in setups]
    assert len(found[0]) >= len(found[1]) >= len(found[2])
    assert not found[0] & found[1] and not found[1] & found[2]
    rest = set(graph) - set.union(*found)
    assert nx.community.modularity(graph, [each for each in (*found, rest) if each]) > 0.3


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12), alpha=st.floats(0, 1), seed=st.integers(0, 99))
def test_a_fraction_is_as_near_as_a_random_order_can_come(sizes, alpha, seed):
    """Of everyone in random order, the first so many whose share of the examples is nearest to alpha."""
    sizes = np.array(sizes)
    setup = SimpleNamespace(examples=sizes, grid=SimpleNamespace(sizes=sizes))
    found = drawn(alpha, np.ones(len(sizes), dtype=bool), setup, np.random.default_rng(seed))
    order = np.random.default_rng(seed).permutation(len(sizes))
    upto = [sizes[order[:count]].sum() / sizes.sum() for count in range(len(sizes) + 1)]
    best = min(abs(share - alpha) for share in upto)
    assert abs(sizes[found].sum() / sizes.sum() - alpha) == pytest.approx(best)
    assert set(np.flatnonzero(found)) == set(order[: int(found.sum())])


def test_a_fraction_by_seed(make_setup):
    setup = made(make_setup, 20, {"fraction": 0.25})
    teams = {tuple(members(setup, seed)) for seed in range(20)}
    assert all(len(team) == 5 for team in teams) and len(teams) > 10
    assert members(made(make_setup, 20, {"fraction": 0.0})) == []
    assert len(members(made(make_setup, 20, {"fraction": 1.0}))) == 20


def test_what_is_asked_of_members_must_be_there(make_setup):
    with pytest.raises(DataleverageError, match="no slice 'rare'") as caught:
        members(made(make_setup, 3, {"slice": "rare"}))
    assert caught.value.place.key == "collectives.0.members.slice"


def test_by_slice_those_with_examples_in_it(make_setup):
    """Audit examples 0 … 5 of objects 0, 0, 1, 2, 2, 3; the slice has those of 0 and 2, one of them a monitor example."""
    setup = make_setup(4, Member())
    mask = np.array([True, False, False, True, True, False])
    audit = np.array([False, True, True, True, True, True])
    part = SimpleNamespace(name="rare", mask=mask, owner=None)
    world = SimpleNamespace(slices=(part,), eval_object=np.array([0, 0, 1, 2, 2, 3]), audit=audit)
    setup.grid.world = world
    game = LeverageGame(make_setup(4, Member()))
    found = pool_of(Members(slice="rare"), setup, game.neighbours, game.streams, 0)
    assert found.tolist() == [False, False, True, False]
