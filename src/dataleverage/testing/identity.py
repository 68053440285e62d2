"""What every learner must be as an object: frozen, hashable, picklable, and known by a fingerprint."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any, Literal, NoReturn, get_args, get_origin

from pydantic import ValidationError

from dataleverage.grid.learner import Learner


def check_object(learner: Learner) -> None:
    """Raises AssertionError where a learner can be changed, or not be told apart, hashed or pickled."""

    def fails(what: str) -> NoReturn:
        raise AssertionError(f"{type(learner).__name__}: {what}")

    if not isinstance(learner, Learner):
        fails("it is no Learner: derive from dataleverage.grid.learner.Learner")
    name = next(iter(type(learner).model_fields))
    try:
        setattr(learner, name, getattr(learner, name))
    except (ValidationError, AttributeError, TypeError):
        pass
    else:
        fails(f"frozen: its parameter `{name}` can be set")
    try:
        hash(learner)
    except TypeError as error:
        fails(f"hashable: {error}")
    try:
        copy = pickle.loads(pickle.dumps(learner))
    except Exception as error:  # whatever a learner holds may raise
        fails(f"pickling: {type(error).__name__}: {error}")
    if copy != learner or hash(copy) != hash(learner):
        fails("pickling: the copy is another learner, or has another hash")
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
