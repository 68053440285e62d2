"""A YAML 1.2 text read into plain Python data that remembers where everything stands.

The text is never handed to a YAML loader. Its parsing events are looked at one by one, so what could hurt (aliases that
multiply, nesting without end) is refused before anything is built, and so that YAML 1.2's own words hold: `no` is text,
`1e-3` is a number, `2024-01-01` is text, a key stands once.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from dataleverage.errors import DataleverageError, Errors, Place, ScenarioError, bounded

MOST_BYTES = 1_000_000
DEEPEST = 50
MOST_ERRORS = 50  # in one report
LONGEST_NUMBER = 40  # characters: room for a 128-bit seed, none for numbers that take minutes to convert

Keys = tuple[str | int, ...]  # where something stands: ("creators", 1, "count")

NULL = re.compile(r"null|Null|NULL|~|")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

HINTS = {
    r"'\t'": "Indent with spaces; YAML does not allow tabs there.",
    "mapping values are not allowed": "Check the indentation, and put quotes around text that holds a colon.",
    "end of stream": "Close the quotes or brackets that were opened before this.",
    "cannot start any token": "Put quotes around text that starts with this character.",
}


@dataclass(frozen=True)
class Document:
    """What a text says, and where.

    rough : the data as far as it can be read; what is at fault holds a stand-in. Use `data` unless you report `faults`.
    file : what the text is called in error messages.
    marks : the line and column (from 1) of every key and list item, by its path.
    faults : what is wrong with the text itself, when its structure could still be read.
    spoiled : the paths that hold a stand-in, so that nobody complains about the stand-in.
    overrides : for paths set from outside the text, the argument that set them (`--set rounds=3`).
    """

    rough: Any
    file: str | None = None
    marks: Mapping[Keys, tuple[int, int]] = field(default_factory=dict)
    faults: tuple[ScenarioError, ...] = ()
    spoiled: frozenset[Keys] = frozenset()
    overrides: Mapping[Keys, str] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The data. Raises every fault of the text at once if there is one."""
        if self.faults:
            raise together(self.faults)
        return self.rough

    def place(self, path: Keys) -> Place:
        """Where a path stands: its own line, or that of its nearest ancestor that is in the text."""
        key = dotted(path) or None
        for end in range(len(path), -1, -1):
            if path[:end] in self.overrides:
                return Place(file=self.overrides[path[:end]], key=key)
            if path[:end] in self.marks:
                return Place(self.file, *self.marks[path[:end]], key=key)
            for at, argument in self.overrides.items():  # a parent that exists only because something in it was set
                if end and at[:end] == path[:end]:
                    return Place(file=argument, key=key)
        return Place(file=self.file, key=key)

    def path(self, key: str, start: Keys = ()) -> Keys:
        """The path that a dotted key means below `start`; of keys with dots in them the longest that the data has."""
        value = self.rough
        for step in start:
            value = inside(value, step)
        path, names = start, key.split(".")
        while names:
            taken, step = _first(value, names)
            path, names, value = (*path, step), names[taken:], inside(value, step)
        return path

    def rank(self, path: Sequence[str | int]) -> tuple[int, int]:
        """The line and column of the nearest known part of a path, to sort by; (0, 0) for what was set from outside."""
        keys = tuple(path)
        found = next((keys[:end] for end in range(len(keys), 0, -1) if keys[:end] in self.marks), ())
        return (0, 0) if found in self.overrides else self.marks.get(found, (0, 0))

    def overridden(self, data: Any, overrides: Mapping[Keys, str]) -> Document:
        """This document with other data, of which the given paths were set by the given arguments."""
        return replace(self, rough=data, overrides={**self.overrides, **overrides})


