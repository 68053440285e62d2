from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dataleverage.errors import GameError
from dataleverage.game.levers import LEVERS, Menu, MoveSpec, Rights, hold
from dataleverage.game.model import LeverageGame

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


def test_withholding_alone_keeps_the_score_for_ever(make_setup):
    from dataleverage.game.strategies.baseline import Always

    setup = make_setup(5, Always(move=MoveSpec(lever="withhold")), rights={"deletion": False}, rounds=200)
    record = LeverageGame(setup).play()
    assert len(record.rounds) == 201
    assert set(record.rounds["score:all"]) == {1.0}
    assert (record.rounds["share:withhold"].iloc[1:] == 1).all()


def test_a_creator_moves_all_its_objects(make_setup, scripts):
    setup = make_setup(4, scripts({1: "delete"}, {}), owner_of=[0, 1, 0, 1], rounds=1)
    assert rows_of(setup) == ["ABCD", "BD"]
