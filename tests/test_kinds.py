from __future__ import annotations

import subprocess
import sys
import threading
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from dataleverage import kinds
from dataleverage.errors import DataleverageError
from dataleverage.kinds import FAMILIES, Family, Kind, Model, OneOf, family

EVERY = ["data", "objects", "tactic", "learner", "strategy", "selection", "defence", "response", "network"]


class Fruit(Kind, family="fruit", package="dataleverage.record"):
    """A family of the tests' own; its package is one without kinds."""


class Apple(Fruit):
    kind: Literal["apple"] = "apple"
    weight: float = Field(0.2, gt=0)


class Melon(Fruit):
    kind: Literal["melon"] = "melon"
    weight: float


class Basket(Model):
    fruit: Annotated[Fruit, OneOf("fruit")]


@pytest.fixture(scope="module", autouse=True)
def registry():
    yield
    FAMILIES.pop("fruit")


def test_defining_a_kind_registers_it():
    assert family("fruit").members == {"apple": Apple, "melon": Melon}
    assert Apple().tag == "apple"


def test_a_subclass_takes_nobody_s_place():
    class Heavy(Apple):
        weight: float = 9.0

    assert family("fruit").members["apple"] is Apple and Heavy().tag == "apple"


def test_short_and_full_forms():
    assert Basket(fruit="apple").fruit == Apple()
    assert Basket(fruit={"kind": "melon", "weight": 3.0}).fruit == Melon(weight=3.0)
    assert Basket(fruit=Apple(weight=0.5)).fruit.weight == 0.5
    assert family("fruit").short() == ["apple"]


@pytest.mark.parametrize(
    "given",
    [
        "melon",  # has a parameter without a default
        "pear",
        {"kind": "apple", "wieght": 1.0},
        {"kind": "apple", "weight": "1"},
        {"kind": "apple", "weight": float("nan")},
        {"kind": "apple", "weight": float("inf")},
        {"kind": "apple", "weight": 0.0},
        {"weight": 1.0},
        3,
        None,
        ["apple"],
    ],
)
def test_nothing_else_is_a_kind(given):
    with pytest.raises(ValidationError):
        Basket(fruit=given)


def test_kinds_are_frozen_and_hashable():
    apple = Apple()
    with pytest.raises(ValidationError, match="frozen"):
        apple.weight = 1.0
    assert hash(apple) == hash(Apple()) and apple != Apple(weight=0.3)


def test_the_schema_knows_both_forms():
    schema = TypeAdapter(Basket).json_schema()
    assert schema["properties"]["fruit"]["anyOf"][0] == {"enum": ["apple"]}
    assert schema["$defs"]["Apple"]["additionalProperties"] is False


def test_every_kind_has_a_sentence_and_every_parameter_too():
    import_module("dataleverage.scenario.scenario")  # all families are defined by then
    for name in EVERY:
        of = family(name)
        assert of.members, name
        for tag, kind in of.members.items():
            assert kind.__doc__ and kind.__doc__ != of.base.__doc__, tag
            assert kind.model_config["frozen"] and kind.model_config["extra"] == "forbid", tag
            for parameter, field in kind.model_fields.items():
                assert parameter == of.tag or field.description, f"{tag}.{parameter}"


def test_a_family_loads_when_it_is_asked_for():
    code = (
        "import sys; import dataleverage.grid.learner; from dataleverage.kinds import family;"
        "print('dataleverage.grid.learners.ridge' in sys.modules);"
        "print('ridge_classifier' in family('learner').members)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told == ["False", "True"]


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        (
            "dataleverage",
            "numpy pandas pydantic mesa sklearn scipy matplotlib altair pyarrow networkx ruamel vl_convert rich typer",
        ),
        ("dataleverage.cli", "sklearn matplotlib altair vl_convert pyarrow"),
        ("dataleverage.grid.grid", "sklearn pandas mesa matplotlib altair pyarrow networkx"),
        ("dataleverage.world.dataset", "sklearn pandas mesa matplotlib altair pyarrow networkx"),
    ],
)
def test_heavy_packages_are_loaded_where_they_are_used(module, absent):
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & set(absent.split())


def test_a_second_thread_never_sees_half_a_family(monkeypatch):
    """While one thread imports the modules of a family, another that asks for it waits or imports them as well."""
    half, go, seen = threading.Event(), threading.Event(), []
    of = Family("bread", "dataleverage.record", "kind", Fruit)

    class Slow:
        def load(self) -> None:
            half.set()
            go.wait(10)
            of.members["rye"] = Apple

    monkeypatch.setattr(kinds, "entry_points", lambda group: [Slow()])
    first = threading.Thread(target=of.load)
    second = threading.Thread(target=lambda: seen.append(sorted(of.load().members)))
    first.start()
    half.wait(10)
    second.start()
    second.join(0.2)
    go.set()
    first.join(10)
    second.join(10)
    assert seen == [["rye"]] and of.loaded


def test_a_broken_entry_point_is_named_each_time(monkeypatch):
    broken = EntryPoint(name="rye", value="no_such_bakery:Rye", group="dataleverage.bread")
    monkeypatch.setattr(kinds, "entry_points", lambda group: [broken])
    of = Family("bread", "dataleverage.record", "kind", Fruit)
    for _ in range(2):
        with pytest.raises(
            DataleverageError, match=r"`rye = no_such_bakery:Rye` in dataleverage\.bread.*No module named"
        ) as caught:
            of.load()
        assert caught.value.remedy
