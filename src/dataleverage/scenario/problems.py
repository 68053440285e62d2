"""What is wrong with a document, said in our own words and with its place in the file.

Pydantic finds the problems. Its messages speak of tuples and discriminators, its paths hold the names of unions'
branches, and a value that fits no branch is reported once per branch: here each becomes one `ScenarioError`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dataleverage.errors import ScenarioError
from dataleverage.scenario.document import MOST_ERRORS, Document, Keys, further, inside, shown, together
from dataleverage.scenario.schema import NO_WORDS, Allowed, listed, nearest

M = TypeVar("M", bound=BaseModel)

OUT_OF_BOUNDS = {  # besides every `…_type`: errors that "found this, allowed is that" says in full
    "literal_error", "enum", "greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of",
    "string_too_short", "string_too_long", "string_pattern_mismatch", "too_short", "too_long", "int_from_float",
    "int_parsing", "float_parsing", "bool_parsing", "finite_number", "none_required",
}  # fmt: skip
MOST_LOCATED = 10 * MOST_ERRORS  # several can be one in the end: echoes, branches of a union
UNKNOWN_KIND = {"union_tag_invalid", "union_tag_not_found"}


def validated(document: Document, model: type[M]) -> M:
    """The model that a document describes.

    Raises `ScenarioError`, or `Errors` with everything that is wrong: with the text and with what it says.
    """
    try:
        made = model.model_validate(document.rough)
    except ValidationError as error:
        raise together([*document.faults, *problems(error, document, model)]) from None
    if document.faults:
        raise together(document.faults)
    return made


def problems(error: ValidationError, document: Document, model: type[BaseModel]) -> list[ScenarioError]:
    """Every problem that a validation of `document.rough` found, with its place; but none with a value that could not
    even be read, which `document.faults` has already. Of very many the first, and a `Further` for the rest.
    """
    top = Allowed.by(model)
    details = error.errors(include_url=False, include_input=False)
    if len(details) > MOST_LOCATED:
        details.sort(key=lambda detail: document.rank(detail["loc"]))
    found = [_located(dict(detail), document, top) for detail in details[:MOST_LOCATED]]
    faulty = {path[:end] for path in [*document.spoiled, *(one.path for one in found)] for end in range(len(path))}
    readable = [one for one in found if not _within(one.path, document.spoiled)]
    said = [_said(one, document) for one in _without_echoes(_one_branch(readable), faulty)]
    more = len(details) - MOST_LOCATED
    return [*said, further(more)] if more > 0 else said


def unknown_key(key: Any, around: Allowed) -> tuple[str, str]:
    """The message and the remedy for a key that cannot stand in a mapping."""
    least = around.least_key()
    if least is None:
        return _unknown("key", key, around.names())
    start = "" if least < 0 else f" from {least}"
    return f"the key {shown(key)} is not allowed here", f"Keys here are whole numbers{start}."


def _unknown(what: str, name: Any, names: Sequence[str]) -> tuple[str, str]:
    near = nearest(name, names)
    remedy = f"Did you mean `{near}`?" if near else f"Allowed: {listed(names)}." if names else "Use another."
    return f"there is no {what} {shown(name)} here", remedy


@dataclass(frozen=True)
class _Found:
    """One of pydantic's errors, located.

    path : where, without the names of unions' branches.
    branches : the unions passed on the way, as (where, the branch's name).
    allowed : what can stand there. around : what can stand in the mapping or list around it.
    value : what does stand there. about_key : whether the key itself is wrong.
    """

    type: str
    path: Keys
    allowed: Allowed
    around: Allowed
    value: Any
    detail: Mapping[str, Any] = field(default_factory=dict)
    branches: tuple[tuple[Keys, str], ...] = ()
    about_key: bool = False


def _located(detail: Mapping[str, Any], document: Document, top: Allowed) -> _Found:
    """Walk the data and the schema along pydantic's path to tell keys from the names of branches and kinds."""
    path: Keys = ()
    here, around, value = top, top, document.rough
    branches: list[tuple[Keys, str]] = []
    labelled = kinded = False
    steps: Sequence[str | int] = detail["loc"]
    about_key = bool(steps) and steps[-1] == "[key]"
    for step in steps[:-1] if about_key else steps:
        known = here.fitting(value)
        if isinstance(step, str) and not kinded:
            is_key = step in known.names() or (isinstance(value, Mapping) and step in value)
            if step in here.tags() and (labelled or not here.is_union() or not is_key):
                here, kinded = here.of_kind(step), True
                continue
            if not is_key and not labelled and (here.is_union() or not isinstance(value, Mapping | list)):
                branches.append((path, step))
                labelled = True
                continue
        around = here if kinded else known
        here = around.at(step) or Allowed((), top.root)
        value = inside(value, step)
        path = (*path, step)
        labelled = kinded = False
    return _Found(str(detail["type"]), path, here, around, value, detail, tuple(branches), about_key)


def _one_branch(found: Sequence[_Found], depth: int = 0) -> list[_Found]:
    """Of a value that fits no branch of a union, only what is wrong with the branch it comes nearest to."""
    kept: list[_Found] = []
    unions: dict[Keys, dict[str, list[_Found]]] = {}
    for one in found:
        if len(one.branches) <= depth:
            kept.append(one)
        else:
            path, name = one.branches[depth]
            unions.setdefault(path, {}).setdefault(name, []).append(one)
    for path, by_name in unions.items():
        branches = [_one_branch(inside, depth + 1) for inside in by_name.values()]
        best = min(branches, key=lambda inside: (_misfit(inside, path), len(inside)))
        kept += best if _misfit(best, path) < 2 else [one for one in best if one.path == path][:1]
    return kept


def _misfit(branch: Sequence[_Found], path: Keys) -> int:
    """0: the branch takes this sort of value; 1: it does, but refuses this one in its own words; 2: it does not."""
    here = [one for one in branch if one.path == path and not one.about_key]
    return 0 if not here else 2 if any(_is_plain(one) for one in here) else 1


def _is_plain(one: _Found) -> bool:
    """Whether "found this, allowed is that" says it all."""
    return one.type.endswith("_type") or one.type in OUT_OF_BOUNDS


def _without_echoes(found: Sequence[_Found], faulty: Collection[Keys]) -> list[_Found]:
    """Without what follows from another error: a key missing where it is misspelt, the value of a wrong key, a list
    too short because pydantic does not count the items it found wrong.

    faulty : whatever has something wrong inside it.
    """
    wrong = {one.path for one in found if one.about_key}
    misspelt = {(*one.path[:-1], nearest(one.path[-1], one.around.names())) for one in found if one.type == "extra_forbidden"}
    after: Mapping[str, Collection[Any]] = {"missing": misspelt, "too_short": faulty}
    kept = [one for one in found if one.path not in after.get(one.type, ())]
    return [one for one in kept if one.about_key or not _within(one.path, wrong)]


def _within(path: Keys, paths: Collection[Keys]) -> bool:
    """Whether a path is one of the paths, or below one."""
    return any(path[:end] in paths for end in range(len(path) + 1))


def _said(one: _Found, document: Document) -> ScenarioError:
    """One problem in our words."""
    path = one.path
    if one.type in UNKNOWN_KIND:
        tag = next(iter(one.allowed.tags().values()), "kind")
        full = isinstance(one.value, Mapping)
        path = (*path, tag) if full else path
        message, remedy = _unknown_kind(one.value.get(tag) if full else one.value, tag, one.allowed)
    elif one.type == "missing":
        message, remedy = f"the key `{path[-1]}` is missing", _add(one, document)
    elif one.type == "extra_forbidden" or one.about_key:
        message, remedy = unknown_key(path[-1], one.around)
    elif _is_plain(one):
        message, remedy = _not_allowed(one)
    else:
        return _own(one, document)
    return ScenarioError(message, place=document.place(path), remedy=remedy)


def _unknown_kind(name: Any, tag: str, allowed: Allowed) -> tuple[str, str]:
    kinds = list(allowed.tags())
    if name is None:
        return f"the key `{tag}` is missing", f"Add `{tag}: …`, one of {listed(kinds)}."
    message, remedy = _unknown("kind", name, kinds)
    return message, remedy if remedy.startswith("Allowed") else f"{remedy} Allowed: {listed(kinds)}."


def _add(one: _Found, document: Document) -> str:
    """How to add a missing key, said so that a kind written short becomes a mapping first."""
    about = one.allowed.note("description")
    line = f"`{one.path[-1]}: …`"
    parent: Any = document.rough
    for step in one.path[:-1]:
        parent = inside(parent, step)
    if isinstance(parent, str):
        tag = next((name for name in one.around.names() if name in ("kind", "by")), "kind")
        line = f"it: `{{{tag}: {parent}, {one.path[-1]}: …}}`"
    return f"Add {line}, {one.allowed.words()}" + (f" ({_plain(about)})." if about else ".")


def _not_allowed(one: _Found) -> tuple[str, str]:
    """Found this; allowed is that; and what may help."""
    allowed = one.allowed.words()
    said = f"found {shown(one.value)}; allowed: " + (str(one.detail["msg"]) if allowed == NO_WORDS else allowed)
    options = [value for choice in one.allowed.choices for value in choice.get("enum", [])]
    near = nearest(one.value, options) if isinstance(one.value, str) else None
    about, default = one.allowed.note("description"), one.allowed.note("default")
    names = one.around.names()  # a misspelt key goes unnoticed where any key is allowed next to the known ones
    key = nearest(one.path[-1], names) if one.path and one.path[-1] not in names else None
    help_ = [
        f"Did you mean `{near}`?" if near else "",
        f"Did you mean the key `{key}`?" if key else "",
        f"Write `[{one.value}]`." if _is_item(one) else "",
        "Remove the quotes." if "number" in allowed and _is_number(one.value) else "",
        f"`{one.path[-1]}`: {_plain(about)}." if about and one.path else "",
        f"Without it, it is {shown(default)}." if isinstance(default, str | int | float) else "",
    ]
    return said, " ".join(text for text in help_ if text) or "Change it; `dataleverage schema` prints all that is allowed."


def _own(one: _Found, document: Document) -> ScenarioError:
    """A validator's own error. The context of a `PydanticCustomError` may give a `key` below it, and a `remedy`."""
    context = one.detail.get("ctx", {})
    below = context.get("key", ())
    path = document.path(below, one.path) if isinstance(below, str) else (*one.path, *below)
    message = str(context.get("error") or one.detail["msg"])
    return ScenarioError(message, place=document.place(path), remedy=str(context.get("remedy", "")))


def _is_item(one: _Found) -> bool:
    """Whether a text stands where a list of texts is needed."""
    if not isinstance(one.value, str) or not re.fullmatch(r"\w[\w .-]{0,60}", one.value):
        return False
    item = one.allowed.fitting([]).at(0)
    return item is not None and any(choice.get("type") == "string" for choice in item.choices)


def _is_number(value: Any) -> bool:
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    """A description on one line, to be set inside a sentence."""
    return " ".join(text.split()).rstrip(".")
