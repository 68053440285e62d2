"""Any scikit-learn estimator, fitted anew on every row: slow, and always right."""

from __future__ import annotations

import difflib
import hashlib
import inspect
import json
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, JsonValue, WithJsonSchema, field_serializer, field_validator, model_validator

from dataleverage.errors import GridError
from dataleverage.grid.learner import Learner, Need, Pool, Predictor
from dataleverage.grid.loop import Loop, reading
from dataleverage.world.world import Task


class Sklearn(Learner):
    """A scikit-learn estimator, cloned and fitted on every row's examples in training order.

    In Python, an instance: `Sklearn(DecisionTreeClassifier(max_depth=3))`; in a file, the name of one of scikit-learn's
    own classes and its `params`. A `random_state` that is None, at any depth, is set to 0, so that a row has one score.
    Weights are its fit's `sample_weight`. What an estimator raises, and a warning that it did not converge, becomes a FitError.
    """

    kind: Literal["sklearn"] = "sklearn"
    estimator: Annotated[Any, WithJsonSchema({"type": "string"})] = Field(
        description="A class of scikit-learn by name (DecisionTreeClassifier); from Python, an estimator."
    )
    params: dict[str, JsonValue] = Field(
        default_factory=dict, description="Parameters of the named class, as scikit-learn calls them."
    )
    # Both depend on the estimator: `check` refuses what this one cannot do.
    gives: ClassVar[tuple[Need, ...]] = ("label", "ranking", "probability")
    task: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    weighs: ClassVar[bool] = True  # but for estimators that `check_weights` refuses
    threads: ClassVar[bool] = False  # most fits hold the interpreter's lock: worker processes are used instead
    loops: ClassVar[bool] = True

    def __init__(self, *estimator: Any, **data: Any) -> None:
        if len(estimator) > 1:
            raise TypeError(f"Sklearn takes one estimator, not {len(estimator)}; parameters go by name")
        super().__init__(**({"estimator": estimator[0]} if estimator else {}), **data)

    @field_validator("estimator")
    @classmethod
    def known(cls, given: Any) -> Any:
        """A name must be one of scikit-learn's own; anything else must behave as an estimator does."""
        if isinstance(given, str):
            names = own_classes()
            if given not in names:
                close = difflib.get_close_matches(given, names, n=3)
                raise ValueError(
                    f"scikit-learn has no classifier or regressor {given!r}"
                    + (f"; the nearest are {', '.join(close)}" if close else "")
                )
        elif isinstance(given, type) or not all(hasattr(given, name) for name in ("fit", "predict", "get_params")):
            raise ValueError(f"{given!r} is no estimator: give an instance with fit, predict and get_params")
        else:
            from sklearn.base import clone

            return clone(given)  # later changes to the caller's instance must not change this learner
        return given

    @model_validator(mode="after")
    def buildable(self) -> Sklearn:
        """Unknown parameters, and those that no fingerprint can tell apart, are found here, not in the first fit."""
        if self.params and not isinstance(self.estimator, str):
            raise ValueError("params belong to an estimator given by name; set them on the instance instead")
        try:
            model = self.build()
        except TypeError as error:
            parameters = inspect.signature(own_classes()[str(self.estimator)]).parameters
            raise ValueError(f"{error}; its parameters are {', '.join(parameters)}") from error
        stable(model)
        return self

    @field_serializer("estimator")
    def in_text(self, given: Any) -> str:
        """An instance as its class and parameters: the same text for the same estimator, in every process."""
        return given if isinstance(given, str) else stable(given)

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sklearn) and self.fingerprint() == other.fingerprint()

    def build(self) -> Any:
        """A fresh estimator with every `random_state` set."""
        from sklearn.base import clone

        if isinstance(self.estimator, str):
            model = own_classes()[self.estimator](**self.params)
        else:
            model = clone(self.estimator)
        unset = [name for name, value in model.get_params(deep=True).items() if seeded(name) and value is None]
        return model.set_params(**dict.fromkeys(unset, 0))

    def check(self, pool: Pool, need: Need) -> None:
        from sklearn.base import is_classifier, is_regressor

        model = self.build()
        wanted = "regression" if pool.n_classes == 0 else "classification"
        if not (is_regressor(model) if wanted == "regression" else is_classifier(model)):
            raise GridError(
                f"{type(model).__name__} does no {wanted}, and the target asks for it",
                remedy=f"Name one of scikit-learn's estimators for {wanted}.",
                key="learner.estimator",
            )
        reading(model, need, pool.n_classes)

    def check_weights(self) -> None:
        """Raises GridError for estimators whose fit takes no sample_weight, and for pipelines, which do not pass it on."""
        from sklearn.utils.validation import has_fit_parameter

        super().check_weights()
        model = self.build()
        if not has_fit_parameter(model, "sample_weight"):
            raise GridError(
                f"the fit of {type(model).__name__} takes no sample_weight: learner {self.tag} cannot weigh its examples",
                remedy="Name an estimator whose fit takes it, or leave out the weights.",
                key="learner.estimator",
            )

    def prepare(self, pool: Pool, need: Need) -> Predictor:
        """Decision values: 1 for the predicted class where labels are enough, otherwise log-probabilities or margins.

        Few estimators predict another label than their most probable one (SVC does); where a metric of any column
        needs more than labels, the label is that with the largest decision value.
        """
        self.check(pool, need)
        model = self.build()
        return Loop(pool, model, reading(model, need, pool.n_classes))

    def loop(self, pool: Pool, need: Need) -> Predictor:
        return self.prepare(pool, need)


@cache
def own_classes() -> dict[str, type]:
    """scikit-learn's own classifiers and regressors by name."""
    from sklearn.utils import all_estimators

    return dict(all_estimators(type_filter=["classifier", "regressor"]))


def seeded(name: str) -> bool:
    """Whether a parameter, at any depth (`forest__random_state`), is a random state."""
    return name.rsplit("__", 1)[-1] == "random_state"


def stable(model: Any) -> str:
    """An estimator as text that is the same in every process: its class and all its parameters, at every depth."""
    return json.dumps(described(model), sort_keys=True)


def described(value: Any) -> Any:
    """A parameter as plain data. Raises ValueError for what has no text of its own (an open generator, say)."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return [value.dtype.str, list(value.shape), hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    if isinstance(value, dict):
        return {str(key): described(each) for key, each in value.items()}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if hasattr(value, "get_params"):
        return {f"{type(value).__module__}.{type(value).__qualname__}": described(value.get_params(deep=False))}
    if hasattr(value, "__qualname__") and "<" not in value.__qualname__:
        return f"{value.__module__}.{value.__qualname__}"
    raise ValueError(
        f"the parameter {value!r} cannot be told apart from others by its text; give a number, a text or an estimator"
    )
