from __future__ import annotations

import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.game.network import (
    LARGEST_LIST,
    LISTED,
    BarabasiAlbert,
    Complete,
    EdgeList,
    ErdosRenyi,
    Neighbours,
    WattsStrogatz,
    share_of_others,
)

NAMES = tuple(f"c{i}" for i in range(30))
HERE = Path()


def made(network, seed: int = 0, names=NAMES) -> Neighbours:
    return network.neighbours(names, np.random.default_rng(seed), HERE)


@given(st.lists(st.booleans(), min_size=2, max_size=20))
def test_a_share_of_others_never_counts_oneself(acting):
    expected = [sum(acting[:i] + acting[i + 1 :]) / (len(acting) - 1) for i in range(len(acting))]
    assert share_of_others(np.array(acting)).tolist() == pytest.approx(expected)
    assert Neighbours(len(acting)).share(np.array(acting)).tolist() == pytest.approx(expected)


def test_a_lone_creator_sees_nobody():
    assert share_of_others(np.array([True])).tolist() == [0.0]
    assert Neighbours(1).listed().shape == (0, 2)


@pytest.mark.parametrize("network", [WattsStrogatz(k=4, p=0.3), ErdosRenyi(p=0.15), ErdosRenyi(p=0), BarabasiAlbert(m=2)])
def test_shares_of_neighbours_counted_on_the_graph(network):
    neighbours = made(network)
    graph = neighbours.graph()
    acting = np.random.default_rng(1).random(len(NAMES)) < 0.4
    expected = [np.mean([acting[j] for j in graph[i]]) if len(graph[i]) else 0.0 for i in range(len(NAMES))]
    assert neighbours.share(acting) == pytest.approx(expected)
    assert neighbours.degree.tolist() == [graph.degree[i] for i in range(len(NAMES))]


@pytest.mark.parametrize("network", [WattsStrogatz(k=4, p=0.3), ErdosRenyi(p=0.15), BarabasiAlbert(m=2)])
def test_each_pair_is_listed_once_and_the_seed_decides(network):
    edges = made(network).edges
    assert (edges[:, 0] < edges[:, 1]).all()
    assert len(set(map(tuple, edges.tolist()))) == len(edges)
    assert np.array_equal(edges, made(network).edges)
    assert not np.array_equal(edges, made(network, seed=1).edges)


def test_watts_strogatz_without_rewiring_is_a_ring():
    graph = made(WattsStrogatz(k=4, p=0)).graph()
    assert nx.utils.graphs_equal(graph, nx.circulant_graph(len(NAMES), [1, 2]))
    assert nx.utils.graphs_equal(made(WattsStrogatz(k=5, p=0)).graph(), graph), "an odd k is rounded down"


def test_erdos_renyi_has_its_share_of_pairs():
    assert nx.utils.graphs_equal(made(ErdosRenyi(p=1)).graph(), nx.complete_graph(len(NAMES)))
    pairs = len(NAMES) * (len(NAMES) - 1) / 2
    counts = [len(made(ErdosRenyi(p=0.2), seed).edges) for seed in range(200)]
    assert np.mean(counts) == pytest.approx(0.2 * pairs, abs=4 * np.sqrt(pairs * 0.16 / 200))


def test_barabasi_albert_counts_its_links():
    neighbours = made(BarabasiAlbert(m=3))
    assert len(neighbours.edges) == 3 * (len(NAMES) - 3)
    assert neighbours.degree[3:].min() >= 3


def test_complete_sees_everyone():
    neighbours = made(Complete())
    assert neighbours.edges is None
    assert neighbours.degree.tolist() == [29.0] * 30
    assert nx.utils.graphs_equal(neighbours.graph(), nx.complete_graph(30))
    assert len(neighbours.listed()) == 30 * 29 / 2
    assert len(Neighbours(LISTED).listed()) == LISTED * (LISTED - 1) / 2
    assert len(Neighbours(LISTED + 1).listed()) == 0


