from __future__ import annotations

from itertools import combinations, pairwise, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import GameError
from dataleverage.game.equilibrium import JointMoves, joint, sampled_equilibria


def bimatrix(first, second):
    """A game of two from their payoffs [own move][other's move], as JointMoves asks for them."""
    A, B = np.array(first, float), np.array(second, float)
    return JointMoves.of(2, len(A), lambda c: (np.stack([A[c[:, 0], c[:, 1]], B[c[:, 0], c[:, 1]]], 1), np.zeros(len(c))))


def public_goods(n=4, r=1.6, endowment=20.0):
    """Linear public goods: move 1 contributes the endowment."""

    def payoff(choice):
        pot = r * endowment * choice.sum(axis=1, keepdims=True) / n
        return endowment * (1 - choice) + pot, np.zeros(len(choice))

    return JointMoves.of(n, 2, payoff)


def random_game(n, a, seed, whole=False):
    """Payoffs at random; whole numbers make ties."""
    rng = np.random.default_rng(seed)
    paid = rng.integers(0, 4, (a**n, n)).astype(float) if whole else rng.normal(size=(a**n, n))
    return JointMoves(a, paid, rng.normal(size=a**n))


def payoff_of(game):
    return lambda choice: (game.payoff[game.number(choice)], game.operators[game.number(choice)])


def test_public_goods():
    game = public_goods()
    assert game.payoff[0].tolist() == [20] * 4 and game.payoff[-1].tolist() == pytest.approx([32] * 4)
    lone_defector, lone_contributor = game.number(np.array([[0, 1, 1, 1], [1, 0, 0, 0]]))
    assert game.payoff[lone_defector, 0] == pytest.approx(44) and game.payoff[lone_contributor, 0] == pytest.approx(8)
    assert game.dominant == [[0]] * 4
    assert game.equilibria.tolist() == [0]
    assert game.price_of_anarchy() == (pytest.approx(1.6), True) == game.price_of_stability()
    # all four gain by contributing together; three gain too (24 beside 20), two do not (16)
    groups = [set(group) for group, _ in game.blocking([0, 0, 0, 0])]
    assert groups == [set(three) for three in combinations(range(4), 3)]
    assert game.stable_size(1) is None and game.tipping_share(1) is None
    assert game.stable_size(0, otherwise=1) == 1 and game.tipping_share(0, otherwise=1) == 0.0


def test_stag_hunt_tips_and_has_two_equilibria():
    # all hunt the stag: 4 each; a hare is worth 3 whatever the others do; a stag needs three of three
    def payoff(choice):
        stag = choice.all(axis=1, keepdims=True)
        return np.where(choice == 1, 4.0 * stag, 3.0), np.zeros(len(choice))

    game = JointMoves.of(3, 2, payoff)
    assert game.joint(game.equilibria).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert game.price_of_anarchy() == (pytest.approx(12 / 9), True) and game.price_of_stability() == (1.0, True)
    assert game.stable_size(1) == 3 and game.tipping_share(1) == pytest.approx(2 / 3)
    assert [set(group) for group, _ in game.blocking([0, 0, 0])] == [{0, 1, 2}] and game.blocking([1, 1, 1]) == []
    assert game.path([1, 1, 0]).tolist() == [[1, 1, 0], [1, 1, 1]]


def test_matching_pennies_has_no_equilibrium_and_one_cycle():
    game = bimatrix([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
    assert len(game.equilibria) == 0 and [len(sink) for sink in game.sinks] == [4]
    assert np.isnan(game.price_of_anarchy()[0])
    graph = game.graph()
    assert set(nx.simple_cycles(graph).__next__()) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert not any(facts["equilibrium"] for _, facts in graph.nodes(data=True))


def test_welfare_that_is_not_positive_gives_a_difference():
    game = bimatrix([[-1, -9], [0, -6]], [[-1, 0], [-9, -6]])  # the prisoners, in years
    assert game.joint(game.equilibria).tolist() == [[1, 1]]
    assert game.price_of_anarchy() == (10.0, False)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 4), a=st.integers(1, 3), seed=st.integers(0, 10**6), whole=st.booleans())
