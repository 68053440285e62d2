"""Equilibria: the game read as a whole, over all joint moves of its creators from one state.

A joint move is one move of the menu for each creator. Where there are few enough of them, everything a creator could gain by
moving alone is known, and with it where best responses lead, what equilibria there are, and who would gain by leaving together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dataleverage.errors import GameError
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Ints, Mask

if TYPE_CHECKING:
    import networkx as nx

TIE = 1e-9  # payoffs this close are equal
MOST = 2**20  # joint moves that are enumerated
DRAWN = 2**14  # joint moves in a graph of networkx
COALITIONS = 2**22  # deviations of coalitions that are looked at

Payoff = Callable[[Ints], tuple[Floats, Floats]]
"""(B, N) joint moves, as positions in the menu -> (B, N) what each creator gets, and (B,) what all operators get together."""


@dataclass(frozen=True, eq=False)
class JointMoves:
    """All joint moves of N creators with A moves each, and what they pay.

    moves : A. payoff : (A**N, N) of the creators. operators : (A**N,) of all operators together.
    Joint move m has creator i make move `m // A**i % A`.
    """

    moves: int
    payoff: Floats
    operators: Floats

    @classmethod
    def of(cls, creators: int, moves: int, payoff: Payoff, *, together: int = 4096) -> JointMoves:
        """Ask for the payoffs of every joint move. Raises GameError where there are more than 2**20 of them."""
        if creators < 1 or moves < 1:
            raise GameError(f"{creators} creators with {moves} moves play no game")
        count = int(moves) ** int(creators)
        if count > MOST:
            raise GameError(
                f"{creators} creators with {moves} moves each have {count:.3g} joint moves; {MOST:,} can be looked at",
                remedy="Let fewer creators move, or consider fewer moves; `sampled_equilibria` follows best responses beyond.",
            )
        paid, operators = np.empty((count, creators)), np.empty(count)
        for start in range(0, count, together):
            part = np.arange(start, min(start + together, count))
            paid[part], operators[part] = payoff(joint(part, creators, moves))
        if not (np.isfinite(paid).all() and np.isfinite(operators).all()):
            raise GameError("some joint moves pay what is no number, so they cannot be compared")
        return cls(moves, paid, operators)

    @property
    def creators(self) -> int:
        return int(self.payoff.shape[1])

    def joint(self, which: Ints) -> Ints:
        """(B,) numbers of joint moves -> (B, N) positions in the menu."""
        return joint(which, self.creators, self.moves)

    def number(self, choice: Ints) -> Ints:
        """(B, N) positions in the menu -> (B,) numbers of joint moves."""
        return choice @ self.moves ** np.arange(self.creators)

    def alone(self, i: int) -> Floats:
        """(A**i', A, A**i): the payoff of creator i, its own move in the middle."""
        return self.payoff[:, i].reshape(-1, self.moves, self.moves**i)

    @cached_property
    def best(self) -> Floats:
        """(A**N, N) the most that each creator could get by moving alone."""
        found = np.empty_like(self.payoff)
        for i in range(self.creators):
            own = self.alone(i)
            found[:, i] = np.broadcast_to(own.max(axis=1, keepdims=True), own.shape).reshape(-1)
        return found

    @cached_property
    def regret(self) -> Floats:
        """(A**N, N) what each creator would gain by its best response."""
        return self.best - self.payoff

    @cached_property
    def equilibria(self) -> Ints:
        """(E,) the joint moves in which nobody gains by moving alone: pure Nash equilibria (Nash 1951)."""
        return np.flatnonzero((self.regret <= TIE).all(axis=1))

    @cached_property
    def dominant(self) -> list[list[int]]:
        """For each creator, the moves that are best whatever the others do."""
        return [
            np.flatnonzero((self.alone(i).max(axis=1, keepdims=True) - self.alone(i) <= TIE).all(axis=(0, 2))).tolist()
            for i in range(self.creators)
        ]

    @cached_property
    def arrows(self) -> Any:
        """The best-response graph as a sparse matrix: an entry (from, to) where a creator moves to a best response that gains.

        Its value is 1 + that creator's position.
        """
        from scipy.sparse import coo_array, csr_array

        sources, targets, who = [], [], []
        for i in range(self.creators):
            own = self.alone(i)
            best = own >= own.max(axis=1, keepdims=True) - TIE
            place = np.arange(len(self.payoff)).reshape(own.shape)
            for move in range(self.moves):
                gains = best[:, [move]] & (own < own[:, [move]] - TIE)
                sources.append(place[gains])
                targets.append(np.broadcast_to(place[:, [move]], place.shape)[gains])
                who.append(np.full(len(sources[-1]), i + 1))
        shape = (len(self.payoff), len(self.payoff))
        entries = (np.concatenate(who), (np.concatenate(sources), np.concatenate(targets)))
        return csr_array(coo_array(entries, shape=shape))

    @cached_property
    def sinks(self) -> list[Ints]:
        """The sets of joint moves that best responses never leave, the largest last; an equilibrium is a set of one."""
        from scipy.sparse.csgraph import connected_components

        count, component = connected_components(self.arrows, directed=True, connection="strong")
        where = self.arrows.tocoo()
        leaving = np.zeros(count, dtype=bool)
        across = component[where.row] != component[where.col]
        leaving[component[where.row[across]]] = True
        members = np.argsort(component, kind="stable")
        ends = np.searchsorted(component[members], np.arange(count + 1))
        found = [members[ends[c] : ends[c + 1]].astype(np.int64) for c in np.flatnonzero(~leaving)]
        return sorted(found, key=lambda each: (len(each), int(each[0])))

    def path(self, start: Sequence[int]) -> Ints:
        """(S + 1, N) a shortest way by single best responses from a joint move (N,) into a sink; itself where it is in one."""
        from scipy.sparse.csgraph import breadth_first_order

        begin = int(self.number(np.asarray(start, dtype=np.int64)[None, :])[0])
        order, before = breadth_first_order(self.arrows, begin, directed=True)
        sunk = np.zeros(len(self.payoff), dtype=bool)
        sunk[np.concatenate(self.sinks)] = True
        at = int(order[np.flatnonzero(sunk[order])[0]])
        way = [at]
        while at != begin:
            at = int(before[at])
            way.append(at)
        return self.joint(np.array(way[::-1]))

    def graph(self) -> nx.DiGraph:
        """The best-response graph: nodes are joint moves as tuples, an edge's `creator` is who moves along it.

        Nodes carry `payoffs`, `welfare`, `equilibrium` and `sink`. Raises GameError beyond 16,384 joint moves.
        """
        import networkx as nx

        if len(self.payoff) > DRAWN:
            raise GameError(
                f"a graph of {len(self.payoff):,} joint moves is too large to hand out", remedy="Use `arrows`, a sparse matrix."
            )
        names = [tuple(each) for each in self.joint(np.arange(len(self.payoff))).tolist()]
        stays, sunk = set(self.equilibria.tolist()), {int(m) for sink in self.sinks for m in sink}
        graph = nx.DiGraph()
        for m, name in enumerate(names):
            facts = {"payoffs": tuple(self.payoff[m].tolist()), "welfare": float(self.welfare[m])}
            graph.add_node(name, **facts, equilibrium=m in stays, sink=m in sunk)
        where = self.arrows.tocoo()
        for source, target, who in zip(where.row.tolist(), where.col.tolist(), where.data.tolist(), strict=True):
            graph.add_edge(names[source], names[target], creator=who - 1)
        return graph

    # ------------------------------------------------------------------ welfare

    @cached_property
    def welfare(self) -> Floats:
        """(A**N,) what all creators and operators get together."""
        return np.asarray(self.payoff.sum(axis=1) + self.operators)

    def price_of_anarchy(self) -> tuple[float, bool]:
        """What selfishness costs (Koutsoupias & Papadimitriou 1999): the best welfare over that of the worst equilibrium.

        Returns the ratio and True, or, where a ratio says nothing because the worst equilibrium's welfare is not positive, the
        difference and False. NaN where there is no pure equilibrium.
        """
        return self._price(min)

    def price_of_stability(self) -> tuple[float, bool]:
        """The same with the best equilibrium (Anshelevich et al. 2008)."""
        return self._price(max)

    def _price(self, pick: Callable[[list[float]], float]) -> tuple[float, bool]:
        if not len(self.equilibria):
            return float("nan"), True
        best, reached = float(self.welfare.max()), pick(self.welfare[self.equilibria].tolist())
        return (best / reached, True) if reached > TIE else (best - reached, False)

    # ------------------------------------------------------------------ groups

    def blocking(self, state: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """The coalitions that gain by moving together from a joint move (N,), every member more than a tie.

        Returns the smallest such coalitions, each with the joint move that pays them most together; none means that the state
        is a strong equilibrium (Aumann 1959). Raises GameError where there are more than 2**22 deviations to look at.
        """
        from itertools import combinations

        now = np.asarray(state, dtype=np.int64)
        if (self.moves + 1) ** self.creators > COALITIONS:
            raise GameError(f"{self.creators} creators form too many coalitions to look at", remedy="Let fewer move.")
        base = self.payoff[int(self.number(now[None, :])[0])]
        found: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        for size in range(1, self.creators + 1):
            for group in combinations(range(self.creators), size):
                if any(set(smaller) <= set(group) for smaller, _ in found):
                    continue
                ways = joint(np.arange(self.moves**size), size, self.moves)
                choice = np.repeat(now[None, :], len(ways), axis=0)
                choice[:, list(group)] = ways
                gain = self.payoff[self.number(choice)][:, list(group)] - base[list(group)]
                better = np.flatnonzero((gain > TIE).all(axis=1))
                if len(better):
                    best = better[int(np.argmax(gain[better].sum(axis=1)))]
                    found.append((group, tuple(choice[best].tolist())))
        return found

    def stable_size(self, move: int, otherwise: int = 0) -> int | None:
        """The smallest strike that nobody wants to leave: creators that make `move` while the others make `otherwise`.

        Internal stability (d'Aspremont et al. 1983): no member gains by going back to `otherwise` alone. None where there is no
        such strike.
        """
        numbers, acting = self.strikes(move, otherwise)
        leave = np.zeros(acting.shape)
        for i in range(self.creators):
            back = numbers + (otherwise - move) * self.moves**i
            leave[:, i] = np.where(acting[:, i], self.payoff[back * acting[:, i], i] - self.payoff[numbers, i], -np.inf)
        stable = (leave <= TIE).all(axis=1) & acting.any(axis=1)
        return int(acting[stable].sum(axis=1).min()) if stable.any() else None

    def tipping_share(self, move: int, otherwise: int = 0) -> float | None:
        """The share of creators from which on participation grows by itself.

        The least k/N such that whoever of the others is asked, in any strike of k or more that is not everyone, gains by
        joining: from there best responses lead to all. None where some strike is never joined by somebody.
        """
        numbers, acting = self.strikes(move, otherwise)
        size = acting.sum(axis=1)
        refused = -1
        for i in range(self.creators):
            outside = np.flatnonzero(~acting[:, i])
            joined = numbers[outside] + (move - otherwise) * self.moves**i
            gain = self.payoff[joined, i] - self.payoff[numbers[outside], i]
            if (gain <= TIE).any():
                refused = max(refused, int(size[outside][gain <= TIE].max()))
        return None if refused == self.creators - 1 else (refused + 1) / self.creators

    def strikes(self, move: int, otherwise: int) -> tuple[Ints, Mask]:
        """(2**N,) the joint moves of every strike, and (2**N, N) who is in it."""
        if move == otherwise or not (0 <= move < self.moves and 0 <= otherwise < self.moves):
            raise GameError(f"a strike needs two different moves of the menu, not {move} and {otherwise}")
        acting = joint(np.arange(2**self.creators), self.creators, 2) > 0
        return self.number(np.where(acting, move, otherwise)), acting


def joint(which: Ints, creators: int, moves: int) -> Ints:
    """(B,) numbers -> (B, N) positions in the menu."""
    return np.asarray(which, dtype=np.int64)[:, None] // moves ** np.arange(creators) % moves


def sampled_equilibria(
    creators: int, moves: int, payoff: Payoff, *, starts: int = 20, steps: int = 1000, seed: int = 0
) -> list[tuple[int, ...]]:
    """Pure equilibria that best responses lead to from random joint moves, for games too large to enumerate.

    Each walk lets one creator after the other, in random order, make its best response until nobody gains; after `steps` single
    moves it is given up. What is found is an equilibrium; what is not found may be there all the same. Returns the different
    ones, in order of discovery.
    """
    rng = Streams(seed)["equilibria"]
    found: dict[tuple[int, ...], None] = {}
    for _ in range(starts):
        choice = rng.integers(0, moves, creators)
        content, moved = 0, 0
        order: list[int] = []
        while content < creators and moved < steps:
            if not order:
                order = rng.permutation(creators).tolist()
            i = order.pop()
            asked = np.repeat(choice[None, :], moves, axis=0)
            asked[:, i] = np.arange(moves)
            own = payoff(asked)[0][:, i]
            if own.max() > own[choice[i]] + TIE:
                choice[i], content, moved = int(np.argmax(own)), 0, moved + 1
                order = []
            else:
                content += 1
        if content >= creators and is_equilibrium(choice, moves, payoff):
            found.setdefault(tuple(choice.tolist()))
    return list(found)


def is_equilibrium(choice: Ints, moves: int, payoff: Payoff) -> bool:
    """Whether nobody gains by moving alone from a joint move (N,)."""
    asked = np.repeat(choice[None, :], len(choice) * moves, axis=0)
    who = np.repeat(np.arange(len(choice)), moves)
    asked[np.arange(len(asked)), who] = np.tile(np.arange(moves), len(choice))
    own = payoff(asked)[0][np.arange(len(asked)), who].reshape(len(choice), moves)
    return bool((own.max(axis=1) <= own[np.arange(len(choice)), choice] + TIE).all())
