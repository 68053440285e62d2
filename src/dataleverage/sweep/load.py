"""From a sweep file to a plan: read, and every point's scenario checked before anything is played, all errors at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dataleverage.errors import DataleverageError, Place, ScenarioError
from dataleverage.measure.outcomes import OUTCOMES
from dataleverage.scenario.build import faults as faults_of_scenario
from dataleverage.scenario.document import MOST_ERRORS, Document, Keys, inside, parse, read, shown, together
from dataleverage.scenario.load import located, valid_parts
from dataleverage.scenario.overrides import kinds_first, put
from dataleverage.scenario.problems import problems, validated
from dataleverage.scenario.scenario import Scenario
from dataleverage.scenario.schema import Allowed
from dataleverage.sweep.checks import faults
from dataleverage.sweep.columns import Column
from dataleverage.sweep.design import Sweep
from dataleverage.sweep.outcomes import function
from dataleverage.sweep.plan import Plan, Seeds, put_in
from dataleverage.sweep.points import points
from dataleverage.sweep.store import Kept
from dataleverage.world.dataset import ExampleSource

if TYPE_CHECKING:
    import pandas as pd

MOST_RUNS = 10_000_000
Each = Callable[[Sequence[int]], Iterable[int]]
SET = "vary "  # before the path that set a value, in the place of a fault


def load(path: str | os.PathLike[str], *, each: Each = iter) -> Plan:
    """Read a sweep file and its scenario, and check all of it.

    each : goes through the points to be checked, and may tell how far it is.
    Raises a DataleverageError that names file, line, key and remedy; `Errors` where there are several.
    """
    return of_document(read(path), Path(path).parent.resolve(), each)


def loads(text: str, *, folder: Path | None = None) -> Plan:
    """A plan from YAML text; relative paths in it start at `folder`, or at the working directory."""
    return of_document(parse(text), (folder or Path.cwd()).resolve())


def of_document(document: Document, folder: Path, each: Each = iter) -> Plan:
    """A checked plan from the document of a sweep file."""
    found: list[DataleverageError] = [*document.faults]
    sweep: Sweep | None = None
    try:
        sweep = Sweep.model_validate(document.rough).in_folder(folder)
        parts = dict(sweep)
    except ValidationError as error:
        found += problems(error, document, Sweep)
        parts = valid_parts(document.rough, Sweep)
    if not document.faults:
        found += faults(parts, document)
    base: Document | None = None
    if "scenario" in parts:
        try:
            base = read(os.path.normpath(folder / parts["scenario"]))
        except ScenarioError as error:
            found.append(at_the_scenario(error, document))
        except DataleverageError as error:
            found.append(error)
    if base is not None and isinstance(vary := inside(document.rough, "vary"), dict):
        found += paths_that_are_not(base, vary, document)
    if found or sweep is None or base is None:
        raise together(found)
    beside = Path(os.path.normpath(folder / sweep.scenario)).parent.resolve()
    plan = planned(sweep, base.rough, beside)
    if len(plan) > MOST_RUNS:
        raise ScenarioError(
            f"that is {len(plan):,} runs, and at most {MOST_RUNS:,} are kept track of",
            place=document.place(()),
            remedy="Take fewer values, worlds or replicates.",
        )
    found += faults_of_points(plan, base, document, each)
    if found:
        raise together(found)
    return plan


def planned(sweep: Sweep, base: Mapping[Any, Any], beside: Path) -> Plan:
    """The plan of a sweep, none of its scenarios checked."""
    return Plan(sweep, base, beside, points(sweep), Seeds.of(sweep), in_order(list(sweep.vary)))


def reread(kept: Kept, name: str) -> Plan:
    """The plan of runs that a folder keeps. It was checked before they were played: nothing is checked or imported again.

    name : what the folder is called in errors. Raises a DataleverageError where this version cannot read what is kept.
    """
    sweep = validated(parse(kept.sweep, name), Sweep).in_folder(kept.folder)
    if kept.scenario is not None and kept.beside is not None:
        return planned(sweep, parse(kept.scenario, name).data, kept.beside)
    file = Path(os.path.normpath(kept.folder / sweep.scenario))
    return planned(sweep, read(file).data, file.parent.resolve())


def at_the_scenario(error: ScenarioError, document: Document) -> DataleverageError:
    """A fault of the scenario's file; that there is none is a fault of the key that names it."""
    if error.place.line is not None:
        return error
    where = document.place(("scenario",))
    return ScenarioError(f"{error.place.file}: {error.message}", place=where, remedy=error.remedy)


