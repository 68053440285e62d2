"""What holds in every game: small ones with whatever strategies, calls, policies, rights, prices and ages there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataleverage.game.levers import Move
from dataleverage.game.model import LeverageGame
from dataleverage.game.network import ErdosRenyi
from dataleverage.game.strategy import Strategy
from dataleverage.grid.rows import from_words
from dataleverage.kinds import family

N = 4
NAMES = "ABCD"


def kind(tag: str, **more: Any) -> Strategy:
    made: Strategy = family("strategy").members[tag].model_validate(more)
    return made


# the same for whoever is numbered how: nothing is drawn, and ties do not hang on the order of creators
CERTAIN = [
    kind("always"),
    kind("always", move="poison"),
    kind("scripted", moves={1: "withhold", 3: "contribute"}),
    kind("scripted", moves={2: {"lever": "withhold", "use": "none"}}),
    kind("threshold", mean=0.3),
    kind("best_response"),
    kind("reservation", amount=0.3, probe=3),
    kind("conditional", k=2),
    kind("member"),
    kind("member", noise=1.0, instead="opposite"),
]
DRAWN = [
    kind("random", p=0.4),
    kind("threshold", mean=0.4, sd=0.2, steepness=3.0),
    kind("best_response", revise=0.5, knows="belief"),
    kind("logit"),
    kind("imitation", mutation=0.1),
    kind("reinforcement"),
    kind("reservation", value="shapley"),
    kind("member", noise=0.3),
]
CALLS = [
    "follow",
    {"kind": "fixed", "move": "withhold", "first": 2, "last": 3},
    {"kind": "strike", "while_fund": True},
    {"kind": "escalate", "every": 1},
    {"kind": "rotate", "share": 0.5},
]
SELECTIONS = [
    "everything",
    {"kind": "budget", "examples": 8},
    {"kind": "budget", "share": 0.7, "by": "random"},
    {"kind": "budget", "share": 0.7, "by": "value"},
    {"kind": "budget", "examples": 9, "by": "gain", "look": "unveil"},
    {"kind": "buy", "horizon": 3},
    {"kind": "buy", "look": "unveil", "most": None},
]
DEFENCES = [
    "none",
    {"kind": "none", "cost": 0.1},
    {"kind": "leave_one_out", "margin": 0.1},
    {"kind": "leave_one_out", "look": "believe"},
]
OF_EXAMPLES = {
    "knn_sanitise",
    "loss_filter",
    "isolation_forest",
    "reweight",
    "noise",
}  # defences that a formula has nothing for
SPLITS = ["equally", "size", "leave_one_out", "shapley", "banzhaf"]


def tag(given: Any) -> str:
    return given if isinstance(given, str) else str(given["kind"])


@st.composite
def games(draw, strategies):
    """(the arguments of a setup, a seed), of four creators with five objects."""
    two = draw(st.booleans())
    price = draw(st.none() | st.lists(st.sampled_from([0.0, 0.0, 0.5, 2.0]), min_size=5, max_size=5))
    selections = [each for each in SELECTIONS if price is not None or tag(each) != "buy"]
    deletion = draw(st.booleans())
    responses: list[Any] = [
        "ignore",
        {"kind": "wage"},
        {"kind": "bargain"},
        {"kind": "concede"},
        {"kind": "ban"},
        {"kind": "rollback"},
        {
            "kind": "dividend",
            "rate": 0.3,
            "split": draw(st.sampled_from(SPLITS)),
            "look": draw(st.sampled_from(["believe", "unveil"])),
        },
        draw(st.builds(lambda a, b: ("fickle", a, b), st.sets(st.integers(1, 5)), st.sets(st.integers(1, 5)))),
    ]
    operators = [
        {
            "name": name,
            "response": draw(st.sampled_from(responses)),
            "selection": draw(st.sampled_from(selections)),
            "defence": draw(st.sampled_from(DEFENCES)),
            "retrain": {"every": draw(st.integers(1, 2)), "if_gain": draw(st.sampled_from([None, None, 0.0, 0.1]))},
            "unveil_cost": draw(st.sampled_from([0.0, 0.05])),
            "belief": draw(st.sampled_from(["neighbour_mean", "additive"])),
            "reserve": {draw(st.integers(0, 3)): [draw(st.sampled_from("ABCDE"))]} if draw(st.booleans()) else {},
        }
        for name in ("a", "b")[: 1 + two]
    ]
    collectives = []
    for name in ("first", "second")[: draw(st.integers(0, 2))]:
        who = sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1)))
        members: dict[str, Any] = {"creators": who}
        if draw(st.booleans()):
            members |= {"join": "participation", "success": {"worth": 2.0, "free_riders": 0.2}}
        demand = draw(st.sampled_from([None, {"wage": 0.2}, {"dividend": 0.4}, {"promise": 0.3, "free_riders": 0.5}]))
        collectives.append(
            {
                "name": name,
                "members": members,
                "calls": draw(st.sampled_from(CALLS)),
                "operator": draw(st.sampled_from([each["name"] for each in operators])),
                "demand": demand,
                "fund": {
                    "start": draw(st.sampled_from([0.0, 0.7])),
                    "dues": 0.1,
                    "strike_pay": draw(st.sampled_from([0.0, 0.4])),
                },
            }
        )
    demanded = {each["operator"] for each in collectives if each["demand"] is not None}
    for each in operators:  # nobody bargains where nothing is demanded
        if each["name"] not in demanded and each["response"] in ({"kind": "bargain"}, {"kind": "concede"}):
            each["response"] = "ignore"
    return {
        "strategies": [draw(st.sampled_from(strategies)) for _ in range(N)],
        "owner_of": draw(st.permutations([0, 1, 2, 3, draw(st.integers(-1, 3))])),
        "sizes": draw(st.lists(st.integers(1, 5), min_size=5, max_size=5)),
        "arrival": np.array(draw(st.lists(st.sampled_from([0, 0, 0, 2, 3]), min_size=5, max_size=5))),
        "price": None if price is None else np.array(price),
        "half_life": draw(st.sampled_from([None, None, 1.5])),
        "operators": operators,
        "homes": [draw(st.integers(0, int(two))) for _ in range(N)],
        "collectives": collectives,
        "rights": {
            "deletion": deletion,
            "replace": draw(st.booleans()),
            "model_deletion": deletion and draw(st.booleans()),
            "use": draw(st.sampled_from([{}, {}, {"reserved": ["A"]}, {"evaluable": ["B"], "unavailable": ["D", "E"]}])),
        },
        "order": draw(st.sampled_from(["simultaneous", "sequential"])),
        "score": draw(st.integers(0, 50)),
        "seed": draw(st.integers(0, 50)),
    }


def build(make_setup, random_score, fickle, game, order=range(N)):
    """The setup of a game with its creators in some order; who is who stays the same."""
    order = list(order)
    place = {old: new for new, old in enumerate(order)}
    table = random_score(5, 2, game["score"])
    responses = [each["response"] for each in game["operators"]]
    operators = [
        {**each, "response": fickle(sorted(said[1]), sorted(said[2])) if isinstance(said, tuple) else said}
        for each, said in zip(game["operators"], responses, strict=True)
    ]
    renamed = {NAMES[old]: NAMES[place[old]] for old in range(N)}
    collectives = [
        {**each, "members": {**each["members"], "creators": [renamed[name] for name in each["members"]["creators"]]}}
        for each in game["collectives"]
    ]
    setup = make_setup(
        5,
        [(1, game["strategies"][old]) for old in order],
        table,
        homes=[game["homes"][old] for old in order],
        owner_of=[place[owner] if owner >= 0 else -1 for owner in game["owner_of"]],
        sizes=game["sizes"],
        arrival=game["arrival"],
        operators=operators,
        collectives=collectives,
        rights=game["rights"],
        order=game["order"],
        tactics=("flip",),
        network=ErdosRenyi(p=0.6),
        payoffs={"revenue": 4.0, "cost": {"delete": 0.05, "poison": 0.02, "redirect": 0.01}},
        users={"beta": 2.0, "public": 1.0},
        rounds=5,
        monitored=True,
        price=game["price"],
        **({} if game["half_life"] is None else {"freshness": {"half_life": game["half_life"]}}),
    )
    if game["half_life"] is not None:
        setup.grid.scores = lambda rows, weights=None: table(rows)[:, [0, 0]] * freshness(rows, weights)[:, None]
    return setup


def freshness(rows, weights):
    """(R,): how much the objects that are there count, in the mean: what aged data scores, as a part of what it would fresh."""
    there = rows > 0
    weights = np.broadcast_to(1.0 if weights is None else weights, rows.shape)
    return np.where(there.any(axis=1), (there * weights).sum(axis=1) / np.maximum(there.sum(axis=1), 1), 1.0)


def as_scored(random_score, game, words, round):
    """The score of a row in words that is trained in a round, by the formula and the ages of its objects."""
    row = from_words(words, tuple("ABCDE"))[None]
    score = random_score(5, 2, game["score"])(row)[0, 0]
    if game["half_life"] is None:
        return score
    return score * freshness(row, 0.5 ** (np.maximum(round - game["arrival"], 0) / game["half_life"]))[0]


def becomes(before: int, move: Move | None, k: int, rights: dict[str, bool]) -> int:
    """The table of levers, entry by entry: what operator k holds of an object after its owner's move."""
    if move is None:
        return max(before, 1)  # public: always there
    lever, variant = "withhold", 0
    if move.lever == "redirect":
        if k == move.to:
            lever = "contribute"
        elif k == move.at and rights["deletion"] and not move.share:
            lever = "delete"
    elif k == move.at:
        lever, variant = move.lever, move.variant
    if lever == "withhold":
        return before
    if lever == "delete":
        return 0
    wanted = 1 if lever == "contribute" else variant
    return wanted if before == 0 or rights["replace"] else before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(game=games(CERTAIN + DRAWN))
