"""What scikit-surprise needs for a strike curve: SVD with its defaults, row after row. Run by its own interpreter, not by ours.

    python ratings_peer.py data.npz

`data.npz` holds X, y, X_eval, y_eval, object_of and rows. Every line of standard input is answered by one line of JSON:
seconds, and the RMSE of each row.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from surprise import SVD, Dataset, Reader


def main():
    data = dict(np.load(sys.argv[1]))
    read = Dataset(Reader(rating_scale=(float(data["y"].min()), float(data["y"].max()))))
    users, items = data["X"].astype(int).T.tolist()
    ratings = np.empty(len(users), dtype=object)
    ratings[:] = [(user, item, star, None) for user, item, star in zip(users, items, data["y"].tolist(), strict=True)]
    asked = [(int(user), int(item), star) for (user, item), star in zip(data["X_eval"], data["y_eval"].tolist(), strict=True)]
    print(json.dumps({"version": version("scikit-surprise")}), flush=True)
    for _ in sys.stdin:
        errors = []
        began = time.perf_counter()
        for row in data["rows"]:
            inside = row[data["object_of"]] > 0
            model = SVD(random_state=0).fit(read.construct_trainset(ratings[inside].tolist()))
            predicted = np.array([each.est for each in model.test(asked)])
            errors.append(float(np.sqrt(np.mean((predicted - data["y_eval"]) ** 2))))
        print(json.dumps({"seconds": time.perf_counter() - began, "errors": errors}), flush=True)


if __name__ == "__main__":
    main()
