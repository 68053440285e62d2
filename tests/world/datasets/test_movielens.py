from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from dataleverage.errors import DataError
from dataleverage.grid.learner import Pool
from dataleverage.grid.learners.factorization import MatrixFactorization
from dataleverage.grid.learners.items import ItemKNN, ItemMean
from dataleverage.world.datasets.movielens import LONGEST_LINE, MovieLensData
from dataleverage.world.objects import ByUser

RATINGS = [
    ("196", "242", 3.0),
    ("186", "302", 4.5),
    ("22", "242", 1.0),
    ("196", "302", 5.0),
    ("22", "9", 2.0),
    ("22", "302", 4.0),
]


def written(folder: Path, form: str) -> Path:
    """The ratings above in one of the formats; times are made up."""
    lines = {
        "u.data": [f"{u}\t{i}\t{r:g}\t88125{n}" for n, (u, i, r) in enumerate(RATINGS)],
        "ratings.dat": [f"{u}::{i}::{r:g}::88125{n}" for n, (u, i, r) in enumerate(RATINGS)],
        "ratings.csv": ["userId,movieId,rating,timestamp", *(f"{u},{i},{r},88125{n}" for n, (u, i, r) in enumerate(RATINGS))],
        "ml-tiny.inter": [
            "item_id:token\tuser_id:token\ttimestamp:float\trating:float",
            *(f"{i}\t{u}\t88125{n}\t{r:g}" for n, (u, i, r) in enumerate(RATINGS)),
        ],
    }[form]
    path = folder / form
    path.write_text("\n".join(lines) + "\n")
    return path


def triples(examples) -> set[tuple[str, str, float]]:
    """(user, item, rating) as the file says them, found by indices."""
    users = dict(zip(examples.X[:, 0].astype(int).tolist(), examples.values["user"].tolist(), strict=True))
    items = dict(zip(examples.X[:, 1].astype(int).tolist(), examples.values["item"].tolist(), strict=True))
    return {(users[int(u)], items[int(i)], float(r)) for (u, i), r in zip(examples.X, examples.y, strict=True)}


