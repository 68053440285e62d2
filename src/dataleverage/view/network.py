"""The network as drawn: where each creator stands, and which ties are worth a line."""

from __future__ import annotations

import math
from typing import Any

MOST_LAID_OUT = 300  # creators: more stand in a grid
MOST_TIES = 1500  # drawn
MOST_IN_RING = 60  # creators: a larger ring is left to the springs


def network(creators: list[str], edges: list[tuple[str, str]]) -> dict[str, Any]:
    """Positions in the unit square, the ties drawn (pairs of positions in the list) and what is said of the rest.

    layout : `spring`, `circle` or `grid`.
    ties : `drawn`, `everyone` (each sees all others), `none`, or `many` (too many to draw).
    """
    place = {name: i for i, name in enumerate(creators)}
    pairs = sorted({(place[a], place[b]) for a, b in edges if a in place and b in place and a != b})
    undirected = {(min(a, b), max(a, b)) for a, b in pairs}
    n = len(creators)
    complete = n > 2 and len(undirected) == n * (n - 1) // 2
    ties = "none" if not undirected else "everyone" if complete else "many" if len(undirected) > MOST_TIES else "drawn"
    if n > MOST_LAID_OUT:
        layout, points = "grid", grid(n)
    elif complete or not undirected:
        layout, points = ("circle", circle(n)) if n <= 40 else ("grid", grid(n))
    elif ring(n, undirected):
        layout, points = "circle", circle(n)
    else:
        layout, points = "spring", spring(n, sorted(undirected))
    drawn = layout != "grid" and (ties == "drawn" or (ties == "everyone" and n <= 24))
    return {
        "layout": layout,
        "ties": ties if ties != "drawn" or drawn else "many",
        "x": [round(x, 3) for x, _ in points],
        "y": [round(y, 3) for _, y in points],
        "edges": [list(pair) for pair in sorted(undirected)] if drawn else [],
    }


def ring(n: int, edges: set[tuple[int, int]]) -> bool:
    """Whether each creator sees just those a few places beside it, the same for all."""
    steps = {min(b - a, n - b + a) for a, b in edges}
    whole = sum(n // 2 if 2 * step == n else n for step in steps)
    return n <= MOST_IN_RING and len(edges) == whole and max(steps) <= max(1, n // 4)


def circle(n: int) -> list[tuple[float, float]]:
    """On a circle, the first at the top, clockwise; one alone stands in the middle."""
    if n == 1:
        return [(0.5, 0.5)]
    turns = [2 * math.pi * i / n for i in range(n)]
    return [(0.5 + 0.5 * math.sin(t), 0.5 - 0.5 * math.cos(t)) for t in turns]


def grid(n: int) -> list[tuple[float, float]]:
    """Line by line, about three wide for two high."""
    across = max(1, math.ceil(math.sqrt(1.5 * n)))
    down = max(1, math.ceil(n / across))
    return [((i % across + 0.5) / across, (i // across + 0.5) / down) for i in range(n)]


def spring(n: int, edges: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Ties pull, creators push (Fruchterman and Reingold 1991), from a circle, the same every time."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(edges)
    start = {i: (x - 0.5, y - 0.5) for i, (x, y) in enumerate(circle(n))}
    found = nx.spring_layout(graph, pos=start, k=1.6 / math.sqrt(n), iterations=120 if n <= 120 else 50, seed=1)
    xs, ys = ([float(found[i][axis]) for i in range(n)] for axis in (0, 1))
    return list(zip(spread(xs), spread(ys), strict=True))


def spread(values: list[float]) -> list[float]:
    """Stretched over 0 … 1."""
    low, high = min(values), max(values)
    return [0.5 if high - low < 1e-9 else (v - low) / (high - low) for v in values]