@pytest.mark.parametrize(("network", "key"), [(WattsStrogatz(k=30), "network.k"), (BarabasiAlbert(m=30), "network.m")])
def test_too_many_links_for_too_few_creators(network, key):
    with pytest.raises(DataError, match="30 creators cannot") as caught:
        made(network)
    assert caught.value.place.key == key
    smaller = network.model_copy(update={key[-1]: 29})
    assert made(smaller).degree.min() >= 1


def edge_list(folder: Path, text: str, names=("ann", "bob", "cy", "dee")) -> list[list[int]]:
    (folder / "links.csv").write_text(text, encoding="utf-8")
    return EdgeList(path="links.csv").neighbours(names, np.random.default_rng(0), folder).edges.tolist()


def test_an_edge_list_by_name_and_by_number(tmp_path):
    text = "\ufeffbob, ann\n\n# who knows whom\n0,3\nann,bob\ncy,cy\n3,0\n"
    assert edge_list(tmp_path, text) == [[0, 1], [0, 3]]


def test_an_empty_edge_list_links_nobody(tmp_path):
    (tmp_path / "links.csv").write_text("\n")
    neighbours = EdgeList(path="links.csv").neighbours(("a", "b"), np.random.default_rng(0), tmp_path)
    assert neighbours.share(np.array([True, True])).tolist() == [0.0, 0.0]


def test_names_that_are_numbers_are_names(tmp_path):
    assert edge_list(tmp_path, "2,3\n", names=("1", "2", "3")) == [[1, 2]]
    assert edge_list(tmp_path, "0,3\n", names=("1", "2", "3")) == [[0, 2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ann,bob\nann,eve\n", "line 2 of links.csv names 'eve'"),
        ("ann,bob,cy\n", "line 1 of links.csv has 3 fields"),
        ("ann\n", "line 1 of links.csv has 1 fields"),
        ("ann,4\n", "names '4'"),
        ("ann,-1\n", "names '-1'"),
    ],
)
def test_a_line_that_names_no_two_creators(tmp_path, text, said):
    with pytest.raises(DataError, match=said) as caught:
        edge_list(tmp_path, text)
    assert caught.value.place.key == "network.path"


def test_an_edge_list_that_cannot_be_read(tmp_path):
    for path, said in (("missing.csv", "does not exist"), (".", "is a directory"), ("http://x/links.csv", "only local")):
        with pytest.raises(DataError, match=said) as caught:
            EdgeList(path=path).neighbours(("a", "b"), np.random.default_rng(0), tmp_path)
        assert caught.value.place.key == "network.path" and caught.value.remedy
    (tmp_path / "latin.csv").write_bytes(b"\xe9ric,bob\n")
    with pytest.raises(DataError, match="not UTF-8"):
        EdgeList(path="latin.csv").neighbours(("a", "b"), np.random.default_rng(0), tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_an_edge_list_is_a_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", "pipe"):
        with pytest.raises(DataError, match="no regular file"):
            EdgeList(path=path).neighbours(("a", "b"), np.random.default_rng(0), tmp_path)


def test_an_edge_list_has_an_end(tmp_path):
    with (tmp_path / "links.csv").open("wb") as stream:
        stream.truncate(LARGEST_LIST + 1)
    with pytest.raises(DataError, match="larger than 64 MB"):
        EdgeList(path="links.csv").neighbours(("a", "b"), np.random.default_rng(0), tmp_path)


@pytest.mark.parametrize("path", ["~nobody-of-this-name/x", "a\0b", "x" * 300])
def test_edge_lists_that_no_file_can_be_are_refused(path):
    with pytest.raises(ValidationError, match="path"):
        EdgeList(path=path)


@pytest.mark.parametrize(
    ("network", "key"),
    [(WattsStrogatz(k=50), "network.k"), (BarabasiAlbert(m=25), "network.m"), (ErdosRenyi(p=0.5), "network.p")],
)
def test_more_links_than_memory_holds_are_refused_before_they_are_made(network, key):
    names = [str(i) for i in range(100_000)]
    for attempt in (lambda: network.check(names, Path()), lambda: network.neighbours(names, np.random.default_rng(0), Path())):
        with pytest.raises(DataError, match="100,000 creators would have about") as caught:
            attempt()
        assert caught.value.place.key == key and "40 a creator" in caught.value.remedy