@pytest.mark.parametrize("form", ["u.data", "ratings.dat", "ratings.csv", "ml-tiny.inter"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_format_gives_the_same_ratings_by_file_and_by_folder(tmp_path, form, ends):
    path = written(tmp_path, form)
    path.write_bytes(path.read_text().replace("\n", ends).encode() + ends.encode() * 2)
    for source in (MovieLensData(path=form), MovieLensData(path=str(tmp_path))):
        examples = source.read(tmp_path)
        assert triples(examples) == set(RATINGS) and examples.task == "rating"
        assert (examples.users, examples.items, len(examples)) == (3, 3, 6)
        assert examples.X.max(axis=0).tolist() == [2, 2] and form in examples.title
    first = dict(zip(examples.values["user"], examples.X[:, 0], strict=True))
    assert first == {"22": 0, "186": 1, "196": 2}  # as numbers, not as text


def test_users_can_be_chosen_by_how_many_ratings_they_have(tmp_path):
    written(tmp_path, "u.data")
    assert set(MovieLensData(path="u.data", min_ratings=2).read(tmp_path).values["user"]) == {"22", "196"}
    most = MovieLensData(path="u.data", users=1).read(tmp_path)
    assert set(most.values["user"]) == {"22"} and (most.users, most.items) == (1, 3)
    equal = MovieLensData(path="u.data", users=2).read(tmp_path)
    assert set(equal.values["user"]) == {"22", "196"} and equal.items == 3
    for parameters, key in (({"min_ratings": 4}, "data.min_ratings"), ({"users": 4}, "data.users")):
        with pytest.raises(DataError) as caught:
            MovieLensData(path="u.data", **parameters).read(tmp_path)
        assert caught.value.place.key == key and caught.value.remedy
    with pytest.raises(DataError, match=r"2 users have the ratings that `min_ratings` asks for, and not 3"):
        MovieLensData(path="u.data", min_ratings=2, users=3).read(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "holds no ratings"),
        ("\n\n", "holds no ratings"),
        ("userId,movieId,rating\n", "holds no ratings"),
        ("1\t2\t3\t4\n1\t3\t5\n", "line 2: there are 3 fields and not 4"),
        ("1\t2\t3\t4\n1\t3\t5\t6\t7\n", "line 2: there are 5 fields and not 4"),
        ("1::2::3::4\n1::3::five::6\n", "line 2: the rating is 'five', and not a number from 0 to 10"),
        ("1::2::3::4\n1::3::nan::6\n", "line 2: the rating is 'nan'"),
        ("1::2::3::4\n1::3::-1::6\n", "line 2: the rating is '-1'"),
        ("1::2::3::4\n1::3::1e99::6\n", "line 2: the rating is '1e99'"),
        ("1\t2\t3\t4\n\n1\t3\t5\t6\n", "line 2: it is empty"),
        ("1\t2\t3\t4\n\t3\t5\t6\n", "line 2: the user is empty"),
        ("userId,movieId,rating\n1,,5\n", "line 2: the item is empty"),
        ("userId,movieId,rating\n1,2,5\n2,2,4\n1,2,3\n", "line 4: the user 1 has rated the item 2 before, in line 2"),
        ("userId,movieId,rating,rating\n1,2,5,4\n", "line 1: two columns have one name"),
        ("title,genre\nToy Story,Comedy\n", "the format of f.txt is not known: it begins 'title,genre'"),
        ("1 2 3 4\n", "is not known"),
        ("1\t2\t3\t4\n" + "5" * (LONGEST_LINE + 1), "line 2: it is longer than 1000 characters"),
        ("1\t2\t3\t4\n2\t2\t3\t4\n", "every rating is 3: there is nothing to learn"),
        (b"\xff\xfe1\x00\t", "it is not UTF-8 text"),
    ],
)
def test_what_cannot_be_used_is_an_error_with_its_line_and_a_remedy(tmp_path, content, says):
    (tmp_path / "f.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        MovieLensData(path="f.txt").read(tmp_path)
    assert says in caught.value.message
    assert caught.value.place.key == "data.path" and caught.value.remedy


def test_folders_must_say_which_file(tmp_path):
    with pytest.raises(DataError, match="no file of ratings") as caught:
        MovieLensData(path=str(tmp_path)).read(tmp_path)
    assert "u.data" in caught.value.remedy
    written(tmp_path, "u.data")
    written(tmp_path, "ratings.csv")
    with pytest.raises(DataError, match=r"2 files of ratings: ratings.csv, u.data"):
        MovieLensData(path=str(tmp_path)).read(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        MovieLensData(path="nowhere").read(tmp_path)
    with pytest.raises(DataError, match="only local files"):
        MovieLensData(path="https://example.org/u.data").read(tmp_path)


@pytest.mark.parametrize("parameters", [{}, {"path": "f", "users": 0}, {"path": "f", "min_ratings": 0}, {"path": "a\0b"}])
def test_parameters_are_bounded(parameters):
    with pytest.raises(ValidationError):
        MovieLensData(**parameters)


def test_objects_are_users_called_as_in_the_file(tmp_path):
    written(tmp_path, "ratings.dat")
    world = MovieLensData(path="ratings.dat", holdout={"audit": 0.4, "monitor": 0.1}).world(tmp_path)
    assert world.objects == ("user 22", "user 186", "user 196") and (world.users, world.items) == (3, 3)
    assert MovieLensData(path="ratings.dat", objects=ByUser(count=2)).read(tmp_path).users == 3


@pytest.fixture(scope="module")
def examples():
    path = Path(os.environ["DATALEVERAGE_MOVIELENS"]).absolute()
    return MovieLensData(path=str(path)).read(path.parent)


@pytest.mark.skipif("DATALEVERAGE_MOVIELENS" not in os.environ, reason="DATALEVERAGE_MOVIELENS names no copy of MovieLens 100K")
class TestMovieLens100K:
    """Only where a copy is at hand: none is shipped."""

    def test_it_is_what_its_readme_says(self, examples):
        assert (examples.users, examples.items, len(examples)) == (943, 1682, 100_000)
        assert np.bincount(examples.y.astype(int)).tolist() == [0, 6110, 11370, 27145, 34174, 21201]
        assert np.bincount(examples.X[:, 0].astype(int)).min() == 20

    @pytest.mark.parametrize(
        ("learner", "low", "high"),
        [
            (ItemMean(), 1.01, 1.04),
            (ItemKNN(), 0.90, 0.98),
            (MatrixFactorization(), 0.90, 0.934),  # scikit-surprise publishes 0.934 for its SVD
        ],
    )
    def test_errors_over_five_folds_are_those_known_of_such_models(self, examples, learner, low, high):
        fold = np.random.default_rng(0).permutation(len(examples)) % 5
        errors = []
        for k in range(5):
            train, held = fold != k, fold == k
            unit = np.zeros(train.sum(), dtype=np.int64)
            pool = Pool(examples.X[train], examples.y[train], unit, 1, 1, examples.X[held], 0, examples.users, examples.items)
            predicted = learner.prepare(pool, "label")(np.ones((1, 1), dtype=np.uint8))[0, :, 0]
            errors.append(np.sqrt(np.mean((predicted - examples.y[held]) ** 2)))
        assert low < np.mean(errors) < high
        if learner == ItemMean():
            frame = pd.DataFrame({"item": examples.X[train, 1], "y": examples.y[train]}).groupby("item").y.mean()
            known = frame.reindex(examples.X[held, 1]).fillna(examples.y[train].mean()).to_numpy()
            assert predicted == pytest.approx(known)