def read(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file.

    Raises `ScenarioError` (or `Errors`, several of them) if it cannot be read as one YAML mapping. Faults that leave
    the structure readable (a key that stands twice, NaN) wait in `Document.faults` until `data` is asked for, so that
    they can be reported together with what a model finds wrong.
    """
    return parse(_decoded(_content(Path(path)), str(path)), str(path))


def parse(text: str, file: str | None = None) -> Document:
    """Read a YAML text; `file` names it in error messages. Raises like `read`."""
    document = _Reader(text, file).document()
    if isinstance(document.rough, dict):
        return document
    if document.rough is None and not document.faults:
        remedy = "Write a mapping of keys to values."
        raise ScenarioError("the file is empty", place=Place(file), remedy=remedy)
    wrong = ScenarioError(
        f"the file holds {shown(document.rough)} where a mapping of keys to values is needed",
        place=Place(file, *document.marks[()]),
        remedy="Write one `key: value` per line.",
    )
    raise together([*document.faults, wrong])


def parse_value(text: str, file: str) -> Any:
    """Read one value of any kind (`0.2`, `threshold`, `[1, 2]`), as it could stand after a key. Raises like `read`."""
    return _Reader(text, file).document().data


class Further(ScenarioError):
    """Stands for errors that were not looked at one by one, because there are so many."""

    count = 0


def further(count: int, *, most: bool = True, place: Place | None = None) -> Further:
    """The error that stands for `count` more; for at most so many if some may turn out to be the same."""
    error = Further(f"further errors follow: {'up to ' if most else ''}{count}", place=place)
    error.count = count
    return error


def together(errors: Sequence[DataleverageError]) -> DataleverageError:
    """The errors as one to raise: a single one as itself, several as `Errors`, of very many only the first."""
    told = [error for error in errors if not isinstance(error, Further)]
    uncounted = sum(error.count for error in errors if isinstance(error, Further))
    more = uncounted + max(len(told) - MOST_ERRORS, 0)
    if len(told) == 1 and not more:
        return told[0]
    if more:
        first = Errors(told).errors[:MOST_ERRORS]
        return Errors([*first, further(more, most=uncounted > 0, place=replace(first[-1].place, key=None) if first else None)])
    return Errors(told)


def _first(value: Any, names: Sequence[str]) -> tuple[int, str | int]:
    """How many of the names make up the first key in a value, and the key as the data has it."""
    if isinstance(value, list) and names[0].isdecimal() and len(names[0]) < 10:
        return 1, int(names[0])
    if isinstance(value, Mapping):
        by_text = {str(key): key for key in value}
        for taken in range(len(names), 0, -1):
            if (key := by_text.get(".".join(names[:taken]))) is not None:
                return taken, key
    return 1, names[0]


def inside(value: Any, step: str | int) -> Any:
    """What stands under a key or at an index, or None."""
    if isinstance(value, Mapping):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def dotted(path: Keys) -> str:
    """`creators.1.count`, on one line and of bounded length."""
    return bounded(".".join(bounded(str(key), 60).replace("\n", "\\n") for key in path), 200)


def shown(value: Any) -> str:
    """A value as error messages show it: in YAML's words, short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return bounded(repr(value[:80] if isinstance(value, str) else value), 60)
    return "a mapping" if isinstance(value, Mapping) else f"a list of {len(value)}"


class _Reader:
    """Builds data from the events of one text, keeping marks and faults."""

    def __init__(self, text: str, file: str | None) -> None:
        self.text, self.file = text, file
        self.marks: dict[Keys, tuple[int, int]] = {}
        self.faults: list[ScenarioError] = []
        self.spoiled: set[Keys] = set()
        self._check(text)
        self.events = self._events(text)

    def document(self) -> Document:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), StreamEndEvent):
            return Document(None, self.file)
        data = self.value(next(self.events), ())
        next(self.events)  # the end of the document
        after = next(self.events)
        if isinstance(after, DocumentStartEvent):
            self.stop("a second document starts here", after, (), "Keep one document per file: remove this `---`.")
        return Document(data, self.file, self.marks, tuple(self.faults), frozenset(self.spoiled))

    def value(self, event: Any, path: Keys, depth: int = 0) -> Any:
        """The data of the node that starts with `event`."""
        self.marks.setdefault(path, _mark(event))
        if isinstance(event, AliasEvent):
            what = f"the alias *{bounded(str(event.anchor), 60)} is not allowed"
            self.stop(what, event, path, "Write the value out where it is needed.")
        if event.tag is not None:
            what = f"the tag {bounded(str(event.tag).replace('tag:yaml.org,2002:', '!!'), 60)} is not allowed"
            remedy = "Remove it; put quotes around a value to make it text."
            self.fault(what, event, path, remedy, spoils=isinstance(event, ScalarEvent))
        if isinstance(event, ScalarEvent):
            return self.scalar(event, path)
        if depth == DEEPEST:
            self.stop(f"this is nested more than {DEEPEST} deep", event, path, "Flatten it.")
        return (self.mapping if isinstance(event, MappingStartEvent) else self.sequence)(path, depth + 1)

    def sequence(self, path: Keys, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self.value(event, (*path, len(items)), depth))
        return items

    def mapping(self, path: Keys, depth: int) -> dict[str | int, Any]:
        made: dict[str | int, Any] = {}
        lines: dict[str | int, int] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self.key(event, path, depth)
            line = _mark(event)[0]
            if key is not None:
                self.marks.setdefault((*path, key), _mark(event))
            value = self.value(next(self.events), (*path, "?" if key is None else key), depth)
            if key is None:
                continue
            if key in made:
                what = f"the key {shown(key)} stands here again, first on line {lines[key]}"
                self.fault(what, event, (*path, key), "Keep one of the two.", spoils=False)
            else:
                made[key], lines[key] = value, line
        return made

    def key(self, event: Any, path: Keys, depth: int) -> str | int | None:
        """A mapping's key, or None (and a fault) if it is neither text nor a whole number."""
        before = len(self.faults)
        inner = (*path, "?")
        key = self.value(event, inner, depth)
        if len(self.faults) > before:
            return None
        if self.text[event.start_mark.index - 1 : event.start_mark.index] == "?":
            # in braces the parser takes the ? of `{?x: 1}` for a mark of its own, and would read x
            self.fault("a key starts with ?", event, path, "Put quotes around it.", spoils=False)
            return None
        if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
            return key
        what = f"the key, {shown(key)}, is neither text nor a whole number"
        self.fault(what, event, path, "Put quotes around it to make it text.", spoils=False)
        return None

    def scalar(self, event: ScalarEvent, path: Keys) -> Any:
        """A scalar's value by the core schema of YAML 1.2."""
        text: str = event.value
        if (bad := CONTROL.search(text)) is not None:
            return self.fault(f"text holds the character U+{ord(bad[0]):04X}", event, path, "Remove it.")
        if event.style is not None:
            return text
        if NULL.fullmatch(text):
            return None
        if TRUE.fullmatch(text) or FALSE.fullmatch(text):
            return TRUE.fullmatch(text) is not None
        if INTEGER.fullmatch(text):
            if len(text) > LONGEST_NUMBER:
                return self.fault(f"a number with {len(text)} digits is too long", event, path, "Write a smaller one.")
            return int(text) if text[:2] not in ("0o", "0x") else int(text, 0)
        if NOT_FINITE.fullmatch(text) or (FLOAT.fullmatch(text) and abs(float(text)) == float("inf")):
            what = f"found {bounded(text, 60)}, which is not a finite number"
            return self.fault(what, event, path, "Write a finite number.")
        return float(text) if FLOAT.fullmatch(text) else text

    def fault(self, message: str, event: Any, path: Keys, remedy: str, *, spoils: bool = True) -> None:
        """Note something wrong and read on, unless there is so much that nobody would."""
        if len(self.faults) == MOST_ERRORS:
            raise together(self.faults)
        self.faults.append(ScenarioError(message, place=self.place(event, path), remedy=remedy))
        if spoils:
            self.spoiled.add(path)

    def stop(self, message: str, event: Any, path: Keys, remedy: str) -> NoReturn:
        """Refuse the text, together with the faults so far."""
        raise together([*self.faults, ScenarioError(message, place=self.place(event, path), remedy=remedy)])

    def place(self, event: Any, path: Keys) -> Place:
        return Place(self.file, *_mark(event), key=dotted(path) or None)

    def _check(self, text: str) -> None:
        """Refuse what is too long, or holds characters YAML does not know, before anything is parsed."""
        if len(text) > MOST_BYTES:
            raise _too_big(self.file)
        if (bad := CONTROL.search(text)) is not None:
            line = text.count("\n", 0, bad.start()) + 1
            column = bad.start() - text.rfind("\n", 0, bad.start())
            raise ScenarioError(
                f"the character U+{ord(bad[0]):04X} is not allowed in YAML",
                place=Place(self.file, line, column),
                remedy="Remove it, or check that this is a text file.",
            )

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as error:
            raise together([*self.faults, self._syntax(error)]) from None
        except Exception as error:  # on some malformed texts the parser trips over itself with a plain ValueError &c.
            wrong = ScenarioError(f"this is not YAML: {error}", place=Place(self.file), remedy="Check its syntax.")
            raise together([*self.faults, wrong]) from error

    def _syntax(self, error: MarkedYAMLError) -> ScenarioError:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(str(part) for part in (error.context, error.problem) if part)
        remedy = next((hint for text, hint in HINTS.items() if text in what), "Check indentation, quotes and brackets.")
        place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)
        return ScenarioError(f"this is not YAML: {what}", place=place, remedy=remedy)