def test_everything_against_brute_force(n, a, seed, whole):
    game = random_game(n, a, seed, whole)
    paid = {c: game.payoff[int(game.number(np.array([c]))[0])] for c in product(range(a), repeat=n)}
    best = nx.DiGraph()
    best.add_nodes_from(paid)
    stays = []
    for c in paid:
        calm = True
        for i in range(n):
            own = [paid[(*c[:i], m, *c[i + 1 :])][i] for m in range(a)]
            if max(own) > paid[c][i] + 1e-9:
                calm = False
                for m in range(a):
                    if own[m] >= max(own) - 1e-9:
                        best.add_edge(c, (*c[:i], m, *c[i + 1 :]), creator=i)
        if calm:
            stays.append(c)
    assert {tuple(c) for c in game.joint(game.equilibria).tolist()} == set(stays)
    graph = game.graph()
    assert nx.utils.graphs_equal(nx.DiGraph(graph.edges), nx.DiGraph(best.edges))
    assert all(graph.edges[edge]["creator"] == best.edges[edge]["creator"] for edge in best.edges)
    condensed = nx.condensation(best)
    ends = [condensed.nodes[k]["members"] for k in condensed if condensed.out_degree(k) == 0]
    assert {frozenset(map(tuple, game.joint(sink).tolist())) for sink in game.sinks} == set(map(frozenset, ends))
    start = tuple(joint(np.array([seed % a**n]), n, a)[0].tolist())
    way = [tuple(each) for each in game.path(start).tolist()]
    assert way[0] == start and all(best.has_edge(*step) for step in pairwise(way))
    shortest = min(nx.shortest_path_length(best, start, c) for end in ends for c in end if nx.has_path(best, start, c))
    assert len(way) - 1 == shortest and any(way[-1] in end for end in ends)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 4), seed=st.integers(0, 10**6), whole=st.booleans())
def test_strikes_and_coalitions_against_brute_force(n, seed, whole):
    game = random_game(n, 2, seed, whole)
    paid = {c: game.payoff[int(game.number(np.array([c]))[0])] for c in product((0, 1), repeat=n)}

    def other(c, i):
        return (*c[:i], 1 - c[i], *c[i + 1 :])

    stable = [sum(c) for c in paid if sum(c) and all(not c[i] or paid[other(c, i)][i] <= paid[c][i] + 1e-9 for i in range(n))]
    assert game.stable_size(1) == (min(stable) if stable else None)
    grows = None
    for k in range(n - 1, -1, -1):
        if all(c[i] or paid[other(c, i)][i] > paid[c][i] + 1e-9 for c in paid if sum(c) == k for i in range(n)):
            grows = k / n
        else:
            break
    assert game.tipping_share(1) == grows
    state = tuple(joint(np.array([seed % 2**n]), n, 2)[0].tolist())
    gaining = set()
    for size in range(1, n + 1):
        for group in combinations(range(n), size):
            for ways in product((0, 1), repeat=size):
                c = list(state)
                for i, move in zip(group, ways, strict=True):
                    c[i] = move
                if all(paid[tuple(c)][i] > paid[state][i] + 1e-9 for i in group):
                    gaining.add(frozenset(group))
    minimal = {g for g in gaining if not any(h < g for h in gaining)}
    found = game.blocking(state)
    assert {frozenset(group) for group, _ in found} == minimal
    for group, choice in found:
        assert all(paid[choice][i] > paid[state][i] for i in group)
        assert all(choice[i] == state[i] for i in range(n) if i not in group)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_walks_find_only_equilibria_and_some_where_all_want_the_same(seed):
    rng = np.random.default_rng(seed)
    potential = rng.normal(size=2**5)
    game = JointMoves(2, np.repeat(potential[:, None], 5, axis=1), np.zeros(32))  # everyone wants the same: walks end
    found = sampled_equilibria(5, 2, payoff_of(game), starts=60, seed=seed)
    assert set(found) <= {tuple(c) for c in game.joint(game.equilibria).tolist()} and found


def test_a_walk_that_never_ends_is_given_up():
    game = bimatrix([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
    assert sampled_equilibria(2, 2, payoff_of(game), starts=3, steps=50) == []


def test_what_cannot_be_looked_at_is_refused():
    pays = public_goods()
    with pytest.raises(GameError, match="joint moves") as caught:
        JointMoves.of(21, 2, payoff_of(pays))
    assert "sampled_equilibria" in caught.value.remedy
    with pytest.raises(GameError, match="play no game"):
        JointMoves.of(0, 2, payoff_of(pays))
    with pytest.raises(GameError, match="no number"):
        JointMoves.of(2, 2, lambda c: (np.full((len(c), 2), np.nan), np.zeros(len(c))))
    big = JointMoves(2, np.zeros((2**15, 15)), np.zeros(2**15))
    with pytest.raises(GameError, match="too large to hand out"):
        big.graph()
    with pytest.raises(GameError, match="coalitions"):
        big.blocking([0] * 15)
    for wrong in ((1, 1), (2, 0), (0, -1)):
        with pytest.raises(GameError, match="two different moves"):
            pays.stable_size(*wrong)
