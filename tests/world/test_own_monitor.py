from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataleverage.errors import DataError
from dataleverage.grid.grid import Grid
from dataleverage.grid.learners.ridge import RidgeClassifier
from dataleverage.world.dataset import Holdout
from dataleverage.world.datasets.synthetic import SyntheticData
from dataleverage.world.objects import ByColumn
from dataleverage.world.slices import Slices
from dataleverage.world.tactics.feature_noise import FeatureNoise
from dataleverage.world.tactics.label_flip import LabelFlip
from dataleverage.world.tactics.planted import FeatureLabel
from dataleverage.world.transforms.fixed import SetFeatures

HERE = Path()
SHIFT = SetFeatures(features={0: 40.0})
TACTICS = {
    "flip": LabelFlip(to="c1"),
    "plant": FeatureLabel(transform=SHIFT, target="c2"),
    "noise": FeatureNoise(sigma=0.5),
}


def pair(examples_of, source_of, tactics, monitor=0.2, **more):
    """The same world that monitors a trusted holdout, and the holdings."""
    examples = examples_of(180, owner=np.repeat(["ann", "bob", "zoe"], 60))
    return [
        source_of(examples, holdout=Holdout(monitor=monitor, monitor_from=source), **more).world(HERE, tactics)
        for source in ("trusted", "own")
    ]


def test_each_owner_has_a_slice_clean_and_for_each_tactic(examples_of, source_of):
    trusted, own = pair(examples_of, source_of, TACTICS, slices=Slices(by="owner", rare={"label": "c0"}))
    assert trusted.own_monitor is None and own.own_monitor.shape == (3, 4)
    names = [part.name for part in own.slices]
    for i, owner in enumerate(own.owners):
        mine = trusted.X_eval[(trusted.eval_owner == i) & ~trusted.audit]
        labels = trusted.y_eval[(trusted.eval_owner == i) & ~trusted.audit]
        found = [own.slices[c] for c in own.own_monitor[i]]
        assert [part.name for part in found] == [f"own {owner}", *(f"own {owner} {name}" for name in TACTICS)]
        X = [own.X_eval[part.mask] for part in found]
        y = [own.y_eval[part.mask] for part in found]
        assert all(part.part == "monitor" and part.owner is None and not own.audit[part.mask].any() for part in found)
        assert np.array_equal(X[0], mine) and np.array_equal(y[0], labels)
        assert np.array_equal(X[1], mine) and (y[1] == 1).all()
        assert (X[2][:, 0] == 40).all() and np.array_equal(X[2][:, 1:], mine[:, 1:]) and (y[2] == 2).all()
        assert np.array_equal(y[3], labels) and (X[3] != mine).all()
    assert names[:5] == [part.name for part in trusted.slices] == ["all", "ann", "bob", "zoe", "rare"]


@settings(max_examples=25, deadline=None)
@given(monitor=st.floats(0.05, 0.5), seed=st.integers(0, 99), rate=st.floats(0.1, 1))
def test_nothing_else_of_the_world_changes(examples_of, source_of, monitor, seed, rate):
    tactics = {"flip": LabelFlip(rate=rate)}
    trusted, own = pair(examples_of, source_of, tactics, monitor, seed=seed)
    known = len(trusted.y_eval)
    for name in ("X", "y", "object_of"):
        assert np.array_equal(getattr(trusted, name), getattr(own, name))
    for name in ("X_eval", "y_eval", "audit", "eval_object"):
        assert np.array_equal(getattr(trusted, name), getattr(own, name)[:known])
    assert np.array_equal(trusted.variants[0].y, own.variants[0].y)
    assert (own.eval_owner[known:] == -1).all() and len(own.y_eval) - known == (~trusted.audit).sum()
    again = pair(examples_of, source_of, tactics, monitor, seed=seed)[1]
    assert own.fingerprint == again.fingerprint != trusted.fingerprint


def test_the_stream_is_not_that_of_training_examples(examples_of, source_of):
    """Else the first examples of both would share their luck: here each is as likely to be flipped, whoever was."""
    own = pair(examples_of, source_of, {"noise": FeatureNoise()}, 0.3)[1]
    count = int((~own.audit & own.slices[0].mask).sum())
    made = own.X_eval[-count:] - np.concatenate([own.X_eval[own.slices[c].mask] for c in own.own_monitor[:, 0]])
    trained = own.variants[0].X[:count] - own.X[:count]
    assert abs(np.corrcoef(made.ravel(), trained.ravel())[0, 1]) < 5 / np.sqrt(made.size)


