from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from dataleverage.measure.signal import FiniteTable, Signal
from dataleverage.world.datasets.car_market import law


@st.composite
def instance(draw, idempotent=False):
    """Counts of points and labels in small whole numbers, so that ties are common and arithmetic can be exact; g; y*.

    Sizes are hypothesis', which it shrinks; what fills them is drawn from a seed, which is twenty times as fast.
    """
    points, labels, largest, seed = draw(
        st.tuples(st.integers(1, 5), st.integers(2, 4), st.integers(1, 6), st.integers(0, 2**32))
    )
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, largest + 1, (points, labels)) * (rng.random((points, 1)) < 0.8)
    counts[int(rng.integers(points)), int(rng.integers(labels))] += 1
    g = rng.integers(0, points, points)
    if idempotent:
        here = np.flatnonzero(counts.sum(axis=1))
        fixed = here[rng.random(len(here)) < 0.5] if len(here) > 1 else here
        fixed = fixed if len(fixed) else here[:1]
        g = np.where(np.isin(np.arange(points), fixed), np.arange(points), fixed[g % len(fixed)])
    return counts.tolist(), g.tolist(), int(rng.integers(labels))


def exact(counts, g, target, alpha, tactic, epsilon=Fraction(0)):
    """Success against the worst firm, from the definitions and in fractions."""
    total, points, labels = sum(map(sum, counts)), range(len(counts)), range(len(counts[0]))
    honest = {(x, y): Fraction(counts[x][y], total) for x in points for y in labels}
    firms = {key: (1 - alpha) * value for key, value in honest.items()}
    for (x, y), value in honest.items():
        if tactic == "erase":
            handed_in = (x, max(labels, key=lambda k: honest[g[x], k]))
        elif tactic == "feature_label" or y == target:
            handed_in = (g[x], target)
        else:
            handed_in = (x, y)
        firms[handed_in] += alpha * value
    may = {}
    for x in points:
        mass = sum(firms[x, y] for y in labels)
        best = max(firms[x, y] for y in labels)
        may[x] = {y for y in labels if best - firms[x, y] <= epsilon / (1 - epsilon) * mass}
    success = Fraction(0)
    for x in points:
        if tactic == "erase":
            sure = x == g[x] or (may[x] == may[g[x]] and len(may[x]) == 1)
        else:
            sure = may[g[x]] == {target}
        success += sure * sum(honest[x, y] for y in labels)
    return success


@pytest.fixture(scope="session")
def instances():
    return instance


@pytest.fixture(scope="session")
def exact_success():
    return exact


@pytest.fixture(scope="session")
def signal_of():
    def build(counts, g, target):
        table = FiniteTable(np.array(counts) / np.sum(counts))
        return Signal(table, g, table.labels[target])

    return build


@pytest.fixture(scope="session")
def car_market():
    """Label -> the signal of Gauthier et al. with this label as its target."""
    return lambda label: Signal(law(), {"car": "signal"}, label)
