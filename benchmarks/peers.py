"""What pyDVL and shapiq need for the exact Shapley values of one column. Run by their own interpreters, not by ours.

    python peers.py pydvl|shapiq data.npz

`data.npz` holds X, y, X_eval, y_eval. Then every line of standard input is a number of groups (example i belongs to group
i % groups), and answered by one line of JSON: seconds, the number of models that were fitted, and the values. A process that
stays lets the benchmark take turns between peers and itself without paying for imports.
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
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression


def pydvl(data, groups):
    """ShapleyValuation over every subset (DeterministicUniformSampler): a fit with and one without the object."""
    from joblib import parallel_config
    from pydvl.valuation.dataset import Dataset, GroupedDataset
    from pydvl.valuation.methods.shapley import ShapleyValuation
    from pydvl.valuation.samplers.powerset import DeterministicUniformSampler
    from pydvl.valuation.scorers.supervised import SupervisedScorer
    from pydvl.valuation.stopping import NoStopping
    from pydvl.valuation.utility.modelutility import ModelUtility

    train = GroupedDataset(data["X"], data["y"], data_groups=[i % groups for i in range(len(data["y"]))])
    test = Dataset(data["X_eval"], data["y_eval"])
    guess = float(np.mean(data["y_eval"] == np.bincount(data["y"]).argmax()))
    scorer = SupervisedScorer("accuracy", test, default=guess, range=(0, 1))
    utility = ModelUtility(LogisticRegression(C=1.0), scorer, catch_errors=False)
    valuation = ShapleyValuation(utility, DeterministicUniformSampler(batch_size=64), NoStopping(), progress=False)
    with parallel_config(n_jobs=1):
        valuation.fit(train)
    result = valuation.result
    values = [0.0] * groups
    for index, value in zip(result.indices, result.values):  # noqa: B905 (both are the result's)
        values[int(index)] = float(value)
    return values, groups * (2**groups - 1)


def shapiq(data, groups):
    """ExactComputer over a game that fits one row after the other."""
    from shapiq.game_theory.exact import ExactComputer

    group = np.arange(len(data["y"])) % groups
    guess = float(np.mean(data["y_eval"] == np.bincount(data["y"]).argmax()))

    def game(coalitions):
        scores = np.empty(len(coalitions))
        for i, coalition in enumerate(np.asarray(coalitions, dtype=bool)):
            inside = coalition[group]
            if not inside.any():
                scores[i] = guess
                continue
            model = clone(LogisticRegression(C=1.0)).fit(data["X"][inside], data["y"][inside])
            scores[i] = np.mean(model.predict(data["X_eval"]) == data["y_eval"])
        return scores

    found = ExactComputer(game, groups)("SV", 1)
    return [float(found[(j,)]) for j in range(groups)], 2**groups - 1


def main():
    peer, path = sys.argv[1:]
    data = dict(np.load(path))
    compute = {"pydvl": pydvl, "shapiq": shapiq}[peer]
    warnings.simplefilter("ignore")
    compute(data, 2)  # imports
    versions = {name: version(name) for name in (peer, "scikit-learn", "numpy")}
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        values, fits = compute(data, int(line))
        seconds = time.perf_counter() - began
        print(json.dumps({"seconds": seconds, "fits": fits, "values": values}), flush=True)


if __name__ == "__main__":
    main()
