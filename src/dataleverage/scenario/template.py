"""A commented scenario to start from."""

from __future__ import annotations

from importlib.resources import files

import dataleverage.scenario


def template(name: str) -> str:
    """The text of a small scenario that runs as it is, with a comment on every part.

    name : the file's name without its ending; it becomes the title.
    """
    text = files(dataleverage.scenario).joinpath("template.yaml").read_text(encoding="utf-8")
    words = " ".join(name.replace("-", " ").replace("_", " ").split()) or "My game"
    quoted = '"' + (words[0].upper() + words[1:]).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text.replace("NAME", name).replace("TITLE", quoted)