def test_any_game_keeps_the_rules(make_setup, random_score, fickle, game):
    setup = build(make_setup, random_score, fickle, game)
    playing = LeverageGame(setup, game["seed"])
    K = setup.n_operators
    holdings = [desk.holdings.copy() for desk in playing.desks]
    funds = [union.fund for union in playing.unions]
    while playing.running:
        playing.step()
        for union in playing.unions:
            assert not (union.member & ~union.pool).any()
            assert not (union.called[~union.member] != -1).any()
            assert union.fund >= 0
        for k in range(K):
            for j, owner in enumerate(game["owner_of"]):
                move = None if owner < 0 else setup.menu.moves[int(playing.choice[owner])]
                here = setup.arrival[j] <= playing.round
                if game["price"] is not None and game["price"][j] > 0:
                    here &= bool(playing.course.bought[k][j])
                holdings[k][j] = becomes(int(holdings[k][j]), move, k, game["rights"]) if here else 0
            assert playing.desks[k].holdings.tolist() == holdings[k].tolist()
            row, operator = playing.desks[k].row, playing.desks[k].operator
            if operator.retrain.every == 1 and operator.retrain.if_gain is None and operator.response.tag != "rollback":
                assert ((row == holdings[k]) | (row == 0)).all()
                assert not (row[setup.reserved(k, playing.round) | ~setup.usable] > 0).any()
        record = playing.record()
        moved = record.moves[record.moves["round"] == playing.round].transfers.sum()
        lines = record.rounds[record.rounds["round"] == playing.round]
        stood, funds = sum(funds), [union.fund for union in playing.unions]
        paid = record.transfers[
            (record.transfers["round"] == playing.round) & (record.transfers.payee == "public")
        ].amount.sum()
        net = moved + paid + lines.transfers_in.sum() - lines.transfers_out.sum() + sum(funds) - stood
        assert net == pytest.approx(0, abs=1e-9), "money comes from somebody and goes to somebody"
        assert np.isfinite(playing.payoff).all() and np.isfinite(playing.operator_payoff).all()
    for cell in record.cells.itertuples():
        assert cell.score == pytest.approx(as_scored(random_score, game, cell.row, cell.round), abs=1e-12)
    assert not record.cells.duplicated(["row", "column", "by", "round"]).any()
    seen = record.cells[(record.cells["column"] == "monitor:all") & (record.cells["round"] > 0)]
    counted = seen.groupby(["round", "by"], observed=True).size()
    for line in record.rounds[record.rounds["round"] > 0].to_dict("records"):
        cost = next(each["unveil_cost"] for each in game["operators"] if each["name"] == line["operator"])
        cells = counted.get((line["round"], line["operator"]), 0)
        assert line["unveiling"] == pytest.approx(cost * cells), "every cell that is paid for is written down, and no other"
        assert line["costs"] >= line["unveiling"]
    again = LeverageGame(build(make_setup, random_score, fickle, game), game["seed"]).play()
    for name in ("rounds", "moves", "transfers", "collectives"):
        assert getattr(record, name).equals(getattr(again, name)), f"the same seed, another {name}"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(game=games(CERTAIN), order=st.permutations(range(N)))
