from __future__ import annotations

import gc
import pickle
import tracemalloc
import weakref
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest

from dataleverage.errors import GameError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame, cycle
from dataleverage.game.network import WattsStrogatz
from dataleverage.game.payoffs import Payoffs
from dataleverage.game.setup import Stop
from dataleverage.game.strategies.baseline import Always, Random, Scripted
from dataleverage.game.strategies.threshold import Threshold
from dataleverage.game.strategies.weighing import BestResponse, Logit
from dataleverage.game.strategy import Decision
from dataleverage.record.record import TABLES
from dataleverage.scenario.load import load, loads
from dataleverage.streams import Streams

DELETE, CONTRIBUTE = MoveSpec(lever="delete"), MoveSpec(lever="contribute")


def stopped(setup, seed: int = 0) -> tuple[str | None, int, int | None]:
    found = LeverageGame(setup, seed).play().manifest["stopped"]
    return found["reason"], found["round"], found["period"]


def assert_same(a, b) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(a.frame(name), b.frame(name))


# ------------------------------------------------------------------ the end of a game


def test_all_rounds_are_played(make_setup):
    assert stopped(make_setup(2, rounds=7)) == ("rounds", 7, None)


@pytest.mark.parametrize("k", [1, 3])
def test_a_fixed_point_is_so_many_rounds_in_which_nothing_moved(make_setup, k):
    assert stopped(make_setup(2, stop={"fixed_point": k})) == ("fixed point", k, None)
    # something moves in rounds 1, 2 and 3
    chain = [(4, Threshold(thresholds=(0, 0.3, 0.6, 2.0)))]
    assert stopped(make_setup(4, chain, stop={"fixed_point": k})) == ("fixed point", 3 + k, None)


def test_a_fixed_point_waits_for_moves_still_to_come(make_setup):
    script = Scripted(moves={2: DELETE, 9: CONTRIBUTE})
    assert stopped(make_setup(2, script, stop={"fixed_point": 2})) == ("fixed point", 11, None)
    late = Scripted(moves={9: CONTRIBUTE})
    assert stopped(make_setup(2, late, stop={"fixed_point": 2})) == ("fixed point", 9, None)


@pytest.mark.parametrize(
    "strategy", [Random(p=0.02), Logit(beta=100.0), Threshold(mean=5.0, steepness=4.0)], ids=["random", "logit", "soft"]
)
def test_what_stands_still_by_chance_is_no_fixed_point(make_setup, strategy):
    assert stopped(make_setup(1, strategy, rounds=9, stop={"fixed_point": 1, "cycle": 1}))[:2] == ("rounds", 9)
    assert stopped(make_setup(1, Random(p=1), rounds=9, stop={"fixed_point": 1}))[0] == "fixed point"


@pytest.mark.parametrize(("repeats", "last"), [(1, 4), (2, 6), (5, 12)])
def test_a_cycle_ends_after_its_repeats_with_its_period(make_setup, repeats, last):
    """Two thresholds of 1 pass a strike back and forth: A sees B's last move and B sees A's."""
    ping = Threshold(mean=1.0)
    game = LeverageGame(make_setup(2, ping, stop={"cycle": repeats}))
    game.moving = np.array([2, 0])
    game.run_model()
    assert (game.stopped, game.period) == ("cycle", 2)
    assert game.round == last


def test_no_cycle_before_a_script_is_over(make_setup):
    script = Scripted(moves={t: DELETE if t % 2 else CONTRIBUTE for t in range(1, 9)})
    assert stopped(make_setup(1, script, rounds=30, stop={"cycle": 1})) == ("cycle", 8, 2)
    assert stopped(make_setup(1, script, rounds=30, stop={"cycle": 1, "fixed_point": 3}))[0] == "cycle"


def brute_period(history: str, repeats: int) -> int | None:
    """The shortest word, not of one letter over and over, that the history ends in `repeats + 1` times."""
    for period in range(2, len(history) + 1):
        word = history[-period:]
        if history.endswith(word * (repeats + 1)) and len(set(word)) > 1:
            return period
    return None


