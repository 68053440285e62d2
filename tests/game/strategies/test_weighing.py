from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from dataleverage.errors import GameError
from dataleverage.game.levers import MoveSpec
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Always, Random, Scripted
from dataleverage.game.strategies.weighing import BestResponse, Logit

PAYOFFS = {"revenue": 4.0, "cost": {"withhold": 0.02, "delete": 0.05, "poison": 0.1}}
DIVIDEND = {"response": {"kind": "dividend", "rate": 0.5}}
MOVES = ("contribute", "withhold", "delete", "poison flip")


def mixed(make_setup, random_score, seed, strategies, **more):
    """Three creators on random cells, with costs and dividends."""
    score = random_score(3, 2, seed)
    more = {"payoffs": PAYOFFS, "operator": DIVIDEND, "tactics": ("flip",), **more}
    return make_setup(3, strategies, score, **more)


def spec(move: str) -> MoveSpec:
    lever, _, tactic = move.partition(" ")
    return MoveSpec(lever=lever, tactic=tactic or None)


def said(table) -> list[list[str]]:
    """(T, N) moves in words."""
    moves = zip(table.lever, table.tactic, strict=True)
    words = [f"{lever} {tactic}" if isinstance(tactic, str) else lever for lever, tactic in moves]
    return np.array(words).reshape(-1, 3).tolist()


@pytest.mark.parametrize("seed", range(6))
def test_best_responses_against_really_playing_every_alternative(make_setup, random_score, seed):
    """Each move's worth is what the creator gets in a game that is scripted alike up to then, where it alone moves so."""
    start = Random(p=0.5, move=MoveSpec(lever="delete"))
    setup = mixed(make_setup, random_score, seed, [(1, start), (2, BestResponse())], rounds=4)
    moves = LeverageGame(setup, seed).play().moves
    played = said(moves)
    for round in range(1, 5):
        before = played[: round - 1]
        last = before[-1] if before else ["contribute"] * 3
        for i in (1, 2):
            line = moves[(moves["round"] == round) & (moves.creator == "ABC"[i])].iloc[0]
            worth = []
            for move in MOVES:
                joint = [*last[:i], move, *last[i + 1 :]]
                scripted = [
                    (1, Scripted(moves={t + 1: spec(step[j]) for t, step in enumerate([*before, joint])})) for j in range(3)
                ]
                again = LeverageGame(mixed(make_setup, random_score, seed, scripted, rounds=round)).play().moves
                worth.append(again.payoff.iloc[-3 + i])
                assert line[f"worth:{move}"] == pytest.approx(worth[-1], abs=1e-12)
            best = [move for move, value in zip(MOVES, worth, strict=True) if value >= max(worth) - 1e-9]
            assert played[round - 1][i] == (last[i] if last[i] in best else best[0])


def test_ties_keep_the_move_that_is_made(make_setup):
    """All moves are worth the same: a creator that was told to delete once goes on deleting only if it weighs and ties."""
    setup = make_setup(2, BestResponse(), lambda rows: np.full(len(rows), 0.5), rounds=3)
    game = LeverageGame(setup)
    game.moving = np.array([2, 1])
    game.step()
    assert game.choice.tolist() == [2, 1]
    # a billionth apart is a tie, more is not
    for better, kept in ((5e-10, 2), (5e-9, 0)):
        game = LeverageGame(make_setup(1, BestResponse(), lambda rows, b=better: rows.sum(axis=1) * b, rounds=3))
        game.moving = np.array([2])
        game.step()
        assert game.choice.tolist() == [kept]


def test_who_considers_two_moves_weighs_those_two(make_setup):
    strategy = BestResponse(consider=(MoveSpec(lever="delete"), MoveSpec(lever="contribute")))
    setup = make_setup(2, strategy, lambda rows: 1 - 0.5 * rows.mean(axis=1), tactics=("flip",), rounds=1)
    record = LeverageGame(setup).play()
    assert [name for name in record.moves.columns if name.startswith("worth:")] == ["worth:contribute", "worth:delete"]
    assert set(record.moves.lever) == {"delete"}
    with pytest.raises(GameError, match="no right to deletion") as caught:
        LeverageGame(make_setup(2, strategy, rights={"deletion": False}))
    assert caught.value.place.key == "creators.0.strategy.consider.0"


def crossed(make_setup, **more):
    """Two creators who each want to be the only one away: the model of one object is best, that of none or two is worse."""
    setup = {"score": lambda rows: np.where(rows.sum(axis=1) == 1, 1.0, 0.0), "rounds": 20, **more}
    return make_setup(2, BestResponse(consider=(spec("contribute"), spec("delete"))), **setup)


def test_answering_at_once_swings_and_in_turn_settles(make_setup):
    at_once = LeverageGame(crossed(make_setup, stop={"cycle": 2})).play()
    assert at_once.manifest["stopped"]["reason"] == "cycle" and at_once.manifest["stopped"]["period"] == 2
    assert at_once.rounds.row.astype(str).tolist()[:4] == ["AB", "", "AB", ""]
    in_turn = LeverageGame(crossed(make_setup, stop={"fixed_point": 3}, order="sequential")).play()
    assert in_turn.manifest["stopped"] == {"reason": "fixed point", "round": 4, "period": None}
    assert len(in_turn.rounds.row.astype(str).iloc[1]) == 1


