from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

from dataleverage.errors import GameError
from dataleverage.game.model import LeverageGame
from dataleverage.game.operator import Operator
from dataleverage.game.policies.response.ignore import Ignore
from dataleverage.game.policy import Agreement, Answer, Bill, Defence, Response, Selection

MINE = {"name": "ours", "demand": {"wage": 1.0}}


pytestmark = pytest.mark.usefixtures("forget_kinds")


def play(make_setup, scripts, **policies: Any):
    """Two creators, of whom A deletes in round 2; a policy whose answers are given for round 2 on."""
    setup = make_setup(
        2, scripts({2: "delete"}, {}), rounds=3, collectives=[MINE], tactics=("flip",), **policies.pop("setup", {})
    )
    operator = Operator.model_construct(**{**dict(Operator()), **policies})
    object.__setattr__(setup, "operators", (operator,))
    return LeverageGame(setup).play()


def selecting(answer):
    class Strange(Selection):
        kind: Literal["strange"] = "strange"

        def select(self, desk, holdings):
            return answer(holdings) if desk.round == 2 else holdings

    return Strange()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda held: held[:, :1], r"rows of shape \(1, 1\) and type uint8; expected \(1, 2\) of uint8"),
        (lambda held: held.astype(float) * np.nan, r"type float64"),
        (lambda held: held.tolist(), r"type int64"),
        (lambda held: np.ones_like(held), r"the object A as 1; expected a row within its holdings: it does not hold it"),
        (lambda held: held * 2, r"the object B as 2; expected a row within its holdings: it holds it as 1"),
    ],
)
def test_a_selection_that_answers_nonsense_is_named_with_the_round(make_setup, scripts, answer, told):
    with pytest.raises(GameError, match=f"the selection strange of operator answered round 2 with .*{told}") as caught:
        play(make_setup, scripts, selection=selecting(answer))
    assert caught.value.place.key == "operators.0.selection"


@pytest.mark.parametrize(
    ("what", "answer", "told"),
    [
        ("filter", lambda rows: np.ones_like(rows), "the object A as 1"),
        ("filter", lambda rows: rows[0], "rows of shape"),
        ("weigh", lambda rows: np.full(rows.shape, np.nan), "a weight of nan"),
        ("weigh", lambda rows: np.full(rows.shape, 1.5), "a weight of 1.5"),
        ("weigh", lambda rows: np.ones(3), "weights of shape"),
        ("suspicion", lambda rows: np.full(rows.shape, np.nan), "a suspicion that is no number"),
        ("suspicion", lambda rows: np.ones(3), "suspicions of shape"),
        ("publish", lambda scores: scores * np.nan, "a score of nan"),
        ("publish", lambda scores: scores[0], "scores of shape"),
    ],
)
def test_a_defence_that_answers_nonsense_is_named_with_the_round(make_setup, scripts, what, answer, told):
    class Odd(Defence):
        kind: Literal["odd"] = "odd"

        def filter(self, desk, rows):
            return answer(rows) if what == "filter" and desk.round == 2 else rows

        def suspicion(self, desk, rows):
            return answer(rows) if what == "suspicion" and desk.round == 2 else None

        def weigh(self, desk, rows):
            return answer(rows) if what == "weigh" and desk.round == 2 else None

        def publish(self, desk, scores):
            return answer(scores) if what == "publish" and desk.round == 2 else scores

    with pytest.raises(GameError, match=f"the defence odd of operator answered round 2 with {told}"):
        play(make_setup, scripts, defence=Odd())


def responding(**given):
    class Queer(Ignore):
        kind: Literal["queer"] = "queer"  # type: ignore[assignment]

        @property
        def agrees(self):
            return given.get("agrees", True)

        def pay(self, desk, books):
            return given["pay"](books) if "pay" in given and desk.round == 2 else ()

        def release(self, desk, held, rows, scores):
            return given["release"](rows, scores) if "release" in given and desk.round == 2 else (rows, scores)

        def answer(self, desk, books):
            return given["answer"] if "answer" in given and desk.round == 2 else None

    return Queer()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pay": lambda books: [Bill("gift", np.array([[1.0]]))]}, r"amounts of shape \(1, 1\)"),
        ({"pay": lambda books: [Bill("gift", np.array([[1.0, np.nan]]))]}, "an amount of nan for 'gift'"),
        ({"pay": lambda books: [Bill("gift", np.array([[1.0, -2.0]]))]}, "an amount of -2.0 for 'gift'"),
        ({"release": lambda rows, scores: (rows[:, :1], scores)}, "rows of shape"),
        ({"release": lambda rows, scores: (rows, scores * np.inf)}, "a score of inf"),
        ({"release": lambda rows, scores: (rows * 0, scores)}, "a model that it neither trained now nor served before"),
        ({"answer": Answer(grants=(Agreement(0, 0),)), "agrees": False}, "an agreement; expected none"),
        ({"answer": Answer(grants=(Agreement(0, 1),))}, "an agreement of operator 0 with collective 1"),
        ({"answer": Answer(grants=(Agreement(1, 0),))}, "an agreement of operator 1 with collective 0"),
        ({"answer": Answer(grants=(Agreement(0, 0, rate=np.nan),))}, "the terms"),
        ({"answer": Answer(grants=(Agreement(0, 0, rate=1.5),))}, "the terms"),
        ({"answer": Answer(breaks=(3,))}, "that it breaks with collective 3"),
        ({"answer": Answer(bans=np.zeros(3, dtype=np.int64))}, "bans of shape"),
        ({"answer": Answer(bans=np.zeros(2))}, "bans of shape .* type float64"),
    ],
)
def test_a_response_that_answers_nonsense_is_named_with_the_round(make_setup, scripts, given, told):
    with pytest.raises(GameError, match=f"the response queer of operator answered round 2 with {told}"):
        play(make_setup, scripts, response=responding(**given))


def test_a_model_of_deleted_data_is_not_served_again_under_the_right_to_it(make_setup, scripts):
    def back(rows, scores):
        return np.ones_like(rows), scores

    record = play(make_setup, scripts, response=responding(release=back))
    assert record.rounds.row.tolist() == ["AB", "AB", "AB", "B"], "a model that was served before may be served again"
    forced = {"rights": {"model_deletion": True}}
    with pytest.raises(GameError, match="a model of A, which was deleted"):
        play(make_setup, scripts, response=responding(release=back), setup=forced)


def test_answers_that_make_sense_pass(make_setup, scripts):
    class Kind(Response):
        kind: Literal["generous"] = "generous"

        @property
        def agrees(self):
            return True

        def pay(self, desk, books):
            yield Bill("gift", books.held * 1.0)

        def answer(self, desk, books):
            return Answer(grants=(Agreement(0, 0, wage=1.0, since=desk.round),), bans=np.array([0, 9]))

    record = play(make_setup, scripts, response=Kind(), selection=selecting(lambda held: held * 0))
    assert record.rounds.row.tolist() == ["AB", "AB", "", ""], "and who is banned from round 2 on is not trained on"
    assert record.transfers.groupby("reason").amount.sum().to_dict() == {"gift": 4.0, "bargain": 2.0}
