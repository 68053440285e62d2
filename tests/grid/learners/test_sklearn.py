from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import softmax
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from dataleverage.errors import FitError, GridError
from dataleverage.grid.learner import pool_of
from dataleverage.grid.learners.sklearn import Sklearn


@pytest.mark.parametrize("name", ["wine, poisoned", "rare", "breast cancer"])
@pytest.mark.parametrize("need", ["label", "probability"])
def test_predicts_as_the_estimator_fitted_on_the_row(rows_of, decisions, world_named, name, need):
    world = world_named(name)
    rows = rows_of(world, most=8)
    decision = decisions(world, Sklearn(DecisionTreeClassifier(max_depth=3)), rows, need)
    for row, mine in zip(rows, decision, strict=True):
        model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(row.X, row.y)
        assert np.array_equal(mine.argmax(axis=1), model.predict(world.X_eval))
        if need == "probability":
            shares = softmax(mine, axis=1)
            assert shares[:, model.classes_] == pytest.approx(model.predict_proba(world.X_eval), abs=1e-12)
            assert shares.sum(axis=1) == pytest.approx(1)


def test_ranking_is_the_decision_function(rows_of, decisions, world_named):
    world = world_named("breast cancer, poisoned")
    rows = rows_of(world, most=5)
    for row, mine in zip(rows, decisions(world, Sklearn(SVC()), rows, "ranking"), strict=True):
        theirs = SVC(random_state=0).fit(row.X, row.y).decision_function(world.X_eval)
        assert mine[:, 1] - mine[:, 0] == pytest.approx(theirs, abs=1e-12)


def test_regressor_predicts_as_fitted_on_the_row(rows_of, decisions, world_named):
    world = world_named("diabetes")
    rows = rows_of(world, most=8)
    learner = Sklearn("KNeighborsRegressor", params={"n_neighbors": 1})
    for row, mine in zip(rows, decisions(world, learner, rows, "label"), strict=True):
        model = KNeighborsRegressor(n_neighbors=1).fit(row.X, row.y)
        assert np.array_equal(mine[:, 0], model.predict(world.X_eval))


def test_preprocessing_is_the_worlds(rows_of, decisions, world_named):
    world = world_named("wine")
    learner = Sklearn(KNeighborsClassifier(n_neighbors=1), preprocess="min_max")
    rows = rows_of(world, preprocess="min_max", most=6)
    X_eval = (world.X_eval - world.X.min(axis=0)) / np.ptp(world.X, axis=0)
    for row, mine in zip(rows, decisions(world, learner, rows, "label"), strict=True):
        theirs = KNeighborsClassifier(n_neighbors=1).fit(row.X, row.y).predict(X_eval)
        assert np.array_equal(mine.argmax(axis=1), theirs)


def test_random_states_left_open_are_fixed_at_every_depth(rows_of, decisions, world_named):
    world = world_named("wine")
    rows = rows_of(world, most=3)
    learner = Sklearn(make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=3)))
    first, second = decisions(world, learner, rows, "probability"), decisions(world, learner, rows, "probability")
    assert np.array_equal(first, second)
    kept = Sklearn(RandomForestClassifier(random_state=7)).build()
    assert kept.random_state == 7


def test_a_name_and_an_instance_give_the_same_scores(rows_of, decisions, world_named):
    world = world_named("wine")
    rows = rows_of(world, most=4)
    named = Sklearn(estimator="DecisionTreeClassifier", params={"max_depth": 2})
    given = Sklearn(DecisionTreeClassifier(max_depth=2))
    assert np.array_equal(decisions(world, named, rows), decisions(world, given, rows))


