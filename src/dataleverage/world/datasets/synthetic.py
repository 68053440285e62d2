"""Made-up examples: Gaussian blobs, one a class, whose difficulty is known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.world import MOST_OWNERS, Floats, object_names

MOST_EXAMPLES = 10**6
MOST_NUMBERS = 2 * 10**7  # examples × features: 160 MB


class SyntheticData(ExampleSource):
    """Gaussian blobs: a class each, with deviation 1 in every feature, and every two centres equally far apart.

    With s the `separation`, two classes and no noise, no learner is right more often than Φ(s / 2), the normal distribution
    function; with noise q and K classes the best accuracy b becomes (1 − q) b + q / K. Centres, examples, noise and owners
    come from streams of their own of the world's seed: more noise moves no example, more separation moves no label.
    """

    kind: Literal["synthetic"] = "synthetic"
    examples: int = Field(1000, ge=2, le=MOST_EXAMPLES, description="How many examples, in equal numbers of each class.")
    features: int = Field(10, ge=1, le=10_000, description="How many features.")
    classes: int = Field(2, ge=2, le=1000, description="How many classes, at most one more than features.")
    separation: float = Field(
        2.0, ge=0, le=1e6, description="Distance between any two class centres, in standard deviations of a class."
    )
    noise: float = Field(0.0, ge=0, le=1, description="Share of labels that are drawn at random, from all classes alike.")
    owners: int = Field(
        0, ge=0, le=MOST_OWNERS, description="How many owners hold the examples, in equal numbers; 0 where nobody is named."
    )
    owner_shift: float = Field(
        0.0, ge=0, le=1e6, description="Standard deviation of the shift that an owner's examples share in every feature."
    )

    def check(self) -> None:
        """Raise DataError for numbers that do not go together."""
        if self.classes > self.features + 1:
            raise DataError(
                f"{self.classes} classes cannot all be equally far apart in {self.features} features",
                key="data.classes",
                remedy=f"Ask for at most {self.features + 1} classes, or for at least {self.classes - 1} features.",
            )
        if self.examples < self.classes:
            raise DataError(
                f"{self.examples} examples cannot be of {self.classes} classes",
                key="data.examples",
                remedy=f"Ask for at least {self.classes} examples.",
            )
        if self.examples * self.features > MOST_NUMBERS:
            raise DataError(
                f"{self.examples:,} examples of {self.features:,} features are {self.examples * self.features:,} numbers",
                key="data.features",
                remedy=f"Ask for at most {MOST_NUMBERS:,}: {MOST_NUMBERS // self.examples:,} features.",
            )
        if self.owners > self.examples:
            raise DataError(
                f"{self.examples} examples cannot be held by {self.owners} owners",
                key="data.owners",
                remedy=f"Ask for at most {self.examples} owners.",
            )
        if self.owner_shift and not self.owners:
            raise DataError(
                f"an owner_shift of {self.owner_shift:g} needs owners",
                key="data.owner_shift",
                remedy="Say how many with `owners`, or leave the shift out.",
            )

    def read(self, folder: Path) -> Examples:
        """X (N, d) and y (N,), drawn; `folder` is not looked at. Raises DataError as `check` does."""
        self.check()
        streams = Streams(self.seed)
        rng = streams["synthetic examples"]
        y = rng.permutation(np.arange(self.examples, dtype=np.int64) % self.classes)
        X = rng.normal(size=(self.examples, self.features))
        X += self.centres(streams)[y]
        noise = streams["synthetic noise"]
        drawn, other = noise.random(self.examples) < self.noise, noise.integers(0, self.classes, self.examples)
        y = np.where(drawn, other, y)
        classes = tuple(f"class {k}" for k in range(self.classes))
        values = {"label": np.array(classes)[y]}
        if self.owners:
            owners = streams["synthetic owners"]
            owner = owners.permutation(np.arange(self.examples) % self.owners)
            X += self.owner_shift * owners.normal(size=(self.owners, self.features))[owner]
            values["owner"] = np.array(object_names(self.owners))[owner]
        title = f"{self.classes} Gaussian blobs {self.separation:g} deviations apart, {self.examples:,} examples"
        return Examples(X, y, "classification", classes, values, "owner" if self.owners else None, title)

    def centres(self, streams: Streams) -> Floats:
        """(K, d): the corners of a regular simplex with edges of length `separation` about the origin, turned at random."""
        from scipy.linalg import helmert

        size = self.classes - 1
        turned, triangle = np.linalg.qr(streams["synthetic centres"].normal(size=(self.features, size)))
        turned = turned * np.sign(np.diag(triangle))  # signs are LAPACK's choice: without them every turn is as likely
        corners: Floats = self.separation / np.sqrt(2) * helmert(self.classes).T @ turned.T
        return corners
