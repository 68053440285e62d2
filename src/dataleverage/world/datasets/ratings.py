"""Made-up ratings: users in groups of shared taste, items of unequal popularity, and noise that bounds what can be learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.streams import Streams
from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.world import Floats, Ints, object_names

MOST_PAIRS = 2 * 10**7  # users × items: 160 MB
MIDDLE = 3.5  # the mean of ratings before they are cut to the scale
LOWEST, HIGHEST = 1.0, 5.0
USER_BIAS, ITEM_BIAS = 0.3, 0.4  # standard deviations


class SyntheticRatings(ExampleSource):
    """Ratings of 1 to 5 from a factor model: a user's and an item's bias, a product of their factors, and noise.

    Before noise a rating is 3.5 + b_u + b_i + p_u · q_i, with biases of deviation 0.3 and 0.4 and a product of deviation
    `spread`; it is rounded to half or whole `stars` and cut off at 1 and 5. Users are in `groups` of equal size, give or take
    one. A share `shared` of the variance of a user's factors is their group's, and each group picks what it rates by a
    popularity order of its own, so that a group that leaves takes most of what is known about its favourites with it.

    No learner's RMSE is below about √(noise² + step² / 12) (Sheppard 1898), with step 1/2 or 1, and a little less where ratings
    are cut off. Tastes, items, choices and noise come from streams of their own of the world's seed: more noise changes
    nobody's choices. The column `group` names the groups.
    """

    kind: Literal["synthetic_ratings"] = "synthetic_ratings"
    users: int = Field(240, ge=2, le=100_000, description="How many users.")
    items: int = Field(120, ge=2, le=100_000, description="How many items.")
    ratings: int = Field(24, ge=2, le=100_000, description="How many items each user rates, each once.")
    factors: int = Field(3, ge=1, le=100, description="How many factors tastes have.")
    spread: float = Field(0.7, ge=0, le=10, description="Standard deviation of what tastes add to a rating.")
    noise: float = Field(0.5, ge=0, le=10, description="Standard deviation of the noise in a rating.")
    popularity: float = Field(
        0.8, ge=0, le=10, description="Zipf exponent: the chance to be picked falls as 1/rank**s; 0 is all alike."
    )
    groups: int = Field(4, ge=1, le=100_000, description="How many groups users are in.")
    shared: float = Field(0.7, ge=0, le=1, description="Share of the variance of a user's factors that is their group's.")
    stars: Literal["half", "whole"] = Field("half", description="Ratings are in steps of half a star, or of a whole one.")

    def check(self) -> None:
        """Raise DataError for numbers that do not go together."""
        if self.ratings > self.items:
            raise DataError(
                f"a user cannot rate {self.ratings:,} of {self.items:,} items",
                key="data.ratings",
                remedy=f"Ask for at most {self.items:,}.",
            )
        if self.groups > self.users:
            raise DataError(
                f"{self.users:,} users cannot be in {self.groups:,} groups",
                key="data.groups",
                remedy=f"Ask for at most {self.users:,}.",
            )
        if self.users * self.items > MOST_PAIRS:
            raise DataError(
                f"{self.users:,} users and {self.items:,} items are {self.users * self.items:,} pairs",
                key="data.items",
                remedy=f"Ask for at most {MOST_PAIRS:,}: {MOST_PAIRS // self.users:,} items.",
            )

    def read(self, folder: Path) -> Examples:
        """X (N, 2) users and items, and y (N,) ratings, drawn; `folder` is not looked at. Raises DataError as `check` does."""
        self.check()
        streams = Streams(self.seed)
        group = streams["rating groups"].permutation(np.arange(self.users, dtype=np.int64) % self.groups)
        item = self.choices(streams, group)
        user = np.repeat(np.arange(self.users), self.ratings)
        noise = streams["rating noise"].normal(size=len(user))
        exact = self.expected(streams, group)[user, item] + self.noise * noise
        step = 0.5 if self.stars == "half" else 1.0
        y = np.clip(np.round(exact / step) * step, LOWEST, HIGHEST)
        names = np.array([f"group {name}" for name in object_names(self.groups)])
        title = f"{len(y):,} made-up ratings of {self.items:,} items by {self.users:,} users in {self.groups} groups"
        return Examples(
            np.column_stack([user, item]).astype(np.float64),
            y,
            "rating",
            values={"group": names[group][user], "user": user.astype(str), "item": item.astype(str)},
            title=title,
            users=self.users,
            items=self.items,
        )

    def expected(self, streams: Streams, group: Ints) -> Floats:
        """(users, items): every rating before noise, rounding and the ends of the scale."""
        tastes, qualities = streams["rating tastes"], streams["rating items"]
        common = tastes.normal(size=(self.groups, self.factors))[group]
        p = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * tastes.normal(size=(self.users, self.factors))
        q = qualities.normal(size=(self.items, self.factors))
        b_u, b_i = USER_BIAS * tastes.normal(size=(self.users, 1)), ITEM_BIAS * qualities.normal(size=self.items)
        return np.asarray(MIDDLE + b_u + b_i + self.spread / np.sqrt(self.factors) * (p @ q.T))

    def choices(self, streams: Streams, group: Ints) -> Ints:
        """(users * ratings,) the items that each user rates: drawn without replacement, by the popularity order of the group.

        Those with the largest log chance plus Gumbel noise are such a draw (Yellott 1977).
        """
        orders, rng = streams["rating favourites"], streams["rating choices"]
        rank = np.stack([orders.permutation(self.items) for _ in range(self.groups)]) + 1
        chance = -self.popularity * np.log(rank)
        picked = np.empty((self.users, self.ratings), dtype=np.int64)
        for u in range(self.users):
            drawn = chance[group[u]] + rng.gumbel(size=self.items)
            picked[u] = np.sort(np.argpartition(-drawn, self.ratings - 1)[: self.ratings])
        return picked.ravel()