class TestIdentity:
    def test_the_same_estimator_has_the_same_fingerprint(self):
        one, two = (Sklearn(make_pipeline(StandardScaler(), SVC(C=2.0))) for _ in range(2))
        assert one.fingerprint() == two.fingerprint()
        assert one == two
        assert hash(one) == hash(two)
        assert "0x" not in one.model_dump_json()

    def test_any_parameter_at_any_depth_changes_it(self):
        prints = {
            Sklearn(make_pipeline(StandardScaler(with_mean=mean), SVC(C=C))).fingerprint()
            for mean in (True, False)
            for C in (1.0, 2.0)
        }
        assert len(prints) == 4

    def test_later_changes_to_the_instance_do_not_reach_the_learner(self):
        tree = DecisionTreeClassifier(max_depth=3)
        learner = Sklearn(tree)
        before = learner.fingerprint()
        tree.set_params(max_depth=9)
        assert learner.fingerprint() == before
        assert learner.build().max_depth == 3

    def test_a_file_gets_back_what_it_wrote(self):
        learner = Sklearn("DecisionTreeClassifier", params={"max_depth": 3})
        assert Sklearn.model_validate_json(learner.model_dump_json()) == learner


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ({"estimator": "DecisionTreeClasifier"}, "nearest are DecisionTreeClassifier"),
            ({"estimator": "os.system"}, "no classifier or regressor 'os.system'"),
            ({"estimator": "SVC", "params": {"depth": 3}}, "parameters are .*kernel"),
            ({"estimator": "StackingClassifier"}, "missing 1 required"),
            ({"estimator": DecisionTreeClassifier}, "is no estimator"),
            ({"estimator": SVC(), "params": {"C": 2}}, "set them on the instance"),
            ({"estimator": SVC(random_state=np.random.RandomState(1))}, "cannot be told apart"),
            ({}, "Field required"),
            ({"estimator": "SVC", "epochs": 3}, "epochs"),
        ],
    )
    def test_estimators_that_cannot_be_built(self, data, says):
        with pytest.raises(ValidationError, match=says):
            Sklearn(**data)

    def test_an_estimator_for_another_task(self, world_named):
        with pytest.raises(GridError, match="KNeighborsRegressor does no classification"):
            Sklearn("KNeighborsRegressor").check(pool_of(world_named("wine")), "label")
        with pytest.raises(GridError, match="SVC does no regression"):
            Sklearn("SVC").check(pool_of(world_named("diabetes")), "label")

    def test_probabilities_from_an_estimator_without(self, world_named):
        with pytest.raises(GridError, match="RidgeClassifier has no predict_proba"):
            Sklearn(RidgeClassifier()).prepare(pool_of(world_named("wine")), "probability")

    def test_margins_one_a_pair_of_classes_are_never_read_as_one_a_class(self, world_named):
        with pytest.raises(GridError, match="SVC has no predict_proba"):
            Sklearn(SVC(decision_function_shape="ovo")).prepare(pool_of(world_named("wine")), "ranking")

    def test_what_an_estimator_raises_names_the_size_of_the_row(self, rows_of, decisions, world_named):
        world = world_named("wine")
        row = min(rows_of(world), key=lambda row: len(row.y))
        learner = Sklearn(KNeighborsClassifier(n_neighbors=1, metric="no such metric"))
        with pytest.raises(FitError, match=f"KNeighborsClassifier .* a row of {len(row.y)} examples"):
            decisions(world, learner, [row])

    @pytest.mark.parametrize("model", [LogisticRegression(max_iter=2), SGDClassifier(max_iter=2)])
    def test_a_warning_that_it_did_not_converge_is_an_error(self, rows_of, decisions, world_named, model):
        world = world_named("wine")
        with pytest.raises(FitError, match="could not be fitted"):
            decisions(world, Sklearn(model), rows_of(world, most=2), "label")


def test_an_estimator_that_cannot_predict_is_named(world_named):
    world = world_named("wine")
    predictor = Sklearn("KNeighborsClassifier", params={"n_neighbors": 500}).prepare(pool_of(world), "label")
    with pytest.raises(FitError, match="KNeighborsClassifier was fitted on a row and could not predict"):
        predictor(np.ones((1, world.n_objects), dtype=np.uint8))


@pytest.mark.parametrize("estimator", [DecisionTreeClassifier(max_depth=3, random_state=0), SVC(random_state=0)])
def test_weights_are_the_sample_weights_of_the_fit(rows_of, weighted, decisions, world_named, estimator):
    world = world_named("wine, poisoned")
    rows = weighted(world, rows_of(world, most=8))
    for row, mine in zip(rows, decisions(world, Sklearn(estimator), rows, "label"), strict=True):
        theirs = clone(estimator).fit(row.X, row.y, sample_weight=row.w).predict(world.X_eval)
        assert np.array_equal(mine.argmax(axis=1), theirs)


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), make_pipeline(StandardScaler(), LogisticRegression())])
def test_an_estimator_that_takes_no_sample_weight_is_named(estimator):
    with pytest.raises(GridError, match=f"fit of {type(estimator).__name__} takes no sample_weight") as caught:
        Sklearn(estimator).check_weights()
    assert caught.value.place.key == "learner.estimator" and caught.value.remedy
