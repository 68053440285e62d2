"""How fast a grid is read: semivalues of a table against shapiq, k-NN Shapley against pyDVL, in the same run.

python benchmarks/measure.py                       # half a minute, and the time to install the peers
python benchmarks/measure.py --out measure.json --peers .venv-peers
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from setting import Answering, machine, median, timed

import dataleverage as dl
from dataleverage.grid.rows import all_rows
from dataleverage.grid.table import Table

REPEATS = 5


def table(n: int, columns: int = 1) -> Table:
    """Scores between 0 and 1 that grow with the row, and some noise."""
    rng = np.random.default_rng(0)
    rows = all_rows(n)
    scores = 1 - np.exp(-(rows @ rng.uniform(0.1, 0.5, size=(n, columns)))) + 0.01 * rng.normal(size=(2**n, columns))
    return Table(rows, scores, tuple(f"object {j}" for j in range(n)), tuple(f"column {c}" for c in range(columns)))


def blobs(examples: int, evaluation: int) -> dict[str, Any]:
    """Two classes in 20 features."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, examples + evaluation)
    X = rng.normal(size=(len(y), 20)) + 0.5 * y[:, None]
    return {"X": X[:examples], "y": y[:examples], "X_eval": X[examples:], "y_eval": y[examples:], "k": 5}


def line(
    what: str, ours: Callable[[], object], target: str, reached: Callable[[float, float | None], bool], peer: Any = None
) -> dict[str, Any]:
    """One line of the report: ours and the peer's, taking turns."""
    mine, theirs, values = [], [], None
    for _ in range(REPEATS):
        mine.append(min(timed(ours) for _ in range(3)))
        if isinstance(peer, Answering):
            answer = peer.ask()
            theirs.append(answer["seconds"])
            values = answer["values"]
    seconds, other = median(mine), median(theirs) if theirs else None
    found: dict[str, Any] = {
        "what": what,
        "seconds": seconds,
        "peer seconds": other,
        "ratio": other / seconds if other else None,
    }
    if values is not None:
        found["largest difference"] = float(np.abs(np.asarray(values) - np.asarray(ours()).ravel()).max())
    if isinstance(peer, str):
        found["skipped"] = peer
    return {**found, "target": target, "reached": reached(seconds, found["ratio"])}


def peer_of(name: str, folder: Path, data: dict[str, Any]) -> Answering | str:
    """The peer's process on some data, or why it cannot be had."""
    try:
        path = folder / f"{name}-values.npz"
        np.savez(path, **data)
        return Answering(name, folder, "value_peers.py", name, str(path))
    except RuntimeError as error:
        return f"{name}: {error}"


def report(folder: Path) -> dict[str, Any]:
    """Everything that is measured."""
    sixteen, wide, twenty, data = table(16), table(16, 12), table(20), blobs(5000, 1000)
    shapiq = peer_of("shapiq", folder, {"worth": sixteen.scores[:, 0]})
    pydvl = peer_of("pydvl", folder, data)
    within = lambda most: lambda seconds, ratio: seconds <= most  # noqa: E731
    arrays = (data["X"], data["y"], data["X_eval"], data["y_eval"], 5)
    lines = [
        line("Shapley, 16 objects, a column", lambda: dl.values.shapley(sixteen).to_numpy(), "10 ms", within(0.010), shapiq),
        line("Banzhaf, 16 objects, a column", lambda: dl.values.banzhaf(sixteen), "10 ms", within(0.010)),
        line("Beta(16, 1), 16 objects, a column", lambda: dl.values.beta_shapley(sixteen, 16, 1), "10 ms", within(0.010)),
        line("Shapley, 16 objects, 12 columns", lambda: dl.values.shapley(wide), "120 ms", within(0.120)),
        line("Shapley, 20 objects, a column", lambda: dl.values.shapley(twenty), "300 ms", within(0.300)),
        line(
            "k-NN Shapley, 5,000 × 1,000 examples",
            lambda: dl.values.knn_shapley(*arrays).to_numpy(),
            "30× pyDVL",
            lambda seconds, ratio: ratio is not None and ratio >= 30,
            pydvl,
        ),
    ]
    versions = {
        name: peer.greeting["version"] for name, peer in (("shapiq", shapiq), ("pydvl", pydvl)) if isinstance(peer, Answering)
    }
    for peer in (shapiq, pydvl):
        if isinstance(peer, Answering):
            peer.close()
    return {"machine": machine(), "peers": versions, "lines": lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--peers", type=Path, help="keep the peers' environments in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.peers or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found = report(folder)
    for each in found["lines"]:
        ratio = f"{each['ratio']:8.0f}×" if each["ratio"] else " " * 9
        differ = f"  differs by {each['largest difference']:.1e}" if "largest difference" in each else ""
        reached = "yes" if each["reached"] else "NO"
        print(f"{each['what']:40} {1000 * each['seconds']:9.2f} ms {ratio}  target {each['target']:10} {reached}{differ}")
        if "skipped" in each:
            print(f"    skipped: {each['skipped']}")
    if options.out:
        options.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
