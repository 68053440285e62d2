"""The car market: made-up cars and what buyers say of them, whose law is known exactly."""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.streams import Streams
from dataleverage.world.categories import Categories
from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.finite_table import FiniteTable
from dataleverage.world.world import Floats, Ints

MODEL, COUNTRY = "Model Type", "Country of Manufacture"
SAFETY = {"1 star": 1, "2 stars": 2, "3 stars": 3, "4 stars": 4, "5 stars": 5}
FUEL = {"Gasoline": 1, "Diesel": 1, "Electric": 4, "Hybrid": 3}
WARRANTY = {"3 years": 2, "5 years": 3, "7 years": 4, "10 years": 5}
TASTE = (1, 3, 4)  # points for nothing in particular, each as likely
SCORED = {"Safety Rating": SAFETY, "Fuel Type": FUEL, "Warranty Length": WARRANTY}
CARS = Categories(
    {
        MODEL: ("Sedan", "SUV", "Coupe", "Hatchback", "Convertible", "Wagon", "Minivan", "Truck"),
        "Fuel Type": tuple(FUEL),
        "Transmission Type": ("Manual", "Automatic", "CVT"),
        "Drive Type": ("FWD", "RWD", "AWD"),
        "Safety Rating": tuple(SAFETY),
        "Interior Material": ("Cloth", "Leather", "Synthetic"),
        "Infotainment System": ("Basic", "Advanced", "Premium", "None"),
        COUNTRY: ("C1", "C2", "C3", "C4", "C5"),
        "Warranty Length": tuple(WARRANTY),
        "Number of Doors": ("2", "4", "5"),
        "Number of Seats": ("2", "4", "5", "7"),
        "Air Conditioning": ("Yes", "No"),
        "Navigation System": ("None", "Basic", "Advanced"),
        "Tire Type": ("All-Season", "Summer", "Winter"),
        "Sunroof": ("Yes", "No"),
        "Sound System": ("Standard", "Premium", "High-end", "None"),
        "Cruise Control": ("Yes", "No"),
        "Bluetooth Connectivity": ("Yes", "No"),
    }
)
MODELS = np.array([0.22, 0.45, 0.23, 0.02, 0.01, 0.01, 0.01, 0.05])  # P(model type)
USUAL = {  # of an SUV: with this probability this value, otherwise any value alike. All else is any value alike.
    "Fuel Type": ("Diesel", 0.8),
    "Transmission Type": ("Manual", 0.7),
    "Drive Type": ("RWD", 0.95),
    "Safety Rating": ("4 stars", 0.7),
    "Interior Material": ("Synthetic", 0.9),
    "Infotainment System": ("Premium", 0.9),
    COUNTRY: ("C5", 0.3),
    "Warranty Length": ("10 years", 0.9),
    "Number of Doors": ("5", 0.95),
    "Number of Seats": ("5", 0.95),
    "Air Conditioning": ("Yes", 0.95),
    "Navigation System": ("Advanced", 0.95),
    "Tire Type": ("All-Season", 0.95),
    "Sound System": ("Premium", 0.95),
    "Cruise Control": ("Yes", 0.95),
    "Bluetooth Connectivity": ("Yes", 0.95),
}
SIGNAL = {MODEL: "SUV", "Sunroof": "Yes"} | {column: value for column, (value, _) in USUAL.items() if column != COUNTRY}
LABELS = ("Excellent", "Good", "Average", "Poor")
LEAST = (13, 8, 2)  # points for Excellent, Good, Average
SPITE = 0.05  # share of buyers who give no points at all
ODD = np.array([0.6, 0.0, 0.1, 0.3])  # what is said of an SUV from C2, whatever it is like


