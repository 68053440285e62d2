"""What shapiq and pyDVL need for values that train nothing. Run by their own interpreters, not by ours.

    python value_peers.py shapiq|pydvl data.npz

shapiq: `data.npz` holds `worth` (2**n,), the score of row i, which holds object j iff bit j of i is set: exact Shapley values.
pydvl: it holds X, y, X_eval, y_eval and k: exact k-NN Shapley values. Every line of standard input is answered by a line of
JSON: seconds and values.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np


def shapiq(data):
    """ExactComputer over a look-up in the table."""
    from shapiq.game_theory.exact import ExactComputer

    worth = data["worth"]
    n = len(worth).bit_length() - 1
    place = 1 << np.arange(n)

    def game(coalitions):
        return worth[np.asarray(coalitions, dtype=np.int64) @ place]

    found = ExactComputer(game, n)("SV", 1)
    return [float(found[(j,)]) for j in range(n)]


def pydvl(data):
    """KNNShapleyValuation in one process."""
    from joblib import parallel_config
    from pydvl.valuation.dataset import Dataset
    from pydvl.valuation.methods.knn_shapley import KNNShapleyValuation
    from sklearn.neighbors import KNeighborsClassifier

    train, test = Dataset(data["X"], data["y"]), Dataset(data["X_eval"], data["y_eval"])
    valuation = KNNShapleyValuation(KNeighborsClassifier(int(data["k"])), test, progress=False)
    with parallel_config(n_jobs=1):
        valuation.fit(train)
    values = np.zeros(len(data["y"]))
    values[valuation.result.indices] = valuation.result.values
    return values.tolist()


def main():
    peer, path = sys.argv[1:]
    data = dict(np.load(path))
    compute = {"shapiq": shapiq, "pydvl": pydvl}[peer]
    warnings.simplefilter("ignore")
    small = (
        {"worth": data["worth"][:4]}
        if peer == "shapiq"
        else {**data, **{k: data[k][:20] for k in ("X", "y", "X_eval", "y_eval")}}
    )
    compute(small)  # imports
    print(json.dumps({"version": version(peer)}), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        values = compute(data)
        print(json.dumps({"seconds": time.perf_counter() - began, "values": values}), flush=True)


if __name__ == "__main__":
    main()
