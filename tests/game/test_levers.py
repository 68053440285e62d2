from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import GameError
from dataleverage.game.levers import LEVERS, Menu, MoveSpec, Rights, hold
from dataleverage.game.model import LeverageGame
from dataleverage.game.strategies.baseline import Scripted

ABSENT, CLEAN, OLD, NEW = 0, 1, 2, 3  # OLD is the poison that is there, NEW the one that is delivered

# (lever, replace): what becomes of an object that is absent, clean, poisoned
TABLE = {
    ("contribute", True): (CLEAN, CLEAN, CLEAN),
    ("contribute", False): (CLEAN, CLEAN, OLD),
    ("withhold", True): (ABSENT, CLEAN, OLD),
    ("withhold", False): (ABSENT, CLEAN, OLD),
    ("delete", True): (ABSENT, ABSENT, ABSENT),
    ("delete", False): (ABSENT, ABSENT, ABSENT),
    ("poison", True): (NEW, NEW, NEW),
    ("poison", False): (NEW, CLEAN, OLD),
}


def after(start: int, lever: str, rights: Rights) -> int:
    held = hold(np.array([start], np.uint8), np.array([LEVERS.index(lever)]), np.array([NEW], np.uint8), rights)
    return int(held[0])


@pytest.mark.parametrize(("lever", "replace"), TABLE)
def test_every_lever_from_every_state(lever, replace):
    got = tuple(after(start, lever, Rights(replace=replace)) for start in (ABSENT, CLEAN, OLD))
    assert got == TABLE[lever, replace]


@pytest.mark.parametrize("lever", ["contribute", "withhold", "poison"])
def test_the_right_to_deletion_changes_no_other_lever(lever):
    for start in (ABSENT, CLEAN, OLD):
        assert after(start, lever, Rights(deletion=False)) == after(start, lever, Rights(deletion=True))


def test_delete_without_the_right_is_refused():
    with pytest.raises(GameError, match="no right to deletion") as caught:
        after(CLEAN, "delete", Rights(deletion=False))
    assert caught.value.place.key == "rights.deletion"


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(LEVERS[:4])), min_size=1, max_size=12),
    st.booleans(),
)
def test_each_object_of_a_row_moves_by_itself(objects, replace):
    """A batch of two rows of objects gives what the table says of each object alone."""
    start = np.array([[state for state, _ in objects]] * 2, np.uint8)
    lever = np.array([[LEVERS.index(name) for _, name in objects], [LEVERS.index("withhold")] * len(objects)])
    before = start.copy()
    held = hold(start, lever, np.full(start.shape, NEW, np.uint8), Rights(replace=replace))
    assert held[0].tolist() == [TABLE[name, replace][state] for state, name in objects]
    assert (held[1] == start[1]).all()
    assert (start == before).all(), "holdings are not changed in place"


def test_the_menu_is_in_a_fixed_order():
    assert [str(move) for move in Menu.of(Rights(), ["flip", "noise"]).moves] == [
        "contribute",
        "withhold",
        "delete",
        "poison flip",
        "poison noise",
    ]
    short = Menu.of(Rights(deletion=False), [])
    assert [str(move) for move in short.moves] == ["contribute", "withhold"]
    assert short.moves[short.strike].lever == "withhold"


def test_the_menu_in_numbers():
    menu = Menu.of(Rights(deletion=False), ["flip", "noise"])
    assert [LEVERS[code] for code in menu.levers] == ["contribute", "withhold", "poison", "poison"]
    assert [move.variant for move in menu.moves] == [0, 0, 2, 3]
    assert menu.acting.tolist() == [False, True, True, True]
    assert Menu.of(Rights(), []).strike == 2


@pytest.mark.parametrize(
    ("rights", "tactics", "lever", "tactic", "said"),
    [
        (Rights(deletion=False), [], "delete", None, "no right to deletion"),
        (Rights(), [], "poison", None, "needs a tactic"),
        (Rights(), ["a", "b"], "poison", None, "in 2 ways"),
        (Rights(), ["a"], "poison", "b", "no tactic 'b'"),
        (Rights(), [], "strike", None, "no lever"),
    ],
)
def test_a_move_that_is_not_there_is_refused_by_name(rights, tactics, lever, tactic, said):
    with pytest.raises(GameError, match=said):
        Menu.of(rights, tactics).find(lever, tactic)


