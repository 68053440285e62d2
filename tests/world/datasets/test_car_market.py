from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from dataleverage.world.datasets.car_market import CARS, COUNTRY, LABELS, MODEL, SIGNAL, CarMarket, law

SIZE = 300_000


@pytest.fixture(scope="module")
def cars():
    return CarMarket(examples=SIZE).read(Path())


def test_the_published_numbers():
    table = law()
    country = np.array([x[1] for x in table.points])
    suv = np.array([x[0] != "no SUV" for x in table.points])
    for name, share, among_suvs in [("C1", 0.173, 0.14), ("C2", 0.173, 0.14), ("C3", 0.173, 0.14), ("C5", 0.308, 0.44)]:
        assert table.p_x[country == name].sum() == pytest.approx(share, abs=1e-12)
        assert table.p_x[(country == name) & suv].sum() / 0.45 == pytest.approx(among_suvs, abs=1e-12)
    assert table.p_x[suv].sum() == pytest.approx(0.45)
    signal = [x[0] == "signal" for x in table.points]
    assert table.p_x[signal].sum() == pytest.approx(0.0696222, abs=5e-8)
    assert dict(zip(table.labels, table.conditional[table.point("signal", "C2")], strict=True)) == pytest.approx(
        {"Excellent": 0.6, "Good": 0, "Average": 0.1, "Poor": 0.3}
    )
    for name in ("C1", "C3", "C4", "C5"):
        assert table.conditional[table.point("signal", name)] == pytest.approx([0.63333, 0.31667, 0, 0.05], abs=5e-6)


def test_cars_follow_the_law(cars):
    table = law()
    signal = np.all([cars.values[column] == value for column, value in SIGNAL.items()], axis=0)
    suv = cars.values[MODEL] == "SUV"
    kind = np.where(signal, "signal", np.where(suv, "other SUV", "no SUV"))
    counts = [
        [((kind == x[0]) & (cars.values[COUNTRY] == x[1]) & (cars.values["label"] == label)).sum() for label in LABELS]
        for x in table.points
    ]
    expected = table.p * SIZE
    possible = expected > 1e-9
    assert not np.array(counts)[~possible].any()
    assert chisquare(np.array(counts)[possible], expected[possible], sum_check=False).pvalue > 1e-3


def test_a_car_is_judged_by_its_points(cars):
    """Least and most points that taste leaves open, against what is said; SUVs from C2 and one buyer in twenty apart."""
    worth = {
        "Safety Rating": {"1 star": 1, "2 stars": 2, "3 stars": 3, "4 stars": 4, "5 stars": 5},
        "Fuel Type": {"Gasoline": 1, "Diesel": 1, "Hybrid": 3, "Electric": 4},
        "Warranty Length": {"3 years": 2, "5 years": 3, "7 years": 4, "10 years": 5},
    }
    points = sum(np.vectorize(values.get)(cars.values[column]) for column, values in worth.items())
    usual = (cars.values["label"] != "Poor") & ~((cars.values[MODEL] == "SUV") & (cars.values[COUNTRY] == "C2"))
    for said, low, high in (("Excellent", 13, 99), ("Good", 8, 12), ("Average", 2, 7)):
        here = usual & (cars.values["label"] == said)
        assert here.any() and (points[here] + 4 >= low).all() and (points[here] + 1 <= high).all()
    elsewhere = ~((cars.values[MODEL] == "SUV") & (cars.values[COUNTRY] == "C2"))
    assert (cars.values["label"][elsewhere] == "Poor").mean() == pytest.approx(0.05, abs=0.003)


def test_features_are_the_columns_spread(cars):
    assert cars.X.shape == (SIZE, 64) and len(CARS.values) == 18 and set(cars.values) == {*CARS.values, "label"}
    for j, name in enumerate(CARS.names):
        column, value = name.split("=")
        assert ((cars.values[column] == value) == cars.X[:, j]).all()
    assert (cars.X.sum(axis=1) == 18).all()
    assert [cars.classes[k] for k in cars.y[:100]] == cars.values["label"][:100].tolist()


def test_another_seed_is_another_market():
    one, same, other = (CarMarket(examples=500, seed=seed).world(Path()).fingerprint for seed in (0, 0, 1))
    assert one == same != other
