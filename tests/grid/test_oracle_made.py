"""Examples that slices make are scored as a pool of their own would be, by every learner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataleverage.grid.grid import Grid
from dataleverage.kinds import family
from dataleverage.world.datasets.bundled import SklearnData
from dataleverage.world.objects import Random
from dataleverage.world.slices import Slices
from dataleverage.world.tactics.label_flip import LabelFlip
from dataleverage.world.tactics.planted import FeatureLabel
from dataleverage.world.transforms.fixed import SetFeatures
from dataleverage.world.world import Slice, World


def made_for_slices() -> World:
    """Wine in four objects, one of two tactics at a time, and slices that change examples or hold training examples."""
    moved = SetFeatures(features={"alcohol": 15.0, "hue": 1.0})
    source = SklearnData(
        name="wine",
        objects=Random(count=4),
        slices=Slices.model_validate(
            {"moved": {"transform": moved}, "called": {"transform": moved, "target": "class_0"}, "held": {"held": "B"}}
        ),
    )
    return source.world(Path(), {"plant": FeatureLabel(transform=moved, target="class_0"), "flip": LabelFlip()})


CLASSIFIERS = [kind for tag, kind in family("learner").members.items() if "classification" in kind.task and tag != "sklearn"]


@pytest.mark.parametrize("kind", CLASSIFIERS, ids=lambda kind: kind.__name__)
def test_made_examples_are_scored_by_every_way_of_every_learner_as_a_pool_of_their_own(kind):
    """The same models asked about the made examples alone, which are made anew here, by arithmetic."""
    world, learner = made_for_slices(), kind(preprocess="min_max")
    here = {part.name: part.mask for part in world.slices}
    whole, B = here["all"] & world.audit, world.object_of == 1
    X = world.X_eval[whole].copy()
    names = [str(feature) for feature in world.features]
    X[:, names.index("alcohol")], X[:, names.index("hue")] = 15.0, 1.0
    rows = np.array([[1, 1, 1, 1], [1, 0, 2, 1], [2, 2, 0, 1], [3, 1, 1, 0]], dtype=np.uint8)
    metrics = ["accuracy", "log_loss"] if "probability" in kind.gives else ["accuracy", "balanced_accuracy"]
    pairs = [(name, metric) for name in ("moved", "called", "held") for metric in metrics]
    grid = Grid.of_world(world, learner, pairs)
    oracle = grid.oracle
    for predict in (oracle.predictor, learner.loop(oracle.pool, oracle.measure.needs)):
        scores = oracle.measure(oracle.decided_by(predict, rows))
        for name, X_alone, y_alone in (
            ("moved", X, world.y_eval[whole]),
            ("called", X, np.zeros(whole.sum(), dtype=np.int64)),
            ("held", world.X[B], world.y[B]),
        ):
            every = np.ones(len(y_alone), dtype=bool)
            alone = replace(
                world,
                X_eval=X_alone,
                y_eval=y_alone,
                audit=every,
                eval_object=np.full(len(y_alone), -1),
                slices=(Slice("all", every),),
            )
            expected = Grid.of_world(alone, learner, [("all", metric) for metric in metrics]).scores(rows)
            prefix = "monitor:" if name == "held" else ""
            found = scores[:, [grid.column(f"{prefix}{name} {metric}") for metric in metrics]]
            assert np.array_equal(found[:, 0], expected[:, 0]) and found[:, 1] == pytest.approx(expected[:, 1], rel=1e-5)