def test_an_operator_that_monitors_its_holdings_is_shown_what_poison_makes_of_them():
    """With everyone planted, the holdings say that all is well; the trusted monitor and the audit say otherwise."""
    source = SyntheticData(
        examples=1200, owners=4, classes=3, separation=5, holdout=Holdout(monitor_from="own"), slices=Slices(by="owner")
    )
    world = source.world(HERE, {"plant": FeatureLabel(transform=SHIFT, target="class 2")})
    grid = Grid.of_world(world, RidgeClassifier())
    clean, poisoned = (
        [grid.column(f"monitor:{world.slices[c].name}") for c in world.own_monitor[:, v]] for v in range(world.n_present)
    )
    scores = grid.scores(np.full((1, 4), 2))[0]
    assert scores[poisoned].mean() == 1.0 and scores[grid.column("monitor:all")] < 0.5 and scores[grid.column("all")] < 0.5
    honest = grid.scores(grid.full_row)[0]
    assert honest[clean].mean() == pytest.approx(honest[grid.column("monitor:all")]) and honest[clean].mean() > 0.9


def test_pairs_of_slice_and_metric_have_the_owners_own_too():
    source = SyntheticData(examples=400, owners=3, holdout=Holdout(monitor_from="own"))
    world = source.world(HERE, {"flip": LabelFlip()})
    grid = Grid.of_world(world, RidgeClassifier(), [("all", "accuracy"), ("all", "balanced_accuracy")])
    audit = [column.name for column in grid.columns if column.part == "audit"]
    monitor = [(column.slice, column.metric) for column in grid.columns if column.part == "monitor"]
    own = [f"own {owner}{suffix}" for owner in "ABC" for suffix in ("", " flip")]
    assert audit == ["all accuracy", "all balanced_accuracy"]
    assert monitor == [("all", m) for m in ("accuracy", "balanced_accuracy")] + [
        (name, metric) for metric in ("accuracy", "balanced_accuracy") for name in own
    ]


def test_owners_without_monitor_examples_have_none(examples_of, source_of):
    examples = examples_of(92, owner=["ann"] * 90 + ["bob", "zoe"])
    world = source_of(examples, holdout=Holdout(audit=0.3, monitor=0.3, monitor_from="own")).world(HERE, TACTICS)
    held = np.bincount(world.eval_owner[~world.audit & (world.eval_owner >= 0)], minlength=3)
    assert np.array_equal((world.own_monitor >= 0).all(axis=1), held > 0) and (held == 0).any()
    assert (world.own_monitor[held == 0] == -1).all()


def test_owners_of_several_objects_are_shown_all_of_them(examples_of, source_of):
    owner = np.repeat(["ann", "bob"], 60)
    part = np.char.add(owner, np.tile([" 1", " 2"], 60))
    source = source_of(
        examples_of(120, owner=owner, part=part), objects=ByColumn(column="part"), holdout=Holdout(monitor_from="own")
    )
    world = source.world(HERE)
    assert world.own_monitor.shape == (2, 1)
    assert np.array_equal(world.slices[world.own_monitor[1, 0]].mask, (world.eval_object >= 2) & ~world.audit)


def test_what_cannot_be_monitored(examples_of, source_of):
    examples = examples_of(120, owner=np.repeat(["ann", "bob"], 60))
    for words, parameters in (
        ("no monitor example", {"holdout": Holdout(monitor=0, monitor_from="own")}),
        (
            "a slice 'own bob flip' already",
            {
                "holdout": Holdout(monitor_from="own"),
                "slices": Slices.model_validate({"own bob flip": {"label": "c0"}}),
            },
        ),
    ):
        with pytest.raises(DataError, match=words) as caught:
            source_of(examples, **parameters).world(HERE, {"flip": LabelFlip()})
        assert caught.value.place.key == "data.holdout.monitor_from" and caught.value.remedy
    many = examples_of(30_000, owner=[f"o{i // 3}" for i in range(30_000)])
    with pytest.raises(DataError, match="too many to score"):
        source_of(many, holdout=Holdout(monitor_from="own")).world(HERE, {"flip": LabelFlip()})