def test_who_is_numbered_how_does_not_matter(make_setup, random_score, fickle, game, order):
    """Where nothing is drawn and nobody takes turns: the same moves and payoffs for the same creators."""
    game = {**game, "order": "simultaneous"}
    for each in game["collectives"]:
        if isinstance(each["calls"], dict) and each["calls"]["kind"] == "rotate":
            each["calls"] = "follow"
    plain = build(make_setup, random_score, fickle, game)
    moved = build(make_setup, random_score, fickle, game, order)
    a, b = LeverageGame(plain, game["seed"]), LeverageGame(moved, game["seed"])
    while a.running:
        a.step()
        b.step()
        assert b.choice.tolist() == a.choice[list(order)].tolist()
        assert b.payoff == pytest.approx(a.payoff[list(order)], abs=1e-9)
        assert b.operator_payoff == pytest.approx(a.operator_payoff, abs=1e-9)
        assert [union.member[np.argsort(order)].tolist() for union in b.unions] == [u.member.tolist() for u in a.unions]


def test_every_strategy_policy_and_call_there_is_takes_part():
    tags = {strategy.tag for strategy in CERTAIN + DRAWN} | {"human"}  # whom somebody has to ask
    assert tags == {tag for tag, each in family("strategy").members.items() if each.__module__.startswith("dataleverage.")}
    for name, drawn in (
        ("selection", {tag(each) for each in SELECTIONS}),
        ("defence", {tag(each) for each in DEFENCES} | OF_EXAMPLES),
    ):
        assert drawn == {tag for tag, each in family(name).members.items() if each.__module__.startswith("dataleverage.")}
    responses = {"ignore", "wage", "bargain", "concede", "ban", "rollback", "dividend"}
    members = family("response").members.items()
    assert responses == {tag for tag, each in members if each.__module__.startswith("dataleverage.")}
    calls = {each if isinstance(each, str) else each["kind"] for each in CALLS}
    assert calls == {tag for tag, each in family("calls").members.items() if each.__module__.startswith("dataleverage.")}
