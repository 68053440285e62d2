"""Data-OOB: an example is worth what models that never saw it make of it (Kwon & Zou 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import FitError, GridError
from dataleverage.streams import Streams
from dataleverage.world.arrays import features, labels_of

if TYPE_CHECKING:
    import pandas as pd


def data_oob(
    X: ArrayLike,
    y: ArrayLike,
    *,
    estimator: Any = None,
    models: int = 200,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How often the models of a bag are right about an example that is not in their bootstrap sample.

    `ψ_i = Σ_b 1[w_bi = 0] T(y_i, f_b(x_i)) / Σ_b 1[w_bi = 0]`, with w_b the counts of the b-th bootstrap sample and T
    correctness or, for a regressor, minus the squared error. A mislabelled example is worth little. No evaluation
    examples are needed.

    Parameters
    ----------
    X, y : (N, d) and (N,). estimator : a scikit-learn classifier or regressor; a decision tree unless given.
    models : bootstrap samples, and models trained.
    groups : (N,) the group of each example: then values are the means over the examples of each group.

    Returns a DataFrame indexed by example or by group, with columns `value` (NaN where every model saw the example),
    `standard error` (over models) and `models` (how many did not see it; summed over a group's examples).
    Raises DataError for arrays that cannot be used, GridError for fewer than two models and for what is no estimator, FitError
    where a model cannot be fitted, or predicts what cannot be judged.
    """
    import pandas as pd
    from sklearn.base import clone, is_regressor

    given, target = features(X, "X"), labels_of(y, "y")
    if target.shape != (len(given),):
        raise GridError(f"y has shape {target.shape}; expected ({len(given)},)")
    if models < 2:
        raise GridError(f"{models} models are no bag", remedy="Train at least two; a hundred and more tell more.")
    model = fresh(estimator)
    streams = Streams(seed)
    drawn = streams["bagging"].integers(0, len(given), size=(models, len(given)))
    count, total, square = np.zeros((3, len(given)))
    for b, sample in enumerate(drawn):
        outside = np.ones(len(given), dtype=bool)
        outside[sample] = False
        if not outside.any():
            continue
        each = clone(model)
        if "random_state" in each.get_params():
            each.set_params(random_state=streams.integer("bagging model", b))
        try:
            predicted = np.asarray(each.fit(given[sample], target[sample]).predict(given[outside]))
            if predicted.shape != (outside.sum(),):
                raise ValueError(f"it predicts an array of shape {predicted.shape} for {outside.sum()} examples")
            truth = target[outside]
            right = -((predicted - truth) ** 2) if is_regressor(model) else (predicted == truth).astype(float)
        except Exception as error:  # an estimator may raise anything
            raise FitError(
                f"{type(model).__name__} could not be fitted on a bootstrap sample: {error}", remedy="Choose another estimator."
            ) from error
        count[outside] += 1
        total[outside] += right
        square[outside] += right**2
    with np.errstate(invalid="ignore", divide="ignore"):
        value = total / count
        spread = np.sqrt(np.maximum(square / count - value**2, 0) / np.maximum(count - 1, 1))
    each_one = pd.DataFrame(
        {"value": value, "standard error": np.where(count > 1, spread, np.inf), "models": count.astype(int)}
    )
    each_one.index.name = "example"
    if groups is None:
        return each_one
    group = labels_of(groups, "groups")
    if group.shape != (len(given),):
        raise GridError(f"groups has shape {group.shape}; expected ({len(given)},)")
    by = each_one.groupby(group)
    return pd.DataFrame(
        {
            "value": by["value"].mean(),
            # examples share models: their errors are added as if they moved together, which is never too small
            "standard error": by["standard error"].mean(),
            "models": by["models"].sum(),
        }
    ).rename_axis("group")


def fresh(estimator: Any) -> Any:
    """An unfitted copy of an estimator; a decision tree unless one is given. Raises GridError for what is no estimator."""
    from sklearn.base import clone
    from sklearn.tree import DecisionTreeClassifier

    if estimator is None:
        return DecisionTreeClassifier(random_state=0)
    try:
        copied = clone(estimator)
    except (TypeError, RuntimeError) as error:  # no estimator, a class, or one that changes its parameters
        shown = f"the class {estimator.__name__}" if isinstance(estimator, type) else repr(estimator)
        raise GridError(
            f"{shown} is no estimator that can be copied",
            key="estimator",
            remedy="Pass a scikit-learn classifier or regressor, as in `DecisionTreeClassifier()`.",
        ) from error
    if not hasattr(copied, "predict"):
        raise GridError(
            f"{type(copied).__name__} does not predict", key="estimator", remedy="Pass a scikit-learn classifier or regressor."
        )
    return copied
