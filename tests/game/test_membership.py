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


# ---------------------------------------------------------------- joining as a decision

DELETE = {"kind": "fixed", "move": "delete"}


def joining(make_setup, count, *, cost=0.0, calls=None, rounds=3, operator=None, score=None, **members_are):
    union = {"name": "union", "calls": calls or DELETE, "members": {"join": "participation", **members_are}}
    more = {"score": score} if score is not None else {}
    return make_setup(
        count, Member(), collectives=[union], payoffs={"cost": {"delete": cost}}, rounds=rounds, operator=operator, **more
    )


def counts(setup, seed: int = 0) -> list[int]:
    return LeverageGame(setup, seed).play().collectives.members.tolist()


@pytest.mark.parametrize(
    ("founders", "members"),
    [
        (0.0, [0, 0, 0, 0]),
        (0.2, [2, 0, 0, 0]),  # with one more they are 3 of 10, and 0.3 is not above 0.3/0.8
        (
            0.3,
            [3, 7, 10, 10],
        ),  # who is outside would be the 4th and joins, who is inside sees 3 and leaves; then all join
        (0.4, [4, 10, 10, 10]),
    ],
)
def test_they_join_from_the_share_at_which_it_pays(make_setup, founders, members):
    """Ten creators of one example; m who delete cost the model m/10 of its quality. c = 0.3, gamma = 0.2: above 0.375."""
    setup = joining(make_setup, 10, cost=0.3, founders=founders, success={"free_riders": 0.2})
    assert counts(setup) == members


def test_worth_scales_what_is_gained_and_not_what_it_costs(make_setup):
    """Worth 4 a unit of quality: one creator in ten gains 0.4 alone, which beats a cost of 0.3."""
    assert counts(joining(make_setup, 10, cost=0.3, success={"worth": 4.0})) == [0, 10, 10, 10]
    assert counts(joining(make_setup, 10, cost=0.3, success={"worth": 2.9})) == [0, 0, 0, 0]
    assert counts(joining(make_setup, 10, cost=0.3, success={"worth": 4.0, "free_riders": 0.3})) == [0] * 4


def test_a_call_that_achieves_nothing_finds_nobody(make_setup):
    """What was delivered stays: withholding takes nothing back."""
    setup = joining(make_setup, 5, calls={"kind": "fixed", "move": "withhold"}, founders=0.6)
    assert counts(setup) == [3, 0, 0, 0]


def test_who_is_called_to_nothing_stays_as_it_is(make_setup):
    setup = joining(make_setup, 4, calls={"kind": "fixed", "first": 3}, founders=0.5, rounds=4)
    assert counts(setup) == [2, 2, 2, 4, 4]


def test_the_success_of_a_signal_is_the_score_of_its_column(make_setup):
    """A column that is 1 once three of five examples carry the signal: worth 1, at a cost of 0.5."""
    columns = ("all", "signal")

    def score(rows):
        planted = (rows == 2).sum(axis=1) >= 3
        return np.stack([np.ones(len(rows)), planted], axis=1)

    union = {"name": "union", "calls": {"kind": "fixed", "move": "poison"}}

    def play(founders):
        members_are = {"join": "participation", "success": {"column": "signal"}, "founders": founders}
        setup = make_setup(
            5,
            Member(),
            score,
            columns=columns,
            tactics=("plant",),
            collectives=[{**union, "members": members_are}],
            payoffs={"cost": {"poison": 0.5}},
            rounds=3,
        )
        return counts(setup)

    assert play(0.2) == [1, 0, 0, 0]
    assert play(0.4) == [2, 3, 5, 5]
    assert play(0.6) == [3, 5, 5, 5]
    other = {"name": "union", "members": {"join": "participation", "success": {"column": "other"}}}
    setup = make_setup(2, Member(), collectives=[other])
    with pytest.raises(DataleverageError, match="no audit column 'other'") as caught:
        LeverageGame(setup)
    assert caught.value.place.key == "collectives.0.members.success.column"


def test_it_is_the_rule_creator_by_creator_on_any_grid(make_setup, random_score):
    """S(alpha) - c > gamma S(alpha), worked out one creator at a time from the grid, for random scores and costs."""
    seen = set()
    for seed in range(25):
        rng = np.random.default_rng(seed)
        score = random_score(5, 1, seed)
        cost, gamma, worth = float(rng.uniform(0, 0.4)), float(rng.uniform(0, 0.6)), float(rng.uniform(0.5, 3))
        success = {"worth": worth, "free_riders": gamma}
        setup = joining(make_setup, 5, cost=cost, founders=0.4, success=success, score=score, rounds=1)
        game = LeverageGame(setup, seed)
        first = set(np.flatnonzero(game.unions[0].member).tolist())
        game.step()
        found = set(np.flatnonzero(game.unions[0].member).tolist())
        wanted = set()
        for i in range(5):
            inside = first | {i}
            row = np.array([[0 if j in inside else 1 for j in range(5)]])
            lost = float(score(np.ones((1, 5), int))[0, 0] - score(row)[0, 0])
            if worth * lost - cost > gamma * worth * lost:
                wanted.add(i)
        assert found == wanted
        seen.add(len(found))
    assert len(seen) > 2


def test_an_operator_that_does_not_train_this_round_is_weighed_as_if_it_did(make_setup):
    setup = joining(make_setup, 4, founders=0.25, operator={"retrain": {"every": 3}}, rounds=2)
    assert counts(setup) == [1, 4, 4]


def test_what_they_looked_up_is_in_the_record(make_setup):
    record = LeverageGame(joining(make_setup, 3, cost=0.9, rounds=1)).play()
    mine = record.cells[record.cells.by == "creators"]
    assert sorted(mine.row.astype(str)) == ["AB", "AC", "BC"]


def test_costs_below_nothing_are_refused(make_setup):
    with pytest.raises(DataleverageError, match="costs less than nothing") as caught:
        LeverageGame(joining(make_setup, 2, cost=-0.1))
    assert caught.value.place.key == "collectives.0.members.join"
    with pytest.raises(ValueError, match="for `join: participation`"):
        Members(founders=0.2)


def test_who_would_be_called_to_nothing_gains_nothing_by_joining(make_setup):
    """Turns of one in four: at first only one would act, and only its joining achieves anything."""
    setup = joining(make_setup, 4, cost=0.1, calls={"kind": "rotate", "share": 0.25}, rounds=1)
    assert members(setup) == []
    game = LeverageGame(setup)
    game.step()
    assert game.unions[0].member.tolist() == [True, False, False, False]