def test_cycles_against_a_search_for_repeated_words():
    rng = np.random.default_rng(0)
    found = set()
    for _ in range(2000):
        text = "".join(rng.choice(list("ab"), rng.integers(0, 14)))
        for repeats in (1, 2):
            period = cycle([letter.encode() for letter in text], repeats)
            assert period == brute_period(text, repeats), text
            found.add(period)
    assert {None, 2, 3, 4, 5} <= found


def test_standing_still_by_chance_is_no_fixed_point(make_setup):
    """Deleting pays strictly more, but each creator thinks again only every fifth round."""
    for seed in range(12):
        payoffs = Payoffs(service=0.0, cost={"contribute": 1.0})
        setup = make_setup(3, BestResponse(revise=0.2), payoffs=payoffs, rounds=200, stop=Stop(fixed_point=3))
        game = LeverageGame(setup, seed)
        game.run_model()
        assert game.stopped == "fixed point"
        assert (game.choice != 0).all()


def test_the_budget_is_gone_when_wealth_falls_below_nothing(make_setup, scripts):
    """It earns 2 a round at q = 1, 1 after A has left, and pays 4 for each retraining on one example."""
    script = {2: "delete", 3: "contribute", 4: "delete"}
    payoffs = {"revenue": 2.0, "train_cost": 4.0}
    setup = make_setup(2, scripts(script, {}), payoffs=payoffs, stop={"budget_gone": True}, rounds=9)
    game = LeverageGame(setup)
    record = game.play()
    # 2, 2 + 1 − 4 = −1
    assert record.manifest["stopped"] == {"reason": "budget gone", "round": 2, "period": None}
    assert game.desks[0].wealth == pytest.approx(-1)
    setup = make_setup(2, scripts(script, {}), payoffs={"train_cost": 0.0}, stop={"budget_gone": True}, rounds=4)
    assert stopped(setup)[0] == "rounds", "0 is not below 0"


def test_a_demand_that_is_won_ends_the_game_and_one_that_is_not_does_not(make_setup, scripts):
    """Two of four strike in round 2 for a wage of 1 each: quality and a revenue of 10 fall to a half.

    To grant it costs 2 a round and saves 5, so who concedes what costs less than it loses does in round 2. A wage of 3 costs 6:
    it is never granted, and the game goes on to its last round, as it does where nothing is to end it.
    """
    moves = ({2: "delete"}, {2: "delete"}, {}, {})

    def ended(wage, **stop):
        union = {"name": "union", "members": {"creators": ["A", "B"]}, "demand": {"wage": wage}}
        rest = {"collectives": [union], "operator": {"response": "concede"}, "payoffs": {"revenue": 10.0}, "rounds": 6}
        record = LeverageGame(make_setup(4, scripts(*moves), stop=stop, **rest)).play()
        granted = record.collectives[record.collectives.granted]["round"].tolist()
        return record.manifest["stopped"]["reason"], record.manifest["stopped"]["round"], granted

    assert ended(1.0, demand_won=True) == ("demand won", 2, []), "what was granted would hold from round 3 on"
    assert ended(1.0) == ("rounds", 6, [3, 4, 5, 6])
    assert ended(3.0, demand_won=True) == ("rounds", 6, [])


def test_a_step_after_the_end_does_nothing(make_setup):
    game = LeverageGame(make_setup(2, Random(), rounds=3))
    game.run_model()
    before = (game.round, game.choice.tobytes(), len(game.datacollector.get_model_vars_dataframe()))
    for _ in range(3):
        game.step()
    assert (game.round, game.choice.tobytes(), len(game.datacollector.get_model_vars_dataframe())) == before
    assert not game.running and len(game.record().rounds) == 4


# ------------------------------------------------------------------ order, seeds, strategies


def test_in_turn_each_sees_the_moves_before_its_own(make_setup):
    """One activist among creators that follow anybody: all who come after it act in round 1, and nobody before it."""
    groups = [(1, Always(move=DELETE)), (9, Threshold(mean=0.1))]
    for seed in range(8):
        game = LeverageGame(make_setup(10, groups, order="sequential", rounds=1), seed)
        game.step()
        order = Streams(seed).at("order", 1).permutation(10).tolist()
        after = order[order.index(0) :]
        assert sorted(np.flatnonzero(game.choice)) == sorted(after)
    game = LeverageGame(make_setup(10, groups, rounds=1))
    game.step()
    assert np.flatnonzero(game.choice).tolist() == [0]