def in_order(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths so that none undoes another: the whole before its parts, a kind before the parameters next to it."""
    return tuple(kinds_first(sorted(paths, key=lambda path: path.count("."))))


def paths_that_are_not(base: Document, vary: Mapping[str, Any], document: Document) -> Iterator[DataleverageError]:
    """What is varied where the scenario has no such place."""
    data = deepcopy(base.rough)
    top = Allowed.by(Scenario)
    for path in in_order([path for path in vary if isinstance(path, str)]):
        listed = vary[path] if isinstance(vary[path], list) else inside(vary[path], "values")
        try:
            put(data, path.split("."), deepcopy(listed[0]) if isinstance(listed, list) and listed else 0, top)
        except ScenarioError as error:
            yield ScenarioError(error.message, place=document.place(("vary", path)), remedy=error.remedy)


def faults_of_points(plan: Plan, base: Document, document: Document, each: Each) -> list[DataleverageError]:
    """What is wrong with the scenarios of points, each fault once.

    All points are held against the schema. What only shows when the parts of a scenario meet its data is looked for where it
    depends on something: at the fewest first points that hold every listed value, and the least and the greatest number.
    """
    found: dict[tuple[Any, ...], DataleverageError] = {}
    whole = covering(plan.points)
    for point in each(range(len(plan.points))):
        for error in faults_of_point(plan, point, base, whole=point in whole):
            told = in_the_sweep(error, point, plan.settings(point), document)
            found.setdefault((told.place, error.message), told)
        if len(found) > MOST_ERRORS:
            break
    if not found:
        for told in faults_of_runs(plan, document):
            found[told.place, told.message] = told
    return list(found.values())


def faults_of_point(plan: Plan, point: int, base: Document, *, whole: bool) -> Iterator[DataleverageError]:
    """What is wrong with the scenario of a point; what a setting is to blame for has the place `SET path`."""
    try:
        data, went = put_in(plan.base, plan.settings(point))
    except ScenarioError as error:  # a parameter that another kind has, say
        yield error
        return
    here = base.overridden(data, {keys: f"{SET}{path}" for keys, path in went.items()})
    try:
        scenario = Scenario.model_validate(data).in_folder(plan.folder)
    except ValidationError as error:
        yield from problems(error, here, Scenario)
        return
    if whole:
        yield from (located(fault, here) for fault in faults_of_scenario(dict(scenario), plan.folder))


def in_the_sweep(error: DataleverageError, point: int, settings: Mapping[str, Any], document: Document) -> DataleverageError:
    """A fault of a point's scenario with the line of the sweep file that is to blame, or else with the values of the point."""
    place = error.place
    if place.file is None or not place.file.startswith(SET):
        values = ", ".join(f"{path} = {shown(value)}" for path, value in list(settings.items())[:3])
        said = f"{error.message} (at point {point}: {values}{', …' if len(settings) > 3 else ''})"
        return ScenarioError(said if settings else error.message, place=place, remedy=error.remedy)
    path = place.file.removeprefix(SET)
    value = settings[path]
    way = inside(inside(document.rough, "vary"), path)
    at: Keys = ("vary", path)
    listed = way if isinstance(way, list) else inside(way, "values")
    if isinstance(listed, list) and value in listed:
        at = (*at, *(() if isinstance(way, list) else ("values",)), listed.index(value))
    where = document.place(at)
    said = error.message if shown(value) in error.message else f"{error.message} (where this is {shown(value)})"
    return ScenarioError(said, place=Place(where.file, where.line, where.column, key=f"vary.{place.key}"), remedy=error.remedy)


def covering(frame: pd.DataFrame) -> set[int]:
    """Points that together hold every value of every column, of numbers the least and the greatest."""
    found = {0}
    for path in frame.columns:
        values = frame[path]
        if values.dtype.kind in "if":
            found |= {int(values.to_numpy().argmin()), int(values.to_numpy().argmax())}
        else:
            first: dict[str, int] = {}
            for point, value in enumerate(values):
                first.setdefault(repr(value), point)
            found |= set(first.values())
    return found


def faults_of_runs(plan: Plan, document: Document) -> Iterator[DataleverageError]:
    """What is wrong with worlds and outcomes, once every point has a scenario."""
    first = plan.scenario(0)
    if plan.sweep.worlds is not None and not isinstance(first.data, ExampleSource):
        said = "a table of cells is one world: nothing in it is drawn"
        yield ScenarioError(said, place=document.place(("worlds",)), remedy="Leave `worlds` out.")
    own = [name for name in plan.sweep.outcomes if name not in OUTCOMES]
    columns = {name: Column.of(name) for name in own}
    record = first.game().record() if any(columns.values()) else None
    for name, column in columns.items():
        try:
            if column is None:  # a function of the user's own is imported here, and called in workers alone
                function(name)
            elif record is not None:
                column.numbers(record)
        except DataleverageError as error:
            place = document.place(("outcomes", plan.sweep.outcomes.index(name)))
            yield ScenarioError(error.message, place=place, remedy=error.remedy)
