"""The published JSON Schema of a model, and what it allows at one place.

Editors complete a scenario from the schema; error messages and `--set` look up in it what may stand where, so that the
three can never disagree.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
WHOLE = r"^-?(0|[1-9][0-9]*)$"
MOST_LISTED = 12  # names in one message
NO_WORDS = "nothing"


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `model` accepts, short forms of kinds included.

    A mapping whose keys are whole numbers has them as text here, as JSON must.
    """
    return deepcopy(_generated(model))


@lru_cache(maxsize=32)
def _generated(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": DIALECT, **model.model_json_schema(schema_generator=_Generator)}


class _Generator(GenerateJsonSchema):
    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        """Whole-number keys become a pattern: pydantic leaves them out, which would let any key pass."""
        made = super().dict_schema(schema)
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        if keys.get("type") == "integer":
            made["patternProperties"] = {_whole_from(keys): made.pop("additionalProperties", True)}
        if "patternProperties" in made:
            made["additionalProperties"] = False
        return made

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> dict[str, Any]:
        """Every choice must show its tag: it has a default in its model, but nothing else tells the choices apart."""
        made = super().tagged_union_schema(schema)
        tag = schema["discriminator"]
        if isinstance(tag, str):
            for one in made["oneOf"]:
                one["required"] = list(dict.fromkeys([tag, *one.get("required", ())]))
        return made


def _whole_from(keys: Mapping[str, Any]) -> str:
    """A pattern for whole numbers from the least that is allowed, as far as 0 and 1 go."""
    least = keys.get("minimum", keys.get("exclusiveMinimum", -2) + 1)
    return r"^[1-9][0-9]*$" if least >= 1 else r"^(0|[1-9][0-9]*)$" if least == 0 else WHOLE


def nearest(name: Any, names: Iterable[Any]) -> str | None:
    """The one of `names` that `name` most likely stands for, whatever its case, or None."""
    by_lower = {str(other).lower(): str(other) for other in names}
    near = difflib.get_close_matches(str(name)[:80].lower(), by_lower, 1)
    return by_lower[near[0]] if near else None


def listed(names: Iterable[Any]) -> str:
    """`a, b, c`, and how many more when there are many."""
    texts = [str(name) for name in names]
    more = len(texts) - MOST_LISTED
    return ", ".join(texts[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Allowed:
    """What a schema allows at one place.

    choices : the schemas one of which must hold here, references resolved and unions taken apart, except that a union
        of kinds stays whole until `fitting` picks the kind.
    root : the whole schema.
    """

    choices: tuple[Mapping[str, Any], ...]
    root: Mapping[str, Any]

    @classmethod
    def by(cls, model: type[BaseModel]) -> Allowed:
        """What a model allows at the top."""
        root = _generated(model)
        return cls(tuple(_flat(root, root)), root)

    def fitting(self, value: Any) -> Allowed:
        """What is left once the value is known to be text, a list or a mapping, and of which kind."""
        return Allowed(tuple(fit for choice in self.choices for fit in self._fits(choice, value)), self.root)

    def _fits(self, choice: Mapping[str, Any], value: Any) -> Iterator[Mapping[str, Any]]:
        if (kinds := _kinds(choice)) is not None:
            tag = value.get(_tag(choice)) if isinstance(value, Mapping) else value
            if isinstance(tag, str) and tag in kinds:
                yield from self.of_kind(tag).choices
            elif isinstance(value, Mapping):  # no telling which kind: any of them
                yield from (found for name in kinds for found in self.of_kind(name).choices)
        elif isinstance(value, Mapping):
            if choice.get("type", "object") == "object" and "enum" not in choice:
                yield choice
        elif isinstance(value, list) and choice.get("type", "array") == "array" and "enum" not in choice:
            yield choice

    def tags(self) -> dict[str, str]:
        """The kinds that can stand here, each with the key that names it (`kind`)."""
        return {name: _tag(choice) for choice in self.choices for name in _kinds(choice) or ()}

    def of_kind(self, name: str) -> Allowed:
        """What the named kind allows."""
        kinds = [kinds[name] for choice in self.choices if (kinds := _kinds(choice)) is not None and name in kinds]
        targets = [{"$ref": kind} if isinstance(kind, str) else kind for kind in kinds]
        return Allowed(tuple(found for target in targets for found in _flat(target, self.root)), self.root)

    def is_union(self) -> bool:
        """Whether different sorts of value can stand here; a kind, short or full, or nothing, counts as one sort."""
        return len(self._sorts()) > 1

    def _sorts(self) -> list[Mapping[str, Any]]:
        tags = self.tags()
        full = [choice for choice in self.choices if not (tags and set(choice.get("enum", [None])) <= set(tags))]
        return [choice for choice in full if choice.get("type") != "null"]

    def names(self) -> list[str]:
        """The keys that the mappings which can stand here know by name."""
        found: dict[str, None] = {}
        for choice in self.choices:
            found.update(dict.fromkeys(choice.get("properties", ())))
            found.update(dict.fromkeys(choice.get("propertyNames", {}).get("enum", ())))
        return list(found)

    def required(self) -> list[str]:
        """The keys that must be there."""
        return [name for choice in self.choices for name in choice.get("required", ())]

    def at(self, key: str | int) -> Allowed | None:
        """What is allowed under a key or at an index, or None if there can be no such thing."""
        under = [part for choice in self.choices for part in _under(choice, key)]
        return Allowed(tuple(found for part in under for found in _flat(part, self.root)), self.root) if under else None

    def least_key(self) -> int | None:
        """If the keys of the mappings here are whole numbers, the least of -1, 0 and 1 that can be one."""
        patterns = [pattern for choice in self.choices for pattern in choice.get("patternProperties", ())]
        return next((least for least in (-1, 0, 1) for pattern in patterns if re.search(pattern, str(least))), None)

    def note(self, name: str) -> Any:
        """An annotation (`description`, `default`) on any of the choices, or None."""
        return next((choice[name] for choice in self.choices if name in choice), None)

    def words(self) -> str:
        """What is allowed, in plain words."""
        said = dict.fromkeys(_said(choice) for choice in self._sorts())
        nulls = ["null"] if any(choice.get("type") == "null" for choice in self.choices) else []
        every = [*said, *nulls] or [NO_WORDS]
        if len(every) == 1 or (len(every) == 2 and "," not in every[0]):
            return " or ".join(every)
        return ", ".join(every[:-1]) + f", or {every[-1]}"


def _flat(part: Any, root: Mapping[str, Any], notes: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
    """A schema taken apart into choices; each keeps the description and the default of what it was part of."""
    if not isinstance(part, Mapping):  # `true`: anything
        part = {}
    notes = {**{name: part[name] for name in ("description", "default") if name in part}, **(notes or {})}
    inner = [part[name] for name in ("anyOf", "allOf") if name in part]
    if "$ref" in part:
        target: Any = root
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        yield from _flat({name: value for name, value in target.items() if name != "description"}, root, notes)
    elif inner or ("oneOf" in part and "discriminator" not in part):
        for choices in inner or [part["oneOf"]]:
            for choice in choices:
                yield from _flat(choice, root, notes)
    else:
        yield {**part, **notes}


def _under(choice: Mapping[str, Any], key: str | int) -> Iterator[Any]:
    kind = choice.get("type")
    if isinstance(key, int) and kind in ("array", None) and "properties" not in choice:
        first = choice.get("prefixItems", [])
        if key < len(first):
            yield first[key]
        elif choice.get("items", not first) is not False and key < choice.get("maxItems", key + 1):
            yield choice.get("items", True)
    if kind not in ("object", None) or "enum" in choice or "const" in choice:
        return
    if str(key) in choice.get("properties", {}):
        yield choice["properties"][str(key)]
        return
    names = choice.get("propertyNames", {}).get("enum")
    patterns = choice.get("patternProperties", {})
    matched = [part for pattern, part in patterns.items() if re.search(pattern, str(key))]
    if matched:
        yield matched[0]
    elif choice.get("additionalProperties", True) is not False and (names is None or key in names):
        yield choice.get("additionalProperties", True)


def _kinds(choice: Mapping[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = choice.get("discriminator", {}).get("mapping")
    return found


def _tag(choice: Mapping[str, Any]) -> str:
    return str(choice["discriminator"]["propertyName"])


def _said(choice: Mapping[str, Any]) -> str:
    """One choice in plain words."""
    if (kinds := _kinds(choice)) is not None:
        return f"one of the kinds {listed(kinds)}"
    if "const" in choice:
        return repr(choice["const"])
    if "enum" in choice:
        return ("one of " if len(choice["enum"]) > 1 else "") + listed(repr(value) for value in choice["enum"])
    names = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false"}
    names |= {"array": "a list", "object": "a mapping"}
    said = names.get(str(choice.get("type")), "anything")
    if choice.get("properties"):
        said = f"a mapping with {listed(f'`{name}`' for name in choice.get('required') or choice['properties'])}"
    return said + _bounds(choice)


def _bounds(choice: Mapping[str, Any]) -> str:
    """` from 0 to 1`, ` of at least 1 items`: the limits that a choice sets."""
    words = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
    limits = [f"{word} {choice[name]:.12g}" for name, word in words.items() if name in choice]
    if "minimum" in choice and "maximum" in choice:
        said = f" from {choice['minimum']:.12g} to {choice['maximum']:.12g}"
    else:
        said = f" {' and '.join(limits)}" if limits else ""
    more = {"multipleOf": "in steps of", "pattern": "like"}
    said += "".join(f" {word} {choice[name]}" for name, word in more.items() if name in choice)
    for name, unit in {"Items": "items", "Length": "characters", "Properties": "keys"}.items():
        least, most = choice.get(f"min{name}"), choice.get(f"max{name}")
        sizes = [f"at least {least}"] if least is not None else []
        sizes += [f"at most {most}"] if most is not None else []
        if sizes:
            said += f" of {least if least == most else ' and '.join(sizes)} {unit}"
    return said