def test_in_turn_every_round_draws_its_own_order(make_setup):
    groups = [(1, Always(move=DELETE)), (19, Threshold(mean=0.04, same_lever=True))]
    acting = set()
    for seed in range(10):
        game = LeverageGame(make_setup(20, groups, order="sequential", rounds=1), seed)
        game.step()
        acting.add(int((game.choice > 0).sum()))
    assert len(acting) > 4


def busy(make_setup, random_score, **more):
    groups = [(1, Random()), (2, Threshold(mean=0.4, sd=0.2, see="neighbours")), (2, Logit(beta=3.0))]
    network = WattsStrogatz(k=2, p=0.5)
    return make_setup(5, groups, random_score(5, 1, 0), network=network, rounds=12, **more)


@pytest.mark.parametrize("order", ["simultaneous", "sequential"])
def test_the_same_seed_gives_the_same_record(make_setup, random_score, order):
    one, two = [LeverageGame(busy(make_setup, random_score, order=order), 7).play() for _ in range(2)]
    assert_same(one, two)
    other = LeverageGame(busy(make_setup, random_score, order=order), 8).play()
    assert one.moves.lever.tolist() != other.moves.lever.tolist()


def test_a_pickled_setup_plays_the_same_game():
    setup = load(Path(__file__).parents[2] / "scenarios" / "first-strike.yaml", settings=["rounds=3"]).setup()
    copy = pickle.loads(pickle.dumps(setup))
    first, again = LeverageGame(setup, 4).play(), LeverageGame(copy, 4).play()
    assert again.rounds.equals(first.rounds)
    assert again.moves.equals(first.moves)


def test_a_known_grid_gives_the_same_record(make_setup, random_score):
    setup = busy(make_setup, random_score)
    first = LeverageGame(setup, 1).play()
    again = LeverageGame(setup, 1).play()
    assert_same(first, again)
    served = again.manifest["cells"]["served_again"]
    assert again.manifest["cells"] == {
        "trained": 0,
        "served_again": served,
        "empty": 0,
        "single_class": 0,
        "trained_for_gaps": 0,
    }
    assert first.manifest["cells"]["trained"] == setup.grid.trained


@pytest.mark.parametrize(
    "answer",
    [np.array([0, 9]), np.array([0, -1]), np.array([0]), np.array([0.0, 1.0]), np.array([[0, 0]]), np.array([True, False])],
)
def test_a_strategy_that_breaks_the_rules_is_named(make_setup, answer):
    class Broken(Always):
        def decide(self, seen, memory):
            return Decision(answer, memory)

    try:
        with pytest.raises(GameError, match="the strategy always of group 0 answered round 1"):
            LeverageGame(make_setup(2, Broken())).step()
    finally:
        from dataleverage.kinds import FAMILIES

        FAMILIES["strategy"].members["always"] = Always


def test_groups_must_hold_each_creator_once(make_setup):
    for groups in ([(1, Always())], [(1, Always()), (2, Always())]):
        with pytest.raises(GameError, match="each of the 2 creators once"):
            make_setup(2, groups)


@pytest.mark.parametrize("name", ["A", "creators"])
def test_an_operator_is_not_called_like_a_creator(make_setup, name):
    with pytest.raises(GameError, match=f"cannot be called '{name}'") as caught:
        make_setup(2, operator={"name": name})
    assert caught.value.place.key == "operators.0.name"


# ------------------------------------------------------------------ Mesa


def test_nothing_is_drawn_from_mesas_generators(make_setup, random_score):
    quiet = LeverageGame(busy(make_setup, random_score), 3).play()
    game = LeverageGame(busy(make_setup, random_score), 3)
    while game.running:
        game.random.seed(game.round)
        game.rng.random(game.round + 1)
        np.random.seed(game.round)  # noqa: NPY002 - the global one must not matter either
        game.step()
    assert_same(quiet, game.record())


def test_run_model_plays_to_the_end(make_setup, random_score):
    game = LeverageGame(busy(make_setup, random_score), 3)
    game.run_model()
    assert game.round == 12 and not game.running
    assert_same(game.record(), LeverageGame(busy(make_setup, random_score), 3).play())


