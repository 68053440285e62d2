"""Values set from outside a file: `--set creators.1.strategy.mean=0.2`.

A value is put into the plain data before it is validated, so it is checked exactly as if the file had said so. Where it
goes must exist in the schema; it need not be in the file. An item of a list goes by its number or by its `name`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from pydantic import BaseModel

from dataleverage.errors import DataleverageError, Errors, Place, ScenarioError, bounded
from dataleverage.kinds import FAMILIES
from dataleverage.scenario.document import Document, Keys, dotted, parse_value, shown, together
from dataleverage.scenario.problems import unknown_key
from dataleverage.scenario.schema import Allowed


def apply(data: Any, settings: Sequence[str], model: type[BaseModel]) -> Any:
    """A copy of the plain data with `KEY=VALUE` settings put in, in order.

    Raises `ScenarioError`, or `Errors` with all settings that cannot be: no `=`, no such place, not YAML.
    """
    return overlay(Document(data), settings, model).rough


def overlay(document: Document, settings: Sequence[str], model: type[BaseModel]) -> Document:
    """A document with settings put in; what is found wrong with them later has the setting as its place, not a line."""
    data = deepcopy(document.rough)
    top = Allowed.by(model)
    set_: dict[Keys, str] = {}
    errors: list[DataleverageError] = []
    for setting in kinds_first(settings):
        argument = _argument(setting)
        name, equals, text = setting.partition("=")
        place = Place(file=argument, key=dotted((name,)) or None)
        try:
            if not equals or not name.strip():
                raise ScenarioError("a setting must be KEY=VALUE", remedy="For example: --set rounds=10")
            value = parse_value(text, argument)
            path = put(data, name.strip().split("."), value, top)
            set_.pop(path, None)  # so that the latest setting of a place stands last
            set_[path] = argument
        except DataleverageError as error:
            # a line and a column within the setting would mean nothing to the user
            each = error.errors if isinstance(error, Errors) else (error,)
            errors += [ScenarioError(one.message, place=place, remedy=one.remedy) for one in each]
    if errors:
        raise together(errors)
    return document.overridden(data, set_)


def put(data: Any, names: Sequence[str], value: Any, top: Allowed) -> Keys:
    """Put a value into plain data, in place, and return its path.

    Makes the mappings on the way that are not there yet, and writes a kind out (`{kind: threshold}`) that is to get a
    parameter. Raises `ScenarioError` if the schema has no such place.
    """
    path: Keys = ()
    here, parent = top, data
    for position, name in enumerate(names):
        inside = here.fitting(parent)
        key: str | int = _index(parent, name, path) if isinstance(parent, list) else _key(parent, name, inside)
        under = inside.at(key)
        if under is None:
            message, remedy = unknown_key(name, inside)
            raise ScenarioError(message, remedy=remedy)
        path = (*path, key)
        if position == len(names) - 1:
            if isinstance(parent, dict):
                _drop_others(parent, key, value, here)
            parent[key] = value
        else:
            parent[key] = _container(parent[key] if _has(parent, key) else None, under, path, names[position + 1])
            here, parent = under, parent[key]
    return path


def kinds_first(settings: Sequence[str]) -> list[str]:
    """The settings (`KEY=VALUE`, or keys alone) in order, but a kind before the parameters that are set next to it."""
    ordered: list[str] = []
    for setting in settings:
        around, dot, last = setting.partition("=")[0].strip().rpartition(".")
        at = len(ordered)
        if dot and last in {of.tag for of in FAMILIES.values()}:
            beside = [i for i, other in enumerate(ordered) if other.startswith(f"{around}.") and not _sets(other, around, last)]
            at = min(beside, default=at)
            at = max([at, *(i + 1 for i, other in enumerate(ordered) if _sets(other, around, last))])
        ordered.insert(at, setting)
    return ordered


def _sets(setting: str, around: str, last: str) -> bool:
    """Whether a setting sets this kind, or as a whole what the kind stands in."""
    name = setting.partition("=")[0].strip()
    return name == f"{around}.{last}" or f"{around}.".startswith(f"{name}.")


def _drop_others(parent: dict[Any, Any], key: str | int, value: Any, here: Allowed) -> None:
    """Where another kind is set, take out the parameters that it does not have."""
    if isinstance(value, str) and here.tags().get(value) == key and parent.get(key) != value:
        known = here.of_kind(value).names()
        for name in [name for name in parent if name not in known]:
            del parent[name]


def _has(parent: Any, key: str | int) -> bool:
    return isinstance(parent, list) or key in parent


def _key(parent: Any, name: str, inside: Allowed) -> str | int:
    """The key as the data or the schema has it: text, unless keys there are whole numbers."""
    number = int(name) if name.removeprefix("-").isdecimal() and len(name) < 20 else None
    if number is not None and name not in parent and (number in parent or inside.least_key() is not None):
        return number
    return name


def _index(items: list[Any], name: str, path: Keys) -> int:
    if name.isdecimal() and len(name) < 10 and int(name) < len(items):
        return int(name)
    named = [i for i, item in enumerate(items) if isinstance(item, dict) and item.get("name") == name]
    if len(named) == 1:
        return named[0]
    remedy = f"It has {len(items)}, counted from 0." if items else f"It is empty: set `{dotted(path)}` as a whole."
    raise ScenarioError(f"there is no item {shown(name)} in `{dotted(path)}`", remedy=remedy)


def _container(value: Any, allowed: Allowed, path: Keys, name: str) -> Any:
    """What stands at a path, as something that `name` can be put into."""
    tags = allowed.tags()
    if isinstance(value, str) and value in tags:
        return {tags[value]: value}
    if isinstance(value, dict | list):
        return value
    if value is None and (allowed.fitting({}).choices):
        return {}
    where = f"`{dotted(path)}`"
    if value is None and allowed.fitting([]).choices:
        what = f"{where} is not in the file, so it has no item {shown(name)}"
        raise ScenarioError(what, remedy=f"Set {where} as a whole.")
    found = "not in the file" if value is None else shown(value)
    remedy = f"Set {where} itself: {allowed.words()}."
    raise ScenarioError(f"{where} is {found}, so there is no {shown(name)} in it", remedy=remedy)


def _argument(setting: str) -> str:
    return bounded(f"--set {setting}".replace("\n", "\\n"), 120)
