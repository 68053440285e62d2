"""The version of the code that runs are played by: results of two versions are never mixed."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dataleverage.sweep.outcomes import module_of
from dataleverage.sweep.plan import Plan

LIBRARIES = ("mesa", "numpy", "scipy", "scikit-learn", "networkx")


def digest(value: Any) -> str:
    """A hash of plain data. The order of keys matters: of points and of tactics it does."""
    return hashlib.blake2b(written(value).encode(), digest_size=16).hexdigest()


def written(value: Any) -> str:
    """Plain data as YAML on one line, which reads back as the same: JSON, with keys that are whole numbers left as such."""
    if isinstance(value, Mapping):
        items = (f"{key if isinstance(key, int) else written(key)}: {written(inner)}" for key, inner in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def of_code(outcomes: Sequence[str]) -> str:
    """Of all that numbers depend on besides the scenario: `parts`."""
    return digest(parts(outcomes))


def parts(outcomes: Sequence[str]) -> dict[str, str]:
    """Versions of this package's source, of Python and the libraries that numbers depend on, and of the user's own modules."""
    modules = sorted({module for name in outcomes if (module := module_of(name)) is not None})
    found = {"dataleverage": of_package(), "Python": platform.python_version()}
    return found | {name: version(name) for name in LIBRARIES} | {f"your module {name}": of_module(name) for name in modules}


@cache
def of_package() -> str:
    """Of every source file of this package."""
    top = Path(__file__).parents[1]
    found = hashlib.blake2b(digest_size=16)
    for path in sorted(top.rglob("*.py")):
        found.update(f"{path.relative_to(top).as_posix()}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def of_module(name: str) -> str:
    """Of a module's own file; of its name where it has none."""
    path, spec = None, None
    for end in range(1, name.count(".") + 2):  # what is found so is not imported, and neither is a package that it is in
        whole = ".".join(name.split(".")[:end])
        spec = next((found for finder in sys.meta_path if (found := finder.find_spec(whole, path))), None)
        if spec is None or (path := spec.submodule_search_locations) is None:
            break
    if spec is None or spec.name != name or spec.origin is None or not Path(spec.origin).is_file():
        return name
    return hashlib.blake2b(Path(spec.origin).read_bytes(), digest_size=16).hexdigest()


def of_scenario(plan: Plan) -> str:
    """Of the scenario file and of the files that it or a point names: what they hold, not when they were written."""
    names = sorted({*paths_in(plan.base), *(str(v) for path in plan.points for v in plan.points[path] if isinstance(v, str))})
    files = {name: content(plan.folder / Path(name).expanduser()) for name in names}
    return digest([plan.base, {name: held for name, held in files.items() if held}])


def paths_in(value: Any) -> list[str]:
    """The texts under a key `path`, at any depth."""
    if isinstance(value, dict):
        here = [value["path"]] if isinstance(value.get("path"), str) else []
        return here + [path for inner in value.values() for path in paths_in(inner)]
    return [path for inner in value for path in paths_in(inner)] if isinstance(value, list) else []


def content(path: Path) -> str:
    """A hash of a file, or of the files in a folder; empty where there is none."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
        found = hashlib.blake2b(digest_size=16)
        for file in files:
            if file.is_file():
                with file.open("rb") as stream:
                    found.update(f"{file.name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}".encode())
        return found.hexdigest() if files else ""
    except (OSError, ValueError):
        return ""