def test_one_tactic_need_not_be_named():
    menu = Menu.of(Rights(), ["flip"])
    assert menu.find("poison") == menu.find("poison", "flip") == 3


def test_a_move_is_written_short_or_in_full():
    assert MoveSpec.model_validate("delete") == MoveSpec(lever="delete")
    assert MoveSpec.model_validate({"lever": "poison", "tactic": "flip"}) == MoveSpec(lever="poison", tactic="flip")
    with pytest.raises(ValidationError):
        MoveSpec.model_validate("strike")


def rows_of(setup) -> list[str]:
    return LeverageGame(setup).play().rounds.row.astype(str).tolist()


def test_without_replacement_poison_enters_only_where_nothing_is_held(make_setup, scripts):
    script = {1: "poison", 2: "delete", 3: "poison", 4: "contribute", 5: "delete", 6: "contribute"}
    setup = {"rounds": 6, "tactics": ("flip",)}
    assert rows_of(make_setup(2, scripts(script, {}), rights={"replace": False}, **setup)) == [
        "AB",
        "AB",
        "B",
        "A*B",
        "A*B",
        "B",
        "AB",
    ]
    assert rows_of(make_setup(2, scripts(script, {}), rights={"replace": True}, **setup)) == [
        "AB",
        "A*B",
        "B",
        "A*B",
        "AB",
        "B",
        "AB",
    ]


def test_data_withheld_after_deletion_stays_away(make_setup, scripts):
    script = {1: "withhold", 2: "delete", 3: "withhold", 4: "contribute"}
    assert rows_of(make_setup(2, scripts(script, {}), rounds=4)) == ["AB", "AB", "B", "B", "AB"]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_from_when_on_everyone_withholds_the_score_stays_for_ever(make_setup, random_score, data):
    """Poison, returns, arrivals and strikes until a round t, and nothing but withholding after it: the score of t stays."""
    n, t, seed = 4, data.draw(st.integers(1, 5)), data.draw(st.integers(0, 1000))
    moves = ["contribute", "withhold", "delete", {"lever": "poison", "tactic": "flip"}]
    deletion = data.draw(st.booleans())
    if not deletion:
        moves.remove("delete")
    strategies = []
    for _ in range(n):
        script = {round: data.draw(st.sampled_from(moves)) for round in range(1, t + 1)}
        strategies.append((1, Scripted.model_validate({"moves": {**script, t + 1: "withhold"}})))
    arrival = np.array(data.draw(st.lists(st.integers(0, t + 3), min_size=n, max_size=n)))
    rights = {"deletion": deletion, "replace": data.draw(st.booleans())}
    setup = make_setup(
        n, strategies, random_score(n, 2, seed), tactics=("flip",), rights=rights, arrival=arrival, rounds=t + 40
    )
    record = LeverageGame(setup).play()
    score, row = record.rounds["score:all"].to_numpy(), record.rounds["row"].astype(str)
    assert len(score) == t + 41
    assert set(score[t:]) == {score[t]} and set(row[t:]) == {row[t]}
    assert (record.rounds["share:withhold"].iloc[t + 1 :] == 1).all()


def test_withholding_alone_keeps_the_score_for_ever(make_setup):
    """The score of round 4 stays for ever: A* from round 1, D from round 2 on, B gone in round 3, C back in round 4."""
    poison = {"lever": "poison", "tactic": "flip"}
    scripts = [{1: poison}, {3: "delete"}, {1: "delete", 4: "contribute"}, {}]
    strategies = [(1, Scripted.model_validate({"moves": {**each, 5: "withhold"}})) for each in scripts]
    setup = make_setup(4, strategies, tactics=("flip",), rights={"replace": True}, arrival=np.array([0, 0, 0, 2]), rounds=200)
    rounds = LeverageGame(setup).play().rounds
    assert rounds["row"].tolist()[:6] == ["ABC", "A*B", "A*BD", "A*D", "A*CD", "A*CD"]
    assert rounds["score:all"].tolist()[:4] == [0.75, 0.0, 0.25, 0.0]
    assert rounds["score:all"].tolist()[4:] == [0.25] * 197
    assert (rounds["share:withhold"].iloc[5:] == 1).all()


def test_a_creator_moves_all_its_objects(make_setup, scripts):
    setup = make_setup(4, scripts({1: "delete"}, {}), owner_of=[0, 1, 0, 1], rounds=1)
    assert rows_of(setup) == ["ABCD", "BD"]
