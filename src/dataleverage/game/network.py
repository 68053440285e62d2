"""Who sees whom: networks of creators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Kind
from dataleverage.streams import Streams
from dataleverage.world.local_file import LocalPath, content

if TYPE_CHECKING:
    import networkx as nx

Edges = NDArray[np.int64]
SMALL = 128  # creators up to whom a matrix is held in full
LARGEST_LIST = 64 * 2**20  # bytes of an edge list: some millions of links
MOST_LINKS = 2_000_000  # of a drawn network: networkx takes about 500 bytes for each
LISTED = 200  # a complete network of more creators is not written out pair by pair


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Who sees whom among `count` creators.

    edges : (E, 2) pairs, each once; None means that everyone sees everyone.
    """

    count: int
    edges: Edges | None = None

    @cached_property
    def matrix(self) -> Any:
        """The adjacency as a scipy CSR matrix; not made for a complete network."""
        from scipy.sparse import coo_array

        assert self.edges is not None
        a, b = self.edges.T
        ones = np.ones(2 * len(a))
        return coo_array((ones, (np.r_[a, b], np.r_[b, a])), shape=(self.count, self.count)).tocsr()

    @cached_property
    def dense(self) -> NDArray[np.float64]:
        """(N, N) the same in full, which is quicker where there are few."""
        return np.asarray(self.matrix.toarray(), dtype=np.float64)

    @cached_property
    def at_least_one(self) -> NDArray[np.float64]:
        """(N,) the degree, or 1 where a creator sees nobody."""
        return np.maximum(self.degree, 1)

    @cached_property
    def degree(self) -> NDArray[np.float64]:
        """(N,) how many others each creator sees."""
        if self.edges is None:
            return np.full(self.count, float(self.count - 1))
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64).ravel()

    def share(self, acting: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(N,) the share of those whom each creator sees that act, never counting itself; 0 where it sees nobody."""
        if self.edges is None:
            return share_of_others(acting)
        seen: NDArray[np.float64] = (self.dense if self.count <= SMALL else self.matrix) @ acting.astype(np.float64)
        return seen / self.at_least_one

    def pick(self, who: NDArray[np.int64], draws: NDArray[np.float64]) -> NDArray[np.int64]:
        """(m,) a neighbour of each of `who` (m,), all as likely, by numbers even on [0, 1); -1 for who sees nobody."""
        at = (draws * self.degree[who]).astype(np.int64)
        if self.edges is None:
            return at + (at >= who) if self.count > 1 else np.full(len(who), -1, dtype=np.int64)
        found = np.full(len(who), -1, dtype=np.int64)
        sees = self.degree[who] > 0
        found[sees] = self._sorted[self.matrix.indptr[who[sees]] + at[sees]]
        return found

    @cached_property
    def _sorted(self) -> NDArray[np.int64]:
        """The neighbours of everyone, one after the other, each one's from the first."""
        return np.asarray(self.matrix.sorted_indices().indices, dtype=np.int64)

    def listed(self) -> Edges:
        """(E, 2) the pairs to write down: all of them, but none of a large complete network."""
        if self.edges is not None:
            return self.edges
        if self.count > LISTED:
            return np.empty((0, 2), dtype=np.int64)
        return np.stack(np.triu_indices(self.count, 1), axis=1).astype(np.int64)

    def graph(self) -> nx.Graph:
        """The network as a networkx graph of creators' positions."""
        import networkx as nx

        if self.edges is None:
            return nx.complete_graph(self.count)
        graph = nx.empty_graph(self.count)
        graph.add_edges_from(self.edges.tolist())
        return graph


def share_of_others(acting: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) the share of everyone but oneself that acts."""
    others: NDArray[np.float64] = (acting.sum() - acting) / max(len(acting) - 1, 1)
    return others


class Network(Kind, family="network", package="dataleverage.game.network"):
    """Base of every network."""

    @abstractmethod
    def neighbours(self, names: Sequence[str], rng: np.random.Generator, folder: Path) -> Neighbours:
        """Who sees whom among the named creators. Raises DataError as `check` does."""

    def check(self, names: Sequence[str], folder: Path) -> None:
        """Raise DataError where the network cannot be made for these creators."""
        self.neighbours(names, Streams(0)["network"], folder)


class Complete(Network):
    """Everyone sees everyone."""

    kind: Literal["complete"] = "complete"

    def neighbours(self, names: Sequence[str], rng: np.random.Generator, folder: Path) -> Neighbours:
        return Neighbours(len(names))


class WattsStrogatz(Network):
    """A small world: a ring of k neighbours with each link rewired with probability p (Watts & Strogatz 1998)."""

    kind: Literal["watts_strogatz"] = "watts_strogatz"
    k: int = Field(4, ge=2, description="Neighbours in the ring; an odd one is rounded down.")
    p: float = Field(0.1, ge=0, le=1, description="Probability that a link is rewired.")

    def check(self, names: Sequence[str], folder: Path) -> None:
        if self.k >= len(names):
            raise DataError(
                f"{len(names)} creators cannot have {self.k} neighbours each",
                key="network.k",
                remedy=f"Ask for at most {max(len(names) - 1, 0)}.",
            )
        check_links(len(names), len(names) * self.k / 2, "network.k")

    def neighbours(self, names: Sequence[str], rng: np.random.Generator, folder: Path) -> Neighbours:
        import networkx as nx

        self.check(names, folder)
        return of_graph(nx.watts_strogatz_graph(len(names), self.k, self.p, seed=rng))


class ErdosRenyi(Network):
    """Every pair is linked with probability p (Erdős & Rényi 1959, Gilbert 1959)."""

    kind: Literal["erdos_renyi"] = "erdos_renyi"
    p: float = Field(ge=0, le=1, description="Probability of a link.")

    def check(self, names: Sequence[str], folder: Path) -> None:
        check_links(len(names), self.p * len(names) * (len(names) - 1) / 2, "network.p")

    def neighbours(self, names: Sequence[str], rng: np.random.Generator, folder: Path) -> Neighbours:
        import networkx as nx

        self.check(names, folder)
        return of_graph(nx.fast_gnp_random_graph(len(names), self.p, seed=rng))


class BarabasiAlbert(Network):
    """Preferential attachment: each newcomer links to m others, rather to those with many (Barabási & Albert 1999)."""

    kind: Literal["barabasi_albert"] = "barabasi_albert"
    m: int = Field(2, ge=1, description="Links that each newcomer makes.")

    def check(self, names: Sequence[str], folder: Path) -> None:
        if self.m >= len(names):
            raise DataError(
                f"{len(names)} creators cannot make {self.m} links each",
                key="network.m",
                remedy=f"Ask for at most {max(len(names) - 1, 0)}.",
            )
        check_links(len(names), len(names) * self.m, "network.m")

    def neighbours(self, names: Sequence[str], rng: np.random.Generator, folder: Path) -> Neighbours:
        import networkx as nx

        self.check(names, folder)
        return of_graph(nx.barabasi_albert_graph(len(names), self.m, seed=rng))


class EdgeList(Network):
    """Links from a file: two creators a line with a comma between them, by name or else by number from 0; no header."""

    kind: Literal["edges"] = "edges"
    path: LocalPath = Field(description="The file; a relative path starts at the scenario's folder.")

    def neighbours(self, names: Sequence[str], rng: np.random.Generator, folder: Path) -> Neighbours:
        lines = content(folder, self.path, "network.path", LARGEST_LIST).splitlines()
        number = {str(i): i for i in range(len(names))} | {name: i for i, name in enumerate(names)}
        pairs = set()
        for at, line in enumerate(lines, start=1):
            ends = [end.strip() for end in line.split(",")]
            if ends == [""] or line.lstrip().startswith("#"):
                continue
            if len(ends) != 2 or not all(end in number for end in ends):
                unknown = next((end for end in ends if end not in number), line)
                raise DataError(
                    f"line {at} of {self.path} names {unknown!r}, which is no creator"
                    if len(ends) == 2
                    else f"line {at} of {self.path} has {len(ends)} fields; expected two creators",
                    key="network.path",
                    remedy=f"Creators are {', '.join(names[:8])}{' …' if len(names) > 8 else ''}, or numbers from 0.",
                )
            a, b = sorted(number[end] for end in ends)
            if a != b:
                pairs.add((a, b))
        return Neighbours(len(names), np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2))


def check_links(count: int, links: float, key: str) -> None:
    """Raise DataError for more links than a drawn network can have in memory."""
    if links > MOST_LINKS:
        raise DataError(
            f"{count:,} creators would have about {links:,.0f} links; {MOST_LINKS:,} are the most",
            key=key,
            remedy=f"Ask for at most {2 * MOST_LINKS // count:,} a creator, or for the complete network, which needs no list.",
        )


def of_graph(graph: nx.Graph) -> Neighbours:
    """Neighbours from a networkx graph on 0 … N−1."""
    pairs = np.array([(a, b) for a, others in graph.adjacency() for b in others if a < b], dtype=np.int64).reshape(-1, 2)
    return Neighbours(len(graph), pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])
