"""What every kind must be as an object: frozen and picklable; and learners hashable and known by a fingerprint."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from dataleverage.grid.learner import Learner
from dataleverage.kinds import FAMILIES, Kind, OneOf


def check_kind(kind: Kind, base: type[Kind]) -> None:
    """Raises AssertionError where a kind of a family can be changed, or not be pickled."""

    def fails(what: str) -> NoReturn:
        raise AssertionError(f"{type(kind).__name__}: {what}")

    if not isinstance(kind, base):
        fails(f"it is no {base.__name__}: derive from {base.__module__}.{base.__name__}")
    name = next(iter(type(kind).model_fields))
    try:
        setattr(kind, name, getattr(kind, name))
    except (ValidationError, AttributeError, TypeError):
        pass
    else:
        fails(f"frozen: its parameter `{name}` can be set")
    try:
        copy = pickle.loads(pickle.dumps(kind))
    except Exception as error:  # whatever a kind holds may raise
        fails(f"pickling: {type(error).__name__}: {error}")
    if copy != kind:
        fails("pickling: the copy is another one")


def check_file(kind: Kind, base: type[Kind]) -> None:
    """Raises AssertionError where a scenario file cannot name a kind, or means another by what it would write."""
    label = FAMILIES[base._family].tag
    name = type(kind).__name__
    if FAMILIES[base._family].members.get(str(getattr(kind, label, None))) is not type(kind):
        raise AssertionError(f"{name}: a file cannot name it; give it a `{label}: Literal[…]` of its own, with that as default")
    said = {label: getattr(kind, label), **kind.model_dump(exclude_unset=True)}
    field: Any = Annotated[base, OneOf(base._family)]
    try:
        read = TypeAdapter(field).validate_python(said)
    except ValidationError as error:
        raise AssertionError(f"{name}: a file that says {said} is refused: {error}") from error
    if read != kind:
        raise AssertionError(f"{name}: a file that says {said} means {read!r}")


def check_object(learner: Learner) -> None:
    """Raises AssertionError where a learner can be changed, or not be told apart, hashed or pickled."""
    check_kind(learner, Learner)

    def fails(what: str) -> NoReturn:
        raise AssertionError(f"{type(learner).__name__}: {what}")

    try:
        hash(learner)
    except TypeError as error:
        fails(f"hashable: {error}")
    copy = pickle.loads(pickle.dumps(learner))
    if hash(copy) != hash(learner):
        fails("pickling: the copy has another hash")
    if len({learner.fingerprint(), learner.fingerprint(), copy.fingerprint()}) > 1:
        fails("fingerprint: it is not the same each time, and in a pickled copy")
    for name, other in changed(learner):
        if learner.model_copy(update={name: other}).fingerprint() == learner.fingerprint():
            fails(f"fingerprint: it is the same with {name} = {getattr(learner, name)!r} and with {other!r}")


def changed(learner: Learner) -> Iterator[tuple[str, Any]]:
    """Each parameter that is a number, a truth or a choice of words, with another value."""
    for name, part in type(learner).model_fields.items():
        value = getattr(learner, name)
        choices = get_args(part.annotation) if get_origin(part.annotation) is Literal else ()
        if len(choices) > 1:
            yield name, next(choice for choice in choices if choice != value)
        elif isinstance(value, bool):
            yield name, not value
        elif isinstance(value, int | float):
            yield name, type(value)(2 * value + 1)