def test_whoever_is_drawn_first_leaves(make_setup):
    first = {LeverageGame(crossed(make_setup, order="sequential"), seed).play().rounds.row[1] for seed in range(12)}
    assert first == {"A", "B"}


def test_logit_moves_as_often_as_it_says(make_setup):
    costs = {"withhold": 0.1, "delete": 0.3}
    setup = make_setup(150, Logit(beta=4.0), lambda rows: np.ones(len(rows)), payoffs={"cost": costs}, rounds=20)
    moves = LeverageGame(setup, 1).play().moves
    odds = np.exp(4.0 * np.array([0, -0.1, -0.3]))
    for lever, p in zip(("contribute", "withhold", "delete"), odds / odds.sum(), strict=True):
        assert (moves.lever == lever).mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / len(moves)))


def test_logit_at_its_ends(make_setup):
    costs = {"withhold": 0.1, "delete": 0.3, "contribute": 0.2}
    flat = {"score": lambda rows: np.ones(len(rows)), "payoffs": {"cost": costs}}
    sharp = LeverageGame(make_setup(20, Logit(beta=1e6), rounds=3, **flat)).play().moves
    assert set(sharp.lever) == {"withhold"}
    even = LeverageGame(make_setup(100, Logit(beta=0), rounds=15, **flat)).play().moves
    assert even.lever.value_counts(normalize=True).tolist() == pytest.approx([1 / 3] * 3, abs=0.05)


def test_revising_is_drawn_for_each_creator_and_round(make_setup):
    """Deleting is always worth more: whoever has reconsidered once deletes, so the share left shrinks by 1 − 0.3 a round."""
    strategy = BestResponse(revise=0.3)
    setup = make_setup(400, strategy, lambda rows: -rows.mean(axis=1), payoffs={"cost": {"contribute": 0.1}}, rounds=3)
    record = LeverageGame(setup, 5).play()
    left = (1 - record.rounds.acting) * 400
    for round in (1, 2, 3):
        expected = left[round - 1] * 0.7
        assert left[round] == pytest.approx(expected, abs=4 * np.sqrt(expected * 0.3))
    weighed = record.moves["worth:delete"].notna().groupby(record.moves["round"]).mean()
    assert weighed.tolist() == pytest.approx([0.3] * 3, abs=0.1)


def test_who_does_not_reconsider_asks_for_no_cells(make_setup):
    """In each round the rows weighed for the first time are one move away from the row of those who reconsider."""
    record = LeverageGame(make_setup(12, BestResponse(revise=0.25), rounds=1), 1).play()
    asked = record.moves["worth:delete"].notna()
    assert 0 < asked.sum() < 12
    by_creators = record.cells[record.cells.by == "creators"].row.astype(str)
    left_out = {next(iter(set("ABCDEFGHIJKL") - set(row))) for row in by_creators}
    assert left_out == set(record.moves[asked].creator)


@pytest.mark.parametrize("knows", ["board", "belief"])
def test_who_does_not_know_the_grid_trains_nothing(make_setup, random_score, knows):
    groups = [(2, Random(p=0.7)), (1, BestResponse(knows=knows))]
    setup = mixed(make_setup, random_score, 1, groups, rounds=12, monitored=True)
    record = LeverageGame(setup, 3).play()
    served = set(record.rounds.row)
    assert len(served) > 2
    assert setup.grid.trained == len(served)
    assert set(record.cells.by) == {"operator"}
    assert any("by a surrogate" in warning for warning in record.manifest["warnings"])


def test_who_knows_the_grid_trains_what_it_weighs(make_setup, random_score):
    record = LeverageGame(mixed(make_setup, random_score, 1, BestResponse(), rounds=1)).play()
    weighed = set(record.cells[record.cells.by == "creators"].row.astype(str))
    assert {"BC", "AC", "AB", "A*BC", "AB*C", "ABC*"} - set(record.rounds.row) <= weighed


def test_the_board_is_the_nearest_rows_that_the_operator_looked_at(make_setup):
    """A is scripted, so that ABC, BC and A*BC are known when B weighs in round 4; the monitor reads 0.1 less than the audit."""
    audit = {"111": 1.0, "011": 0.4, "211": 0.2}

    def score(rows):
        shown = np.array([audit["".join(map(str, row))] for row in rows])
        return np.column_stack([shown, shown - 0.1])

    script = Scripted(moves={1: spec("delete"), 2: spec("poison"), 3: spec("contribute")})
    groups = [(1, script), (1, BestResponse(knows="board")), (1, Always())]
    moves = LeverageGame(make_setup(3, groups, score, tactics=("flip",), monitored=True, rounds=4)).play().moves
    line = moves[(moves["round"] == 4) & (moves.creator == "B")].iloc[0]
    assert line["worth:contribute"] == pytest.approx(0.9), "the row that was looked at"
    # A.C is two objects away from BC and from A*BC, and one from ABC
    assert line["worth:delete"] == line["worth:poison flip"] == pytest.approx(0.9)
    second = moves[(moves["round"] == 3) & (moves.creator == "B")].iloc[0]
    assert second["worth:contribute"] == pytest.approx(0.1), "the operator served A*BC in round 2"


