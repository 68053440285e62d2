from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from dataleverage.world.world import Slice, Variant, World, object_names, owner_slices

CODE = """
import sys, pathlib
from dataleverage.scenario.load import loads
print(loads(sys.stdin.read()).setup().grid.world.fingerprint)
"""
SCENARIO = """
title: t
data: {kind: sklearn, name: wine, objects: {by: label_skew, count: 4}, slices: {by: owner}}
learner: ridge_classifier
tactics: {flip: label_flip}
creators: [{name: c, count: 4}]
operators: [{name: o}]
"""


def small() -> World:
    rng = np.random.default_rng(0)
    y = np.array([0, 1, 0, 1, 1, 0])
    return World(
        task="classification",
        X=rng.normal(size=(6, 2)),
        y=y,
        object_of=np.array([0, 0, 1, 1, 2, 2]),
        objects=("A", "B", "C"),
        X_eval=rng.normal(size=(4, 2)),
        y_eval=np.array([0, 1, 1, 0]),
        audit=np.array([True, True, False, True]),
        eval_object=np.array([0, 1, -1, 2]),
        slices=(Slice("all", np.ones(4, dtype=bool)), Slice("half", np.array([True, True, False, False]))),
        classes=("no", "yes"),
        variants=(Variant("flip", np.zeros((6, 2)), 1 - y),),
    )


def moved(value):
    """The same array with one thing changed."""
    changed = value.copy()
    changed.flat[1] = ~changed.flat[1] if changed.dtype == bool else changed.flat[1] + 1
    return changed


CHANGES = {
    **{name: (lambda world, name=name: {name: moved(getattr(world, name))}) for name in ("X", "y", "object_of", "X_eval")},
    **{name: (lambda world, name=name: {name: moved(getattr(world, name))}) for name in ("y_eval", "audit", "eval_object")},
    "task": lambda world: {"task": "regression"},
    "ratings": lambda world: {"task": "rating"},
    "users": lambda world: {"task": "rating", "users": 3},
    "items": lambda world: {"task": "rating", "items": 3},
    "objects": lambda world: {"objects": ("A", "B", "D")},
    "more objects, fewer classes": lambda world: {"objects": ("A", "B", "C", "no"), "classes": ("yes",)},
    "classes": lambda world: {"classes": ("no", "oh")},
    "slice mask": lambda world: {"slices": (world.slices[0], Slice("half", moved(world.slices[1].mask)))},
    "slice name": lambda world: {"slices": (world.slices[0], Slice("part", world.slices[1].mask))},
    "slice order": lambda world: {"slices": world.slices[::-1]},
    "no slice": lambda world: {"slices": world.slices[:1]},
    "variant X": lambda world: {"variants": (replace(world.variants[0], X=moved(world.variants[0].X)),)},
    "variant y": lambda world: {"variants": (replace(world.variants[0], y=moved(world.variants[0].y)),)},
    "tactic": lambda world: {"variants": (replace(world.variants[0], tactic="slip"),)},
    "no variant": lambda world: {"variants": ()},
    "type": lambda world: {"X": world.X.astype(np.float32)},
    "smallest change": lambda world: {"X": np.nextafter(world.X, 9)},
}


def test_the_fingerprint_changes_with_everything_a_score_depends_on():
    world = small()
    prints = {name: replace(world, **change(world)).fingerprint for name, change in CHANGES.items()}
    prints["as it is"] = world.fingerprint
    assert len(set(prints.values())) == len(prints)
    covered = {name for change in CHANGES.values() for name in change(world)}
    assert {field.name for field in fields(World)} - covered == {"owners", "owner_of", "title", "features", "own_monitor"}


def test_the_fingerprint_is_that_of_the_content():
    world = small()
    fortran = replace(world, X=np.asfortranarray(world.X), title="another title")
    assert fortran.fingerprint == small().fingerprint == world.fingerprint


def test_the_fingerprint_is_the_same_in_another_process():
    from dataleverage.scenario.load import loads

    run = [sys.executable, "-c", CODE]
    told = subprocess.run(run, input=SCENARIO, capture_output=True, text=True, check=True).stdout.strip()
    assert told == loads(SCENARIO).grid().world.fingerprint


def test_an_owner_an_object_unless_given():
    world = small()
    assert world.owners == world.objects and world.owner_of.tolist() == [0, 1, 2]
    assert world.eval_owner.tolist() == [0, 1, -1, 2]
    two = replace(world, owners=("x", "y"), owner_of=np.array([1, 0, 1]))
    assert two.eval_owner.tolist() == [1, 0, -1, 1]
    assert [(part.name, part.mask.tolist(), part.owner) for part in owner_slices(two.owners, two.eval_owner)] == [
        ("x", [False, True, False, False], 0),
        ("y", [True, False, False, True], 1),
    ]


def test_sizes_and_ways_of_being_present():
    world = small()
    assert world.sizes.tolist() == [2, 2, 2] and world.n_objects == 3 and world.n_present == 2
    assert world.with_variants(()).n_present == 1 and world.with_slices(()).slices == ()


@pytest.mark.parametrize("count", [1, 26, 27, 1000])
def test_object_names_differ(count):
    names = object_names(count)
    assert len(set(names)) == len(names) == count and names[0] == "A"
    assert object_names(28)[25:] == ("Z", "A1", "B1")
