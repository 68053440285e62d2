"""How fast a strike curve of ratings is trained: matrix factorisation against a loop of scikit-surprise's SVD, in the same run.

python benchmarks/ratings.py                       # a minute or two, and the time to build scikit-surprise
python benchmarks/ratings.py --out ratings.json --peers .venv-peers

Forty rows: users in forty objects leave one object after the other. Both train every row from nothing and predict all held-out
ratings. MovieLens 100K takes part where DATALEVERAGE_MOVIELENS names a copy of it.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from setting import Answering, machine, median, timed

import dataleverage as dl
from dataleverage.grid.learner import Learner
from dataleverage.grid.metrics import columns_of
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.world.datasets.movielens import MovieLensData
from dataleverage.world.datasets.ratings import SyntheticRatings
from dataleverage.world.objects import ByUser
from dataleverage.world.world import World

OBJECTS = 40
TARGET = 5  # times as fast, at an error that is no larger
ROWS = 1 - np.tri(OBJECTS, k=-1, dtype=np.uint8)  # the full row, then one object less in each


def surprise(folder: Path, world: World, rows: np.ndarray[Any, Any]) -> Answering:
    """The peer's process on a world. Raises RuntimeError with the reason where it cannot be had."""
    path = folder / "ratings.npz"
    np.savez(path, X=world.X, y=world.y, X_eval=world.X_eval, y_eval=world.y_eval, object_of=world.object_of, rows=rows)
    return Answering("surprise", folder, "ratings_peer.py", str(path))


def worlds() -> dict[str, World]:
    """What is trained on."""
    objects = ByUser(count=OBJECTS)
    found = {
        "5,000 made-up ratings": SyntheticRatings(users=250, items=120, ratings=20, objects=objects).world(Path()),
        "50,000 made-up ratings": SyntheticRatings(users=1000, items=500, ratings=50, objects=objects).world(Path()),
    }
    if "DATALEVERAGE_MOVIELENS" in os.environ:
        path = Path(os.environ["DATALEVERAGE_MOVIELENS"]).absolute()
        found["MovieLens 100K"] = MovieLensData(path=str(path), objects=objects).world(path.parent)
    return found


def errors_of(world: World, learner: Learner, rows: np.ndarray[Any, Any], workers: int = 1) -> np.ndarray[Any, Any]:
    """(R,) the RMSE of rows on audit and monitor ratings alike, from a world that nothing is known of."""
    columns = columns_of(world, "rmse") + columns_of(world, "rmse", "monitor")
    scores = TrainedOracle(world, learner, columns, workers=workers).scores(rows)
    share = world.audit.mean()
    return np.sqrt(share * scores[:, 0] ** 2 + (1 - share) * scores[:, 1] ** 2)


def lines_of(name: str, world: World, folder: Path, rows: np.ndarray[Any, Any], repeats: int) -> list[dict[str, Any]]:
    """What our learners and the peer take for one and the same curve, taking turns."""
    ours = {"matrix_factorization": dl.learners.MatrixFactorization(), "item_knn": dl.learners.ItemKNN()}
    ours["item_mean"] = dl.learners.ItemMean()
    peer: Answering | None = None
    skipped = ""
    try:
        peer = surprise(folder, world, rows)
    except RuntimeError as error:
        skipped = str(error)
    for learner in ours.values():
        errors_of(world, learner, rows[:1])  # imports are not the job
    seconds: dict[str, list[float]] = {each: [] for each in [*ours, "both cores", "surprise"]}
    theirs: dict[str, Any] = {}
    for _ in range(repeats):
        for each, learner in ours.items():
            seconds[each].append(timed(lambda learner=learner: errors_of(world, learner, rows)))
        seconds["both cores"].append(timed(lambda: errors_of(world, ours["matrix_factorization"], rows, workers=2)))
        if peer is not None:
            theirs = peer.ask()
            seconds["surprise"].append(theirs["seconds"])
    errors = {each: errors_of(world, learner, rows) for each, learner in ours.items()}
    errors["both cores"] = errors["matrix_factorization"]
    found = []
    for each, error in errors.items():
        line: dict[str, Any] = {"world": name, "what": each, "rows": len(rows), "seconds": median(seconds[each])}
        line |= {"RMSE full": error[0], "RMSE mean": error.mean()}
        if peer is not None:
            other = np.array(theirs["errors"])
            line |= {"SVD seconds": median(seconds["surprise"]), "SVD RMSE full": other[0], "SVD RMSE mean": other.mean()}
            line["ratio"] = line["SVD seconds"] / line["seconds"]
        if each == "matrix_factorization":
            line["target"] = f"{TARGET}× SVD, no larger RMSE"
            line["reached"] = peer is not None and bool(
                line["ratio"] >= TARGET
                and line["RMSE full"] <= line["SVD RMSE full"]
                and line["RMSE mean"] <= line["SVD RMSE mean"]
            )
        if skipped:
            line["skipped"] = skipped
        found.append(line)
    if peer is not None:
        peer.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="eight of the rows, once: a first look, not figures to quote")
    parser.add_argument("--repeats", type=int, default=3, help="of each figure, whose median is taken")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--peers", type=Path, help="keep the peer's environment in this folder")
    options = parser.parse_args()
    rows, repeats = (ROWS[::5], 1) if options.quick else (ROWS, options.repeats)
    about, lines = machine(), []
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.peers or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name, world in worlds().items():
            for line in lines_of(name, world, folder, rows, repeats):
                lines.append(line)
                show(line)
    if options.out:
        options.out.write_text(json.dumps({"machine": about, "lines": lines}, indent=1))


def show(line: dict[str, Any]) -> None:
    ratio = f"{line['ratio']:7.1f}×" if "ratio" in line else ""
    theirs = f"(SVD {line['SVD seconds']:.2f} s, {line['SVD RMSE mean']:.4f})" if "ratio" in line else line.get("skipped", "")
    reached = f"  target {line['target']}: {'yes' if line['reached'] else 'NO'}" if "target" in line else ""
    print(
        f"{line['world']:24} {line['what']:22} {line['rows']} rows {line['seconds']:7.2f} s  mean RMSE {line['RMSE mean']:.4f} "
        f"{ratio} {theirs}{reached}",
        flush=True,
    )


if __name__ == "__main__":
    main()
