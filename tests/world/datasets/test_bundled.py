from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn import datasets

from dataleverage.world.datasets.bundled import SklearnData
from dataleverage.world.objects import ByColumn, ByLabel

NAMES = ["iris", "wine", "breast_cancer", "digits", "diabetes"]


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_those_of_scikit_learn(name):
    bunch = getattr(datasets, f"load_{name}")()
    examples = SklearnData(name=name).read(Path())
    assert np.array_equal(examples.X, bunch.data) and np.array_equal(examples.y, bunch.target)
    assert f"{bunch.data.shape[0]:,} examples" in examples.title
    says = SklearnData.model_fields["name"].description
    assert f"{name} {bunch.data.shape[0]:,}x{bunch.data.shape[1]}" in says
    if name == "diabetes":
        assert examples.task == "regression" and examples.classes == ()
    else:
        assert examples.classes == tuple(str(label) for label in bunch.target_names)
        assert examples.values["label"].tolist() == [str(bunch.target_names[k]) for k in bunch.target]


def test_objects_by_label_and_by_the_column_label_are_the_same():
    one, two = (SklearnData(name="wine", objects=o).world(Path()) for o in (ByLabel(), ByColumn(column="label")))
    assert one.objects == two.objects == ("class_0", "class_1", "class_2")
    assert one.fingerprint == two.fingerprint


def test_there_are_no_others():
    with pytest.raises(ValidationError, match="iris"):
        SklearnData(name="boston")
