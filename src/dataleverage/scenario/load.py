"""From a file to a scenario: read, overridden, validated and checked against its data, all errors at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from dataleverage.errors import DataleverageError, Place
from dataleverage.scenario.build import faults
from dataleverage.scenario.document import MOST_ERRORS, Document, parse, read, together
from dataleverage.scenario.overrides import overlay
from dataleverage.scenario.problems import problems
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.schema import nearest


def load(
    path: str | os.PathLike[str], *, settings: Sequence[str] = (), store: str | os.PathLike[str] | None = None
) -> Scenario:
    """Read a scenario file, and check it whole: the text, the keys and values, the data it names, and what follows from them.

    Parameters
    ----------
    settings : `KEY=VALUE` overrides, as `--set` takes them.
    store : a file that the grid keeps its cells in, also those that are trained for the check (`Grid.keep_in`).

    Raises a DataleverageError that names file, line, key and remedy; `Errors` where there are several.
    """
    return of_document(overlay(read(path), settings, Scenario), Path(path).parent.resolve(), store)


def loads(text: str, *, folder: Path | None = None) -> Scenario:
    """A scenario from YAML text; relative paths in it start at `folder`, or at the working directory."""
    return of_document(parse(text), (folder or Path.cwd()).resolve())


def of_document(document: Document, folder: Path, store: str | os.PathLike[str] | None = None) -> Scenario:
    """A checked scenario from a document."""
    data = document.rough
    found: list[DataleverageError] = [*document.faults]
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(data).in_folder(folder)
        parts = dict(scenario)
    except ValidationError as error:
        found += problems(error, document, Scenario)
        parts = valid_parts(data, Scenario)
    if not document.faults:  # what holds a stand-in cannot be judged
        found += [located(fault, document) for fault in faults(parts, folder, store)]
    if found or scenario is None:
        raise together(found)
    return scenario


def valid_parts(data: dict[Any, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a model (a scenario, say) that are valid by themselves, those left out at their defaults.

    A field whose name is misspelt is not left out, and what it says is not known: it is no part.
    """
    unknown = islice((key for key in data if key not in model.model_fields), MOST_ERRORS)
    misspelt = {nearest(key, model.model_fields) for key in unknown}
    parts = {}
    for name, field in model.model_fields.items():
        if name not in data:
            if not field.is_required() and name not in misspelt:
                parts[name] = field.get_default(call_default_factory=True)
            continue
        try:
            parts[name] = TypeAdapter(field.rebuild_annotation()).validate_python(data[name])
        except ValidationError:
            continue
    return parts


def located(error: DataleverageError, document: Document) -> DataleverageError:
    """The same error with the file and line of its key."""
    if error.place.line is not None or error.place.key is None:
        return error.at(Place(file=document.place(()).file))
    return error.at(document.place(document.path(error.place.key)))