def _mark(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _too_big(file: str | None) -> ScenarioError:
    remedy = "Keep data in files of its own and name them in the scenario."
    return ScenarioError("the file is larger than 1 MB", place=Place(file), remedy=remedy)


def _content(path: Path) -> bytes:
    """The bytes of a file of at most 1 MB; no more than that is ever read."""
    try:
        if path.is_dir():
            raise ScenarioError("this is a directory", place=Place(str(path)), remedy="Name a file in it.")
        if path.stat().st_size > MOST_BYTES:
            raise _too_big(str(path))
        with path.open("rb") as stream:  # a pipe or a device has no size until it is read
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ScenarioError("there is no such file", place=Place(str(path)), remedy=_nearest_file(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        remedy = "Check its name and permissions."
        raise ScenarioError(f"the file cannot be read: {why}", place=Place(bounded(str(path))), remedy=remedy) from None
    if len(content) > MOST_BYTES:
        raise _too_big(str(path))
    return content


def _nearest_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"The folder {bounded(str(path.parent), 200)} is not there either."
    near = difflib.get_close_matches(path.name, names, 1)
    return f"Did you mean {path.with_name(near[0])}?" if near else "Check the path."


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise ScenarioError(
            f"the byte 0x{content[error.start]:02x} is not UTF-8 text",
            place=Place(file, line, column),
            remedy="Save the file as UTF-8.",
        ) from None
