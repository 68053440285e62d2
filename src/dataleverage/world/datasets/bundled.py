"""The data sets that come with scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from dataleverage.world.dataset import Examples, ExampleSource
from dataleverage.world.world import Feature


class SklearnData(ExampleSource):
    """A data set that comes with scikit-learn; nothing is fetched."""

    kind: Literal["sklearn"] = "sklearn"
    name: Literal["iris", "wine", "breast_cancer", "digits", "diabetes"] = Field(
        description="Which one: iris 150x4, wine 178x13, breast_cancer 569x30, digits 1,797x64, diabetes 442x10 (a number)."
    )

    def read(self, folder: Path) -> Examples:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{self.name}")()
        X = np.asarray(bunch.data, dtype=np.float64)
        names = tuple(Feature(str(name)) for name in bunch.feature_names)
        title = f"{self.name.replace('_', ' ')} (scikit-learn), {len(X):,} examples"
        if self.name == "diabetes":
            return Examples(X, np.asarray(bunch.target, dtype=np.float64), "regression", title=title, features=names)
        y = np.asarray(bunch.target, dtype=np.int64)
        classes = tuple(str(name) for name in bunch.target_names)
        values = {"label": np.array(classes)[y]}
        return Examples(X, y, "classification", classes, values, title=title, features=names)
