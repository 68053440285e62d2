"""The index of kinds: pages of the reference, made from what the kinds say of themselves.

`python -m dataleverage.scenario.index docs/reference` (`make index`) writes them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path

from dataleverage.kinds import family
from dataleverage.scenario.catalogue import PLURALS, entries

PAGES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "strategies": ("Strategies", "How creators decide, and what collectives call.", ("strategy", "calls")),
    "policies": ("Policies", "How operators select, defend and respond.", ("selection", "defence", "response")),
    "tactics": ("Tactics", "How poison is made, and the transforms that plant a signal.", ("tactic", "transform")),
}


def page(name: str) -> str:
    """The text of a page, Markdown: every kind of its families with its parameters. Kinds of other packages are left out."""
    title, about, families = PAGES[name]
    parts = [
        f"# {title}",
        f"{about} Each kind as it says of itself; a short form (`kind` alone) works where every parameter has a default. This "
        "page is made by `make index`.",
    ]
    for each in families:
        of = family(each)
        ours = {tag: kind for tag, kind in sorted(of.members.items()) if kind.__module__.startswith("dataleverage.")}
        listed = entries(PLURALS.get(each, each))
        parts.append(f"## {PLURALS.get(each, each).capitalize()}")
        parts.append(" · ".join(f"[`{tag}`](#{tag})" for tag in ours))
        for tag, kind in ours.items():
            parts += [f"### {tag}", inspect.cleandoc(kind.__doc__ or "")]
            if told := listed[tag]["parameters"]:
                rows = [f"| `{key}` | {text.replace('|', chr(92) + '|')} |" for key, text in told.items()]
                parts.append("\n".join(["| parameter | what it says |", "| --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def write(folder: Path) -> list[Path]:
    """Write every page into a folder, and return the files."""
    written = []
    for name in PAGES:
        path = folder / f"{name}.md"
        path.write_text(page(name), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])), sep="\n")