def test_a_slice_that_is_not_monitored_is_taken_to_be_as_good_as_one_that_is(make_setup):
    """A's own column is not looked at: with q of `all` at 0.9, 0.4 … its service is that too, whatever its bounds are."""
    from dataleverage.grid.gap import Gap

    gaps = {"all": Gap(0, 1, 0), "A": Gap(2, 3, 0), "monitor:all": Gap(0, 1, 0)}
    setup = make_setup(
        1,
        BestResponse(knows="board"),
        lambda rows: np.column_stack([rows.mean(axis=1), 3 + 0 * rows.mean(axis=1)] * 2),
        columns=("all", "A"),
        monitored=True,
        gaps={**gaps, "monitor:A": Gap(2, 3, 0)},
        operator={"monitors": ["all"]},
        rounds=1,
    )
    assert setup.grid.column_names[setup.quality.judged_on[0]] == "A"
    assert LeverageGame(setup).play().moves["worth:contribute"].tolist() == pytest.approx([1.0])


@pytest.mark.parametrize("operator", [{"monitors": "none"}, {"monitors": ["rare"]}])
def test_an_operator_that_looks_at_nothing_shows_nothing(make_setup, operator):
    setup = make_setup(2, BestResponse(knows="board"), columns=("all", "rare"), monitored=True, operator=operator)
    with pytest.raises(GameError, match="monitor") as caught:
        LeverageGame(setup).play()
    assert caught.value.place.key == "operators.0.monitors"


def test_a_belief_learns_what_was_published(make_setup):
    """Each object was seen to leave once: beliefs are scikit-learn's ridge fit to those rows, and order the objects rightly."""
    from sklearn.linear_model import Ridge

    weights = np.array([0.5, 0.3, 0.2])
    scripts = [Scripted(moves={t: spec("delete"), t + 1: spec("contribute")}) for t in (1, 3, 5)]
    groups = [(1, script) for script in scripts]
    game = LeverageGame(make_setup(3, groups, lambda rows: rows @ weights, rounds=8))
    first = game.weigh(np.array([0]), np.array([0, 2]), "belief")[0]
    assert first[0] == first[1], "nothing is known of what leaving does"
    game.run_model()
    believed = game.weigh(np.arange(3), np.array([0, 2]), "belief")
    drop = believed[:, 0] - believed[:, 1]
    rows = 1 - np.vstack([np.zeros(3), np.eye(3)])
    assert drop == pytest.approx(Ridge(alpha=0.1).fit(rows, rows @ weights).coef_)
    assert drop[0] > drop[1] > drop[2] > 0


@pytest.mark.parametrize("kind", [BestResponse, Logit])
def test_there_is_a_move_to_consider(kind):
    with pytest.raises(ValidationError, match="consider"):
        kind(consider=())
    assert kind(consider=None).consider is None


@pytest.mark.parametrize("knows", ["grid", "belief", "board"])
def test_worth_does_not_depend_on_how_many_are_weighed_together(make_setup, random_score, monkeypatch, knows):
    def worth():
        strategy = BestResponse(knows=knows)
        setup = make_setup(7, strategy, random_score(7, 2, 5), tactics=("flip",), monitored=True, rounds=3)
        return LeverageGame(setup).play().moves

    together = worth()
    monkeypatch.setattr("dataleverage.game.weigher.TOGETHER", 1)
    assert worth().equals(together)


@pytest.mark.parametrize(
    ("knows", "count", "instead"), [("grid", 7_000, True), ("grid", 40_000, False), ("belief", 40_000, False)]
)
def test_more_weighing_than_can_be_done_is_refused_before_the_game(make_setup, knows, count, instead):
    with pytest.raises(GameError, match=f"{count:,} creators of group 0 would weigh {3 * count:,} joint moves") as caught:
        LeverageGame(make_setup(count, BestResponse(knows=knows)))
    assert caught.value.place.key == "creators.0.strategy"
    assert "revise" in caught.value.remedy and ("knows: belief" in caught.value.remedy) == instead


def test_a_few_of_many_may_weigh(make_setup):
    def mean(rows):
        return rows.mean(axis=1)

    setup = make_setup(2_000, [(1_990, Always()), (10, BestResponse(revise=0.5, knows="grid"))], mean, rounds=2)
    moves = LeverageGame(setup).play().moves
    weighed = moves["worth:contribute"].notna()
    assert 0 < weighed.sum() <= 20 and set(moves.creator[weighed]) <= set(setup.names[1_990:])
    each = moves[weighed]  # to delete costs everyone the same little
    assert (each["worth:contribute"] - each["worth:delete"]).to_numpy() == pytest.approx(1 / 2_000)