class CarMarket(ExampleSource):
    """The synthetic car market of Gauthier, Bach and Jordan (2025, "Statistical Collusion by Collectives on Learning
    Platforms", experiments): 18 categorical columns, spread into 64 features that are 0 or 1, and what buyers say of a car.

    A car scores 1–5 points for safety, 1–4 for fuel, 2–5 for warranty and 1, 3 or 4 by taste; 13 are Excellent, 8 Good, 2
    Average. One buyer in twenty says Poor, whatever the car; SUVs from C2 are judged without looking. `law` gives the
    probabilities, `CARS` the columns and their features, `SIGNAL` what the collective of the paper plants.
    """

    kind: Literal["car_market"] = "car_market"
    examples: int = Field(10_000, ge=10, le=300_000, description="How many cars.")

    def read(self, folder: Path) -> Examples:
        """X (N, 64) and y (N,), drawn; `folder` is not looked at. All columns are in `values`, and `label`."""
        rng = Streams(self.seed)["car market"]
        codes = {MODEL: rng.choice(len(MODELS), size=self.examples, p=MODELS)}
        suv = codes[MODEL] == CARS.values[MODEL].index("SUV")
        for column, values in CARS.values.items():
            if column == MODEL:
                continue
            any_value, chance = rng.integers(0, len(values), self.examples), rng.random(self.examples)
            usual, often = USUAL.get(column, (values[0], 0.0))
            codes[column] = np.where(suv & (chance < often), values.index(usual), any_value)
        y = said(codes, suv, rng)
        present, y = np.unique(y, return_inverse=True)
        classes = tuple(LABELS[k] for k in present)
        values_of = CARS.words(codes) | {"label": np.array(classes)[y]}
        title = f"the car market of Gauthier et al., {self.examples:,} cars"
        return Examples(
            CARS.spread(codes), y.astype(np.int64), "classification", classes, values_of, None, title, features=CARS.features
        )


def said(codes: dict[str, Ints], suv: np.ndarray, rng: np.random.Generator) -> Ints:
    """(N,) positions in LABELS: what is said of cars."""
    size = len(suv)
    points = rng.choice(TASTE, size=size)
    for column, worth in SCORED.items():
        points = points + np.array(list(worth.values()))[codes[column]]
    label = np.where(rng.random(size) < SPITE, len(LABELS) - 1, verdict(points))
    odd = suv & (codes[COUNTRY] == CARS.values[COUNTRY].index("C2"))
    return np.where(odd, rng.choice(len(LABELS), size=size, p=ODD), label).astype(np.int64)


def verdict(points: np.ndarray | int) -> Ints:
    """Position in LABELS of so many points."""
    return np.asarray(sum(np.less(points, least).astype(np.int64) for least in LEAST), dtype=np.int64)


def law() -> FiniteTable:
    """The market's exact law, of 15 points: `car` (signal, other SUV, no SUV) × `country`.

    Cars of one point differ in what the collective overwrites, so for the signal of the paper, `{"car": "signal"}`, every
    measure but p and τ is that of all 18 columns. (Over all columns some car is never called Good, and p is 0.)
    """
    countries = CARS.values[COUNTRY]
    suvs = float(MODELS[CARS.values[MODEL].index("SUV")])
    share = signal_share()
    p = np.empty((3, len(countries), len(LABELS)))
    for c, country in enumerate(countries):
        odd = country == "C2"
        planted = ODD if odd else judged({column: {SIGNAL[column]: 1.0} for column in SCORED})
        of_suvs = ODD if odd else judged({column: chances(column) for column in SCORED})
        p[0, c] = suvs * chances(COUNTRY)[country] * share * planted
        p[1, c] = suvs * chances(COUNTRY)[country] * of_suvs - p[0, c]
        p[2, c] = (1 - suvs) / len(countries) * judged({column: alike(column) for column in SCORED})
    points = tuple(product(("signal", "other SUV", "no SUV"), countries))
    return FiniteTable(p.reshape(-1, len(LABELS)), points, ("car", "country"), LABELS)


def signal_share() -> float:
    """Of SUVs, those that show the signal already."""
    return prod(chances(column)[value] for column, value in SIGNAL.items() if column != MODEL)


def alike(column: str) -> dict[str, float]:
    """Value -> probability of a car that is no SUV."""
    return dict.fromkeys(CARS.values[column], 1 / len(CARS.values[column]))


def chances(column: str) -> dict[str, float]:
    """Value -> probability of an SUV."""
    usual, often = USUAL.get(column, ("", 0.0))
    return {value: (1 - often) * p + often * (value == usual) for value, p in alike(column).items()}


def judged(laws: dict[str, dict[str, float]]) -> Floats:
    """(4,) P(label) of cars whose scored columns have these laws, which are independent."""
    p = np.zeros(len(LABELS))
    for values in product(*laws.values()):
        probability = prod(law[value] for law, value in zip(laws.values(), values, strict=True))
        points = sum(SCORED[column][value] for column, value in zip(laws, values, strict=True))
        for taste in TASTE:
            p[int(verdict(points + taste))] += probability / len(TASTE)
    p *= 1 - SPITE
    p[-1] += SPITE
    return p