def test_the_data_collector_has_a_line_a_round(make_setup, random_score):
    game = LeverageGame(busy(make_setup, random_score), 3)
    game.run_model()
    frame, rounds = game.datacollector.get_model_vars_dataframe(), game.record().rounds
    assert frame["round"].tolist() == list(range(13))
    assert frame["row"].tolist() == rounds.row.astype(str).tolist()
    assert frame["quality"].tolist() == pytest.approx(rounds.quality.tolist())
    assert frame["acting"].tolist() == pytest.approx(rounds.acting.tolist())
    assert frame["operator_payoff"].iloc[1:].tolist() == pytest.approx(rounds.payoff.iloc[1:].tolist())


def test_the_space_is_the_network(make_setup, random_score):
    game = LeverageGame(busy(make_setup, random_score), 3)
    edges = {(int(a), int(b)) for a, b in game.neighbours.edges}
    assert {tuple(sorted(pair)) for pair in game.space.G.edges} == edges
    for creator in game.creators:
        seen = {next(iter(cell.agents)).position for cell in creator.cell.neighborhood}
        assert seen == {b if a == creator.position else a for a, b in edges if creator.position in (a, b)}


def test_a_game_that_is_over_can_be_freed(make_setup):
    for end in ("play", "run_model"):
        game = LeverageGame(make_setup(3, Random(), rounds=2))
        getattr(game, end)()
        watched = weakref.ref(game)
        del game
        gc.collect()
        assert watched() is None, end


def test_a_game_that_fails_can_be_freed(make_setup):
    game = LeverageGame(make_setup(2, BestResponse(), rounds=2))

    def fails(rows, weights):
        raise GameError("no score")

    game.setup.grid.scores = fails
    with pytest.raises(GameError, match="no score"):
        game.play()
    watched = weakref.ref(game)
    del game
    gc.collect()
    assert watched() is None


def test_creators_that_go_by_an_empty_board_are_refused_before_the_game(make_setup):
    before = len(getattr(mesa.Agent, "_ids", ()))
    with pytest.raises(GameError, match="goes by the operator's board, and no weighted column is on it"):
        LeverageGame(make_setup(2, BestResponse(knows="board"), rounds=2))
    assert len(getattr(mesa.Agent, "_ids", ())) == before


def test_on_the_board_the_status_quo_is_worth_what_it_is():
    """Monitor scores differ from audit scores, and nothing of that may leak into what a row is believed to be worth."""
    game = loads(
        """
        title: Board
        data:
          {kind: sklearn, name: wine, objects: {by: random, count: 4}, slices: {by: owner}, holdout: {audit: 0.4, monitor: 0.2}}
        learner: {kind: ridge_classifier, preprocess: standardize}
        creators: [{name: all, strategy: {kind: best_response, knows: board}}]
        """
    ).game()
    full, monitor = (game.setup.quality.full[game.setup.grid.column(name)] for name in ("all", "monitor:all"))
    assert full != monitor
    who = np.arange(4)
    assert np.allclose(game.weigh(who, np.array([0]), "board"), game.weigh(who, np.array([0]), "grid"))


def test_real_plays_leave_memory_flat():
    scenario = loads(
        """
        title: Flat
        data: {kind: sklearn, name: iris, objects: {by: random, count: 4}, slices: {by: owner}}
        learner: gaussian_nb
        creators: [{name: all, strategy: {kind: logit, beta: 1}}]
        rounds: 4
        """
    )
    for seed in range(100):
        scenario.play(seed)
    gc.collect()
    tracemalloc.start()
    try:
        for seed in range(100, 400):
            scenario.play(seed)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert grown < 300 * 200, f"{grown} bytes after 300 plays"


def test_a_thousand_plays_leave_memory_flat(make_setup):
    setup = make_setup(4, [(2, Random()), (2, Threshold())], rounds=2)
    for seed in range(500):
        LeverageGame(setup, seed).play()
    gc.collect()
    tracemalloc.start()
    try:
        for seed in range(500, 1000):
            LeverageGame(setup, seed).play()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert grown < 200_000, "400 bytes a play at the most; a game that stays alive takes some ten thousand"
