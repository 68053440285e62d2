from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics as reference

from dataleverage.errors import FitError, GridError
from dataleverage.grid.metrics import METRICS, Column, Measurer, columns_of
from dataleverage.world.world import Made, Slice, World


def evaluation_world(y, masks, classes=2, audit=None) -> World:
    """A world of which only the evaluation pool matters."""
    y = np.asarray(y)
    return World(
        task="classification" if classes else "regression",
        X=np.zeros((2, 1)),
        y=np.array([0, 1]),
        object_of=np.array([0, 1]),
        objects=("A", "B"),
        X_eval=np.zeros((len(y), 1)),
        y_eval=y,
        audit=np.ones(len(y), dtype=bool) if audit is None else np.asarray(audit),
        eval_object=np.full(len(y), -1),
        slices=tuple(Slice(name, np.asarray(mask, dtype=bool)) for name, mask in masks.items()),
        classes=tuple(f"c{k}" for k in range(classes)),
    )


def expected(metric: str, y, decision, classes: int) -> float:
    """The score by sklearn.metrics. decision : (E, K)."""
    labels = list(range(classes))
    if metric == "accuracy":
        return reference.accuracy_score(y, decision.argmax(axis=1))
    if metric == "balanced_accuracy":
        return float(np.mean([np.mean(decision.argmax(axis=1)[y == k] == k) for k in np.unique(y)]))
    if metric == "log_loss":
        return reference.log_loss(y, softmax(decision, axis=1), labels=labels)
    if metric == "auc" and classes == 2:
        return reference.roc_auc_score(y, np.nan_to_num(decision[:, 1] - decision[:, 0]))
    if metric == "auc":
        return reference.roc_auc_score(y, softmax(decision, axis=1), multi_class="ovr", labels=labels)
    if metric == "r2":
        return reference.r2_score(y, decision[:, 0])
    return reference.root_mean_squared_error(y, decision[:, 0])


