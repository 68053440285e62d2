"""Tournaments: every number against games that are played one by one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dataleverage.errors import DataleverageError, GapError
from dataleverage.scenario.load import loads
from dataleverage.sweep.tournament import ADAPTIVE, games, hold, load_tournament
from dataleverage.view.tournament import as_json, check_figure, heat_map, lines

SCENARIO = """
title: Small
data: {kind: sklearn, name: iris, objects: {by: random, count: 6}, holdout: {audit: 0.4, monitor: 0.1}, seed: SEED}
learner: gaussian_nb
tactics: {loud: {kind: label_flip, rate: 1.0}, faint: {kind: label_flip, rate: 0.2}}
creators: [{name: bad, count: 3, strategy: BAD}, {name: good, strategy: {kind: threshold, mean: 0.7, sd: 0.3}}]
operators: [{name: firm, response: RESPONSE}]
payoffs: {revenue: 5.0, cost: {delete: 0.1}}
rounds: 3
seed: 4
"""
HELD = """
title: Small tournament
scenario: small.yaml
group: bad
strategies: {stay: always, walk: {kind: scripted, moves: {2: delete}}}
operators: {as it stands: {}, payer: {response: {kind: dividend, rate: 0.3}}}
worlds: 3
plays: 2
"""
WALK = "{kind: scripted, moves: {2: delete}}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    text = SCENARIO.replace("SEED", "2").replace("BAD", "always").replace("RESPONSE", "ignore")
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "held.yaml").write_text(HELD, encoding="utf-8")
    return tmp_path / "held.yaml"


def by_hand(seed: int, play: int, bad: str, response: str) -> dict[str, float]:
    """One game, from the text of a scenario that says all of it."""
    record = loads(SCENARIO.replace("SEED", str(seed)).replace("BAD", bad).replace("RESPONSE", response)).play(4 + play)
    mine = record.moves[record.moves.creator.astype(str).str.startswith("bad")]
    rounds = record.rounds
    return {
        "creators": mine.payoff.mean(),
        "operator": rounds.payoff[rounds["round"] > 0].mean(),
        "quality": rounds.quality.iloc[-1],
    }


def test_every_game_is_the_one_that_the_file_says(file: Path) -> None:
    told: list[int] = []
    held, scenario = load_tournament(file)
    standings = hold(held, scenario, progress=told.append)
    assert sum(told) == games(held, scenario) == 3 * 2 * 2 * (2 + 2)
    found = standings.plays.set_index(["world", "play", "strategy", "operator_name"])
    assert len(found) == 3 * 2 * 3 * 2
    responses = {"as it stands": "ignore", "payer": "{kind: dividend, rate: 0.3}"}
    poison = {name: f"{{kind: always, move: {{lever: poison, tactic: {name}}}}}" for name in ("loud", "faint")}
    for seed in (2, 3, 4):
        for play in (0, 1):
            for operator, response in responses.items():
                for strategy, bad in (("stay", "always"), ("walk", WALK)):
                    line = found.loc[(seed, 4 + play, strategy, operator)]
                    for score, value in by_hand(seed, play, bad, response).items():
                        assert line[score] == pytest.approx(value), (seed, play, strategy, operator, score)
                left = {name: by_hand(seed, play, bad, response) for name, bad in poison.items()}
                worst = found.loc[(seed, 4 + play, ADAPTIVE, operator)]
                assert worst.quality == min(each["quality"] for each in left.values())
                assert left[worst.tactic]["quality"] == worst.quality

    walk = np.array([found.xs(("walk", w), level=("strategy", "world")).creators.mean() for w in (2, 3, 4)])
    one = dict(standings.ranking("strategy", "creators"))["walk"]
    reach = stats.t.ppf(0.975, 2) * walk.std(ddof=1) / np.sqrt(3)
    assert (one.mean, one.low, one.high) == pytest.approx((walk.mean(), walk.mean() - reach, walk.mean() + reach))
    means = [each.mean for _, each in standings.ranking("operator_name", "operator")]
    assert means == sorted(means, reverse=True)

    table = standings.table("quality")
    assert table.index.tolist() == ["stay", "walk", ADAPTIVE] and table.columns.tolist() == ["as it stands", "payer"]
    assert table.loc["stay", "payer"] == pytest.approx(
        found.xs(("stay", "payer"), level=("strategy", "operator_name")).quality.mean()
    )
    said = as_json(standings)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    text = dict(reversed(lines(standings)))
    assert text["Played"] == "2 strategies of bad × 2 operators in 3 worlds, 2 plays in each"


def test_two_processes_say_the_same(file: Path) -> None:
    held, scenario = load_tournament(file)
    one, two = hold(held, scenario), hold(held, scenario, workers=2)
    assert one.plays.equals(two.plays) and one.tactics.equals(two.tactics)


def test_the_heat_map_has_every_mean_in_its_cell(file: Path, tmp_path: Path) -> None:
    standings = hold(*load_tournament(file))
    figure = heat_map(standings)
    panels = [axes for axes in figure.axes if axes.images]
    written = [[text.get_text() for text in axes.texts] for axes in panels]
    for score, texts in zip(("creators", "operator", "quality"), written, strict=True):
        assert texts == [f"{value:.3g}" for value in standings.table(score).to_numpy().ravel()]
    for kind, begins in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        figure.savefig(tmp_path / f"map{kind}")
        assert (tmp_path / f"map{kind}").read_bytes().startswith(begins)
    with pytest.raises(DataleverageError, match="not written as"):
        check_figure(tmp_path / "map.pdf")
    with pytest.raises(DataleverageError, match="no folder"):
        check_figure(tmp_path / "nowhere" / "map.png")


def test_one_world_has_no_interval_and_no_tactics_no_attack(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("worlds: 3", "worlds: 1").replace("plays: 2", "plays: 1")
    file.write_text(text, encoding="utf-8")
    small = file.with_name("small.yaml")
    small.write_text("\n".join(line for line in small.read_text(encoding="utf-8").splitlines() if "tactics" not in line))
    standings = hold(*load_tournament(file))
    text = lines(standings)
    assert ("", "one world: there are no intervals") in text
    assert ("Under attack", "not tried: the scenario offers no tactics") in text
    assert as_json(standings)["strategies"][0]["low"] is None


def test_worlds_within_noise_are_left_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataleverage.scenario.scenario import Scenario

    held, scenario = load_tournament(file)
    plays = Scenario.play

    def play(self, seed=None):
        if self.data.seed in refused:
            raise GapError("within noise")
        return plays(self, seed)

    monkeypatch.setattr(Scenario, "play", play)
    refused = {3}
    standings = hold(held, scenario)
    assert standings.refused == (3,) and set(standings.plays.world) == {2, 4}
    assert "1 worlds are left out" in str(lines(standings))
    refused = {2, 3, 4}
    with pytest.raises(GapError, match="every world"):
        hold(held, scenario)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("small.yaml", "large.yaml", 3, "there is no file 'large.yaml'"),
        ("group: bad", "group: worse", 4, "no group 'worse'"),
        ("{2: delete}", "{2: {lever: poison, tactic: smoke}}", 5, "no tactic 'smoke'"),
        ("walk:", "adaptive attack:", 5, "no strategy can be called"),
        ("rate: 0.3", "rate: 3.0", 6, "rate"),
        ("worlds: 3", "worlds: 0", 7, "worlds"),
        ("plays: 2", "plyas: 2", 8, "plyas"),
        ("stay: always", "stay: alway", 5, "alway"),
    ],
)
def test_mistakes_are_told_with_their_place(file: Path, old: str, new: str, line: int, said: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataleverageError, match=said) as caught:
        load_tournament(file)
    assert (caught.value.place.line, Path(str(caught.value.place.file)).name) == (line, "held.yaml")


def test_the_shipped_tournament_is_valid() -> None:
    held, scenario = load_tournament(Path(__file__).parents[2] / "scenarios/tournaments/filters.yaml")
    assert held.group == "saboteurs" and set(scenario.tactics) == {"crude", "sly"}
