"""Ratings from a user's own copy of MovieLens, in the formats it has come in; nothing is shipped or fetched."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.local_file import LocalPath, regular_file, unreadable
from dataleverage.world.world import Floats, Ints

KNOWN = ("u.data", "ratings.dat", "ratings.csv", "*.inter")  # what a folder is searched for
LONGEST_LINE = 1000  # characters
MOST_RATINGS = 30_000_000
LOWEST, HIGHEST = 0.0, 10.0  # of a rating


@dataclass(frozen=True)
class Format:
    """How a line is read: what stands between fields, how many there are, and where user, item and rating are among them."""

    name: str
    separator: str
    fields: int
    user: int
    item: int
    rating: int
    header: bool


class MovieLensData(ExampleSource):
    """Ratings from MovieLens (Harper & Konstan 2015): a file of yours, or the folder it is in.

    Read are `u.data` (100K: tabs), `ratings.dat` (1M and 10M: two colons), `ratings.csv` (the newer sets: commas and a header)
    and RecBole's `.inter` (tabs and a header with types). Times of ratings are not looked at. `min_ratings` leaves out users
    with fewer, before `users` takes the most active ones; items that nobody rates any more are left out too.
    """

    kind: Literal["movielens"] = "movielens"
    path: LocalPath = Field(description="The file or its folder; a relative path starts at the scenario's folder.")
    min_ratings: int = Field(1, ge=1, le=1_000_000, description="How many ratings a user must have to be taken.")
    users: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="How many users to take: those with most ratings, the lowest id first where equal.",
    )

    def read(self, folder: Path) -> Examples:
        path = self.file(folder)
        user_ids, item_ids, user, item, rating = self.ratings(path)
        users, user = in_order(user_ids, user)
        items, item = in_order(item_ids, item)
        kept = self.chosen(np.bincount(user, minlength=len(users)))[user]
        chosen, user = np.unique(user[kept], return_inverse=True)
        seen, item = np.unique(item[kept], return_inverse=True)
        users, items, rating = users[chosen], items[seen], rating[kept]
        if len(rating) and np.ptp(rating) == 0:
            raise DataError(
                f"every rating is {rating[0]:g}: there is nothing to learn", key="data.path", remedy="Name a file of ratings."
            )
        title = f"{path.name}, {len(users):,} users, {len(items):,} items, {len(rating):,} ratings"
        return Examples(
            np.column_stack([user, item]).astype(np.float64),
            rating,
            "rating",
            values={"user": users[user], "item": items[item]},
            title=title,
            users=len(users),
            items=len(items),
        )

    def file(self, folder: Path) -> Path:
        """The file that `path` names, or the only one that it can mean where it is a folder."""
        place = folder / Path(self.path).expanduser()
        try:
            if not place.is_dir():
                return regular_file(folder, self.path, "data.path")
            found = sorted({each for name in KNOWN for each in place.glob(name)})
        except OSError as error:
            raise unreadable(self.path, error.strerror or str(error), "data.path") from error
        if len(found) != 1:
            said = (
                f"{len(found)} files of ratings: {', '.join(each.name for each in found[:5])}"
                if found
                else "no file of ratings"
            )
            raise DataError(
                f"the folder {self.path} has {said}",
                key="data.path",
                remedy="Name the file itself." if found else f"Looked for {', '.join(KNOWN)}; name the file itself.",
            )
        return regular_file(place, found[0].name, "data.path")

    def ratings(self, path: Path) -> tuple[list[str], list[str], Ints, Ints, Floats]:
        """User and item ids in order of appearance, and (N,) users, (N,) items and (N,) ratings, checked line by line."""
        users: dict[str, int] = {}
        items: dict[str, int] = {}
        user, item, rating, line_of = array("q"), array("q"), array("d"), array("q")
        form: Format | None = None
        for number, line in self.lines(path):
            if form is None:
                form = self.format(line, number)
                if form.header:
                    continue
            fields = line.split(form.separator)
            if len(fields) != form.fields:
                raise self.torn(
                    number, f"there are {len(fields)} fields and not {form.fields}, which is what {form.name} has in every line"
                )
            if not fields[form.user] or not fields[form.item]:
                raise self.torn(number, f"the {'item' if fields[form.user] else 'user'} is empty")
            user.append(users.setdefault(fields[form.user], len(users)))
            item.append(items.setdefault(fields[form.item], len(items)))
            rating.append(self.number(fields[form.rating], number))
            line_of.append(number)
            if len(rating) > MOST_RATINGS:
                raise DataError(
                    f"{self.path} has more than {MOST_RATINGS:,} ratings", key="data.path", remedy="Name a smaller file."
                )
        if not rating:
            raise DataError(f"{self.path} holds no ratings", key="data.path", remedy="Name a file with a rating a line.")
        who, what = np.array(user, dtype=np.int64), np.array(item, dtype=np.int64)
        self.check_pairs(who * len(items) + what, np.array(line_of), list(users), list(items))
        return list(users), list(items), who, what, np.array(rating)

    def lines(self, path: Path) -> Iterator[tuple[int, str]]:
        """Lines and their numbers from 1, without their ends; empty ones at the end of the file are none."""
        empty = 0
        try:
            with path.open(encoding="utf-8-sig") as stream:
                for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), ""), 1):
                    if len(line) > LONGEST_LINE:
                        raise self.torn(number, f"it is longer than {LONGEST_LINE} characters")
                    text = line.rstrip("\r\n")
                    if not text.strip():
                        empty = empty or number
                    elif empty:
                        raise self.torn(empty, "it is empty")
                    else:
                        yield number, text
        except UnicodeError as error:
            raise unreadable(self.path, "it is not UTF-8 text", "data.path") from error
        except OSError as error:
            raise unreadable(self.path, error.strerror or str(error), "data.path") from error

    def format(self, line: str, number: int) -> Format:
        """What the first line of the file says about its format."""
        if "::" in line:
            return Format("ratings.dat", "::", 4, 0, 1, 2, False)
        separator = "\t" if "\t" in line else ","
        fields = line.split(separator)
        for name, wanted in (
            ("an .inter file", ("user_id:token", "item_id:token", "rating:float")),
            ("ratings.csv", ("userId", "movieId", "rating")),
        ):
            if set(wanted) <= set(fields):
                if len(set(fields)) < len(fields):
                    raise self.torn(number, "two columns have one name")
                user, item, rating = (fields.index(each) for each in wanted)
                return Format(name, separator, len(fields), user, item, rating, True)
        if separator == "\t" and len(fields) == 4:
            return Format("u.data", "\t", 4, 0, 1, 2, False)
        raise DataError(
            f"the format of {self.path} is not known: it begins {line[:80]!r}",
            key="data.path",
            remedy="Known are four fields between tabs (u.data) or double colons (ratings.dat), a header of "
            "userId,movieId,rating (ratings.csv), and one of user_id:token, item_id:token, rating:float between tabs (.inter).",
        )

    def number(self, text: str, line: int) -> float:
        """A rating."""
        try:
            rating = float(text)
        except ValueError:
            rating = math.nan
        if not LOWEST <= rating <= HIGHEST:
            raise self.torn(line, f"the rating is {text[:40]!r}, and not a number from {LOWEST:g} to {HIGHEST:g}")
        return rating

    def check_pairs(self, pair: Ints, line_of: Ints, users: list[str], items: list[str]) -> None:
        """Raise DataError where a user has rated an item twice. pair : (N,) one number for each user and item."""
        order = np.argsort(pair, kind="stable")
        again = np.flatnonzero(np.diff(pair[order]) == 0)
        if len(again):
            second = int(order[again + 1].min())
            first = int(np.flatnonzero(pair == pair[second])[0])
            user, item = users[pair[second] // len(items)], items[pair[second] % len(items)]
            raise self.torn(int(line_of[second]), f"the user {user} has rated the item {item} before, in line {line_of[first]}")

    def torn(self, line: int, what: str) -> DataError:
        """The error for a line that cannot be used."""
        return DataError(f"{self.path}, line {line}: {what}", key="data.path", remedy="Mend that line, or name another file.")

    def chosen(self, count: Ints) -> NDArray[np.bool_]:
        """(users,) ratings of each -> (users,) whom to take."""
        active = count >= self.min_ratings
        if not active.any():
            raise DataError(
                f"no user has {self.min_ratings:,} ratings; the most active one has {count.max():,}",
                key="data.min_ratings",
                remedy="Ask for fewer.",
            )
        if self.users is None:
            return active
        if self.users > active.sum():
            raise DataError(
                f"{active.sum():,} users have the ratings that `min_ratings` asks for, and not {self.users:,}",
                key="data.users",
                remedy="Take fewer users, or leave `users` out for all.",
            )
        best = np.argsort(np.where(active, -count, 1), kind="stable")[: self.users]
        taken = np.zeros(len(count), dtype=bool)
        taken[best] = True
        return taken


def in_order(ids: list[str], which: Ints) -> tuple[NDArray[np.str_], Ints]:
    """Ids sorted as numbers where all of them are whole numbers, otherwise as text, and indices that follow."""
    names = np.array(ids)
    key = [int(name) for name in ids] if all(name.isdecimal() and len(name) < 19 for name in ids) else ids
    order = np.array(sorted(range(len(ids)), key=lambda i: key[i]), dtype=np.int64)
    position = np.empty(len(ids), dtype=np.int64)
    position[order] = np.arange(len(ids))
    return names[order], position[which]