@settings(max_examples=30, deadline=None)
@given(
    classes=st.integers(2, 5),
    rows=st.integers(1, 4),
    size=st.integers(12, 40),
    absent=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_classification_scores_are_those_of_sklearn(classes, rows, size, absent, seed):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.tile(np.arange(classes), 2), rng.integers(0, classes, size)])
    half = rng.random(len(y)) < 0.5
    half[:classes] = True  # every class is in it, as auc needs
    if classes == 2:
        decision = rng.integers(-3, 4, (rows, len(y), classes)) / 2.0  # coarse, so that there are ties
    else:  # ties between probabilities are sure only where all decision values are the same
        decision = rng.normal(size=(rows, len(y), classes))[:, rng.integers(0, len(y), len(y))]
    if absent:
        decision[0, :, -1] = -np.inf
    world = evaluation_world(y, {"all": np.ones(len(y)), "half": half}, classes)
    names = ["accuracy", "balanced_accuracy", "log_loss", "auc"]
    columns = columns_of(world, [(part, metric) for part in ("all", "half") for metric in names])
    scores = Measurer(world, columns)(decision)
    for c, column in enumerate(columns):
        inside = half if column.slice == "half" else slice(None)
        for r in range(rows):
            score = expected(column.metric, y[inside], decision[r][inside], classes)
            assert scores[r, c] == pytest.approx(score, abs=1e-12), column


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 3), size=st.integers(3, 30), seed=st.integers(0, 10**6))
def test_regression_scores_are_those_of_sklearn(rows, size, seed):
    rng = np.random.default_rng(seed)
    y, decision = 100 + rng.normal(size=size), 100 + rng.normal(size=(rows, size, 1))
    world = evaluation_world(y, {"all": np.ones(size)}, 0)
    columns = columns_of(world, [("all", "r2"), ("all", "rmse")])
    scores = Measurer(world, columns)(decision)
    for r in range(rows):
        assert scores[r] == pytest.approx([expected(c.metric, y, decision[r], 0) for c in columns], rel=1e-9, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(rows=st.integers(2, 60), classes=st.integers(2, 9), seed=st.integers(0, 10**6))
def test_counting_metrics_have_the_same_bits_for_every_chunking_and_order(rows, classes, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, 50)
    slices = {f"s{i}": rng.random(50) < 0.6 for i in range(7)}
    world = evaluation_world(y, slices, classes)
    pairs = [(name, metric) for name in slices for metric in ("accuracy", "balanced_accuracy")]
    measure = Measurer(world, columns_of(world, pairs))
    decision = rng.normal(size=(rows, 50, classes))
    whole = measure(decision)
    order = rng.permutation(rows)
    assert np.array_equal(measure(decision[order]), whole[order])
    assert np.array_equal(np.concatenate([measure(decision[i : i + 1]) for i in range(rows)]), whole)


def test_ties_go_to_the_lowest_class():
    world = evaluation_world([0, 1, 2], {"all": [1, 1, 1]}, 3)
    measure = Measurer(world, columns_of(world, "accuracy"))
    assert measure(np.zeros((1, 3, 3)))[0, 0] == pytest.approx(1 / 3)
    assert measure(np.array([[[-np.inf, 1.0, 1.0]] * 3]))[0, 0] == pytest.approx(1 / 3)


def test_log_loss_of_a_certain_mistake_is_clipped():
    world = evaluation_world([0, 1], {"all": [1, 1]})
    decision = np.array([[[0.0, -np.inf], [0.0, -np.inf]]])
    score = Measurer(world, columns_of(world, "log_loss"))(decision)[0, 0]
    assert score == pytest.approx(-np.log(np.finfo(np.float64).eps) / 2)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_the_cell_is_the_mean_of_the_scores_per_example(metric):
    rng = np.random.default_rng(3)
    y, audit = rng.integers(0, 3, 40), rng.random(40) < 0.5
    world = evaluation_world(y, {"all": np.ones(40), "some": rng.random(40) < 0.5}, 3, audit)
    decision = rng.normal(size=(40, 3))
    for part in ("audit", "monitor"):
        columns = columns_of(world, metric, part)
        measure = Measurer(world, columns)
        for c, column in enumerate(columns):
            each = measure.per_example(decision, column)
            assert each.shape == (column.examples,)
            assert each.mean() == pytest.approx(measure(decision[None])[0, c], abs=1e-14)


def test_metrics_that_are_no_mean_have_no_scores_per_example():
    world = evaluation_world([0, 1, 0], {"all": [1, 1, 1]})
    columns = columns_of(world, [("all", "auc"), ("all", "balanced_accuracy")])
    assert all(Measurer(world, columns).per_example(np.zeros((3, 2)), column) is None for column in columns)


def test_decision_values_that_are_no_numbers_raise():
    world = evaluation_world([0, 1], {"all": [1, 1]})
    decision = np.zeros((3, 2, 2))
    decision[1, 0, 0] = np.nan
    with pytest.raises(FitError, match="1 of 3 rows"):
        Measurer(world, columns_of(world, "accuracy"))(decision)


@pytest.mark.parametrize(
    ("classes", "metrics", "needs"),
    [
        (2, ["accuracy"], "label"),
        (2, ["accuracy", "auc"], "ranking"),
        (3, ["accuracy", "auc"], "probability"),
        (2, ["auc", "log_loss"], "probability"),
        (2, [], "label"),
    ],
)
def test_needs_is_the_most_any_column_reads(classes, metrics, needs):
    world = evaluation_world([0, 1, classes - 1], {"all": [1, 1, 1]}, classes)
    assert Measurer(world, columns_of(world, [("all", metric) for metric in metrics])).needs == needs


class TestColumns:
    world = evaluation_world(
        [0, 1, 0, 1, 0, 0],
        {"all": [1] * 6, "north": [1, 1, 0, 0, 0, 0], "zeros": [1, 0, 1, 0, 1, 1], "late": [0, 0, 0, 0, 1, 1]},
        audit=[True, True, True, True, False, False],
    )

    def test_one_metric_for_every_slice_with_examples(self):
        columns = columns_of(self.world, "accuracy", "audit")
        assert columns == (
            Column("all", "all", "accuracy", "audit", 4),
            Column("north", "north", "accuracy", "audit", 2),
            Column("zeros", "zeros", "accuracy", "audit", 2),
        )

    def test_monitor_columns_say_so_in_their_name(self):
        columns = columns_of(self.world, "accuracy", "monitor")
        assert [(c.name, c.examples) for c in columns] == [
            ("monitor:all", 2),
            ("monitor:zeros", 2),
            ("monitor:late", 2),
        ]

    def test_pairs_of_several_metrics_are_named_by_both(self):
        columns = columns_of(self.world, [("all", "accuracy"), ("north", "auc")])
        assert [c.name for c in columns] == ["all accuracy", "north auc"]
        assert [c.name for c in columns_of(self.world, [("all", "auc"), ("north", "auc")])] == ["all", "north"]

    def made_world(self, monitor: bool) -> World:
        """With examples that are made for a slice, for looking at only; and with or without others to look at."""
        world = self.world if monitor else dataclasses.replace(self.world, audit=np.ones(6, dtype=bool))
        made = Made("held", np.zeros((2, 1)), np.array([0, 1]), np.zeros(2, dtype=bool), "monitor")
        moved = Made("moved", np.zeros((3, 1)), np.array([0, 1, 1]), np.array([True, False, True]))
        return world.with_slices([*world.slices, made, moved])

    @pytest.mark.parametrize("monitor", [True, False])
    def test_a_slice_made_for_the_monitor_has_a_monitor_column_only(self, monitor):
        world = self.made_world(monitor)
        pairs = [("all", "accuracy"), ("held", "log_loss"), ("moved", "accuracy")]
        assert [(c.name, c.examples) for c in columns_of(world, pairs, "audit")] == [
            ("all accuracy", 4 if monitor else 6),
            ("moved accuracy", 2),
        ]
        everyone = [("monitor:all accuracy", 2)] if monitor else []
        assert [(c.name, c.examples) for c in columns_of(world, pairs, "monitor")] == [
            *everyone,
            ("monitor:held log_loss", 2),
            ("monitor:moved accuracy", 1),
        ]
        names = [c.name for c in columns_of(world, "accuracy", "audit")]
        assert "held" not in names and "moved" in names
        assert "monitor:held" in [c.name for c in columns_of(world, "accuracy", "monitor")]

    def test_slices_that_lack_monitor_examples_by_chance_are_still_refused(self):
        with pytest.raises(GridError, match="'north' has no monitor examples"):
            columns_of(self.made_world(True), [("all", "accuracy"), ("north", "accuracy")], "monitor")
        with pytest.raises(GridError, match="no slice 'noth'"):
            columns_of(self.made_world(False), [("noth", "accuracy")], "monitor")

    def test_owners_own_examples_are_measured_by_every_metric(self):
        mask = self.world.slices[0].mask & ~self.world.audit
        own = [Slice("own A", mask, part="monitor"), Slice("own A flip", mask, part="monitor")]
        world = dataclasses.replace(
            self.world.with_slices([*self.world.slices, *own]), own_monitor=np.array([[4, 5], [-1, -1]])
        )
        pairs = [("all", "accuracy"), ("all", "log_loss"), ("own A", "accuracy")]
        monitor = [(c.slice, c.metric) for c in columns_of(world, pairs, "monitor")]
        assert monitor == [
            *pairs,
            ("own A flip", "accuracy"),
            ("own A", "log_loss"),
            ("own A flip", "log_loss"),
        ]
        assert [c.slice for c in columns_of(world, pairs, "audit")] == ["all", "all"]

    @pytest.mark.parametrize(
        ("wanted", "says"),
        [
            ("acuracy", r"no metric 'acuracy'(?s:.)*mean 'accuracy'"),
            ("rmse", "rmse is for regression"),
            ([("noth", "accuracy")], r"no slice 'noth'(?s:.)*mean 'north'"),
            ([("late", "accuracy")], "'late' has no audit examples"),
            ([("zeros", "auc")], r"'zeros' has none of c1"),
            ("auc", "'zeros' has none of c1"),
            ([("all", "accuracy"), ("all", "accuracy")], "asked for twice"),
        ],
    )
    def test_what_cannot_be_measured_is_refused(self, wanted, says):
        with pytest.raises(GridError, match=says) as caught:
            columns_of(self.world, wanted)
        assert caught.value.remedy

    @pytest.mark.parametrize(("mask", "says"), [([1, 0, 0], "has 1 example"), ([1, 1, 0], "the same target")])
    def test_r2_needs_targets_that_differ(self, mask, says):
        world = evaluation_world([2.5, 2.5, 3.0], {"all": [1, 1, 1], "flat": mask}, 0)
        assert columns_of(world, [("all", "r2")])
        with pytest.raises(GridError, match=f"'flat' {says}|'flat' has one and {says}"):
            columns_of(world, "r2")


def test_every_metric_is_described():
    for name, metric in METRICS.items():
        assert name == metric.name
        assert all(getattr(metric, field.name) != "" for field in dataclasses.fields(metric))
