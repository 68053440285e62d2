"""How examples fall into data objects."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Kind, Model
from dataleverage.streams import Streams
from dataleverage.world.slices import column_of
from dataleverage.world.world import MOST_OWNERS, Ints, object_names

if TYPE_CHECKING:
    from dataleverage.world.dataset import Examples

Split = tuple[tuple[str, ...], Ints]
BINS = 10  # quantile bins that stand for labels where the target is a number


class Objects(Kind, family="objects", package="dataleverage.world.objects", tag="by"):
    """Base of every way to make objects of examples."""

    @abstractmethod
    def split(self, examples: Examples, streams: Streams) -> Split:
        """The n object names, and (N,) int64: the object of each example. No object is empty."""


class Counted(Objects):
    """Base of the ways that make a given number of objects."""

    count: int = Field(12, ge=1, le=MOST_OWNERS, description="How many objects.")

    def check(self, examples: Examples) -> None:
        if self.count > len(examples):
            raise DataError(
                f"{self.count} objects cannot be made of {len(examples)} examples",
                key="data.objects.count",
                remedy=f"Ask for at most {len(examples)} objects.",
            )


class Zipf(Model):
    """Sizes that fall with the rank of an object, as a power: 1, 1/2ˢ, 1/3ˢ … (Zipf 1949)."""

    zipf: float = Field(1.0, ge=0, le=10, description="The exponent s: 0 is equal, 1 is Zipf's law, more is steeper.")

    def of(self, total: int, count: int) -> Ints:
        """(count,) whole numbers from 1 on that sum to `total` ≥ count, falling, by the method of largest remainders.

        Objects whose share would be less than one example get one; the others share what is left.
        """
        weight = np.arange(1, count + 1, dtype=np.float64) ** -self.zipf
        spare = total - count + np.arange(1, count + 1)  # examples for the first k objects if each of the others has one
        large = int(np.flatnonzero((spare * weight >= np.cumsum(weight)) | (np.arange(count) == 0))[-1]) + 1
        quota = spare[large - 1] * weight[:large] / weight[:large].sum()
        sizes = np.ones(count, dtype=np.int64)
        sizes[:large] = np.floor(quota)
        short = total - int(sizes.sum())
        sizes[np.argsort(np.floor(quota) - quota, kind="stable")[:short]] += 1
        return sizes


class Sized(Counted):
    """Base of the ways that make a given number of objects of given sizes."""

    sizes: Literal["equal", "zipf"] | Zipf = Field(
        "equal",
        description="equal, or falling from the first object to the last as 1/rank**s: {zipf: s}, where zipf alone is s = 1.",
    )

    def unequal(self, examples: Examples) -> Ints | None:
        """(n,) how many examples each object gets; None where all get the same number, give or take one."""
        if self.sizes == "equal":
            return None
        return (Zipf() if self.sizes == "zipf" else self.sizes).of(len(examples), self.count)


class Random(Sized):
    """Examples are dealt out at random, in equal numbers or by `sizes`."""

    by: Literal["random"] = "random"

    def split(self, examples: Examples, streams: Streams) -> Split:
        self.check(examples)
        sizes = self.unequal(examples)
        dealt = np.arange(len(examples)) % self.count if sizes is None else np.repeat(np.arange(self.count), sizes)
        return object_names(self.count), streams["objects"].permutation(dealt)


class ByLabel(Objects):
    """One object a class."""

    by: Literal["label"] = "label"

    def split(self, examples: Examples, streams: Streams) -> Split:
        if examples.task != "classification":
            raise DataError(
                "objects by label need classes, and the target is a number",
                key="data.objects.by",
                remedy="Split by random, label_skew or column, or by user where examples are ratings.",
            )
        present = np.unique(examples.y)
        return named([examples.classes[k] for k in present], "label"), np.searchsorted(present, examples.y)


class LabelSkew(Sized):
    """Objects whose label mixes are drawn from a Dirichlet distribution (Hsu, Qi & Brown 2019, §3).

    Each object draws its mix from Dirichlet(alpha * K * p), p the labels' shares in the data and K their number, and then its
    examples without replacement; a class that has run out is left out of later mixes. A number as target is cut into
    ten quantile bins first. Sizes are equal, give or take one example, unless `sizes` says otherwise.
    """

    by: Literal["label_skew"] = "label_skew"
    alpha: float = Field(0.5, gt=0, le=1e6, description="Concentration: small is one-sided, large is like random.")

    def split(self, examples: Examples, streams: Streams) -> Split:
        self.check(examples)
        rng = streams["objects"]
        label = binned(examples)
        stock = [list(rng.permutation(np.flatnonzero(label == k))) for k in range(label.max() + 1)]
        share = np.array([len(members) for members in stock]) / len(examples)
        object_of = np.empty(len(examples), dtype=np.int64)
        sizes = self.unequal(examples)
        if sizes is None:
            ends = np.linspace(0, len(examples), self.count + 1).astype(np.int64)
            sizes = ends[1:] - ends[:-1]
        for j, size in enumerate(sizes):
            mix = rng.dirichlet(np.maximum(self.alpha * len(share) * share, 1e-9))
            need = int(size)
            while need:
                left = np.array([len(members) for members in stock])
                odds = np.where(left > 0, mix + 1e-12, 0.0)
                take = np.minimum(rng.multinomial(need, odds / odds.sum()), left)
                for k in np.flatnonzero(take):
                    object_of[stock[k][-take[k] :]] = j
                    del stock[k][-take[k] :]
                need -= int(take.sum())
        return object_names(self.count), object_of


class ByCluster(Counted):
    """Objects are k-means clusters of the standardised features."""

    by: Literal["cluster"] = "cluster"

    def split(self, examples: Examples, streams: Streams) -> Split:
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits

        self.check(examples)
        if examples.task == "rating":
            raise DataError(
                "clusters need features, and ratings have a user and an item",
                key="data.objects.by",
                remedy="Split by user, or by a column such as a group of users.",
            )
        spread = examples.X.std(axis=0)
        X = (examples.X - examples.X.mean(axis=0)) / np.where(spread > 0, spread, 1)
        if len(np.unique(X, axis=0)) < self.count:
            raise DataError(
                f"{self.count} clusters cannot be made of {len(np.unique(X, axis=0))} different examples",
                key="data.objects.count",
                remedy="Ask for fewer objects.",
            )
        model = KMeans(self.count, n_init=4, random_state=streams.integer("objects"))
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer clusters than asked for is an error below
            found = model.fit_predict(X)
        if len(np.unique(found)) < self.count:
            raise DataError(
                f"k-means finds {len(np.unique(found))} clusters, not {self.count}",
                key="data.objects.count",
                remedy="Ask for fewer objects.",
            )
        return object_names(self.count), found.astype(np.int64)


class ByColumn(Objects):
    """One object for each value of a column of the data."""

    by: Literal["column"] = "column"
    column: str = Field(description="The name of the column.")

    def split(self, examples: Examples, streams: Streams) -> Split:
        column = column_of(examples.values, self.column, "data.objects.column")
        values, object_of = np.unique(column, return_inverse=True)
        return named([str(value) for value in values], self.column), object_of.astype(np.int64)


class ByUser(Objects):
    """The ratings of a user move as one: an object for each user, or for a lot of users dealt out at random."""

    by: Literal["user"] = "user"
    count: int | None = Field(
        None, ge=1, le=100_000, description="How many objects users are dealt into, in equal numbers; one a user unless given."
    )

    def split(self, examples: Examples, streams: Streams) -> Split:
        if examples.task != "rating":
            raise DataError(
                "objects by user need ratings, and these examples have no users",
                key="data.objects.by",
                remedy="Split by random or by a column, or use a source of ratings: movielens, synthetic_ratings.",
            )
        user = examples.X[:, 0].astype(np.int64)
        if self.count is None:
            names = np.empty(examples.users, dtype=object)
            names[user] = examples.values["user"] if "user" in examples.values else user.astype(str)
            return named([str(name) for name in names], "user"), user
        if self.count > examples.users:
            raise DataError(
                f"{self.count} objects cannot be made of {examples.users} users",
                key="data.objects.count",
                remedy=f"Ask for at most {examples.users} objects.",
            )
        dealt = streams["objects"].permutation(np.arange(examples.users) % self.count)
        return object_names(self.count), dealt[user].astype(np.int64)


def binned(examples: Examples) -> Ints:
    """(N,) class indices, or quantile bins of a number."""
    if examples.task == "classification":
        return examples.y.astype(np.int64)
    target = examples.y.astype(np.float64)
    edges = np.unique(np.quantile(target, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(edges, target).astype(np.int64)


def named(values: list[str], what: str) -> tuple[str, ...]:
    """Object names from values, all different: numbers get a word in front, signs with a meaning in rows are replaced."""
    what = without_signs(what)
    clean = [without_signs(value).strip() or "(empty)" for value in values]
    names = [f"{what} {value}" if value[0].isdigit() or value[0] == "-" else value for value in clean]
    taken = {name for name, times in Counter(names).items() if times == 1}
    for i, name in enumerate(names):
        if name not in taken:
            number = i + 1
            while f"{name} ({number})" in taken:
                number += len(names)
            names[i] = f"{name} ({number})"
            taken.add(names[i])
    return tuple(names)


def without_signs(text: str) -> str:
    """The text without the signs that join and mark objects in a row's words."""
    return text.replace("+", "-").replace("*", "-")
