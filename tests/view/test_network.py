import pytest

from dataleverage.view.network import network


@pytest.mark.parametrize(
    ("n", "edges", "layout", "ties"),
    [
        (1, [], "circle", "none"),
        (5, [(i, j) for i in range(5) for j in range(i)], "circle", "everyone"),
        (12, [(i, (i + 1) % 12) for i in range(12)], "circle", "drawn"),
        (30, [(i, (i + d) % 30) for i in range(30) for d in (1, 2)], "circle", "drawn"),
        (12, [(i, (i + 1) % 12) for i in range(11)], "spring", "drawn"),
        (100, [], "grid", "none"),
        (120, [(i, j) for i in range(120) for j in range(i)], "grid", "everyone"),
        (500, [(i, (i + 1) % 500) for i in range(500)], "grid", "many"),
    ],
)
def test_everyone_has_a_place_of_its_own(n, edges, layout, ties):
    names = [f"c{i}" for i in range(n)]
    made = network(names, [(names[a], names[b]) for a, b in edges])
    assert (made["layout"], made["ties"]) == (layout, ties)
    places = list(zip(made["x"], made["y"], strict=True))
    assert len(set(places)) == n
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in places)
    assert made["edges"] == [] or ties in ("drawn", "everyone")
    assert made == network(names, [(names[b], names[a]) for a, b in reversed(edges)])


def test_ties_both_ways_are_one_line():
    assert network(["a", "b", "c"], [("a", "b"), ("b", "a")])["edges"] == [[0, 1]]
