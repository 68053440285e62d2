"""The page: one record as one HTML file that opens from disk, needs no network, and runs nothing but what is in it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from dataleverage.errors import RecordError
from dataleverage.record.record import Record
from dataleverage.view import packing
from dataleverage.view.payload import payload

STYLES = ("base.css", "board.css", "panels.css")
MAIN = "main.js"
IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([\w.-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:const|class|function)\s+(\w+))", re.MULTILINE)


def write_page(record: Record, path: str | os.PathLike[str]) -> Path:
    """Write the page of a record. Raises RecordError where the file cannot be written."""
    try:
        Path(path).write_text(page(record), encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror or error}") from error
    return Path(path)


def page(record: Record) -> str:
    """The HTML of a record's page.

    Every text of the record travels as JSON and is put on the page as text, never as HTML. The policy in the head lets
    only the scripts and styles of this very file run, by their hashes, and lets nothing be fetched.
    """
    from dataleverage.view.charts import charts

    data = payload(record)
    specs = charts(
        data["levers"],
        len(data["columns"]["column"]),
        data["rounds"][-1] if data["rounds"] else 0,
        money=any(known(operator["payoff"]) for operator in data["operators"]),
        quality=any(known(operator["quality"]) for operator in data["operators"]),
    )
    style, script, vega = "\n".join(web(name) for name in STYLES), bundle(MAIN), vega_embed()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {source_hash(script)} {source_hash(vega)}",
            f"style-src {source_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "policy": html.escape(policy),
        "title": html.escape(str(data["manifest"].get("title") or "A run"), quote=True),
        "style": style,
        "data": inert_json(data),
        "charts": inert_json(specs),
        "script": script,
        "vega": vega,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], web("page.html"))


def known(column: dict[str, Any]) -> bool:
    """Whether a packed column holds any number."""
    return any(value is not None for value in packing.unpacked(column))


def inert_json(value: Any) -> str:
    """JSON that nothing in it can end: a `<` stands as its escape."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def source_hash(source: str) -> str:
    """How a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


@cache
def web(name: str) -> str:
    """A file of the page as it is in the package."""
    return (files("dataleverage.view") / "web" / name).read_text(encoding="utf-8")


@cache
def bundle(main: str) -> str:
    """Our modules as one, each in a scope of its own and after those it imports from."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"the modules {' → '.join((*above, name))} import each other")
        if name not in order:
            for _, wanted in IMPORT.findall(web(name)):
                visit(wanted, (*above, name))
            order.append(name)

    visit(main, ())
    return safe_script("const modules = {};\n" + "\n".join(scoped(name) for name in order))


def scoped(name: str) -> str:
    """One module as a function called once: it takes imports from `modules` and leaves its exports there."""
    source = IMPORT.sub(lambda found: f'const {{{found[1]}}} = modules["{found[2]}"];\n', web(name))
    exported = ", ".join(word for _, word in EXPORT.findall(source))
    inside = EXPORT.sub(lambda found: found[1], source)
    return f'modules["{name}"] = (() => {{\n{inside}\nreturn {{ {exported} }};\n}})();'


@cache
def vega_embed() -> str:
    """Vega, Vega-Lite and Vega-Embed as vl-convert carries them, as one script that sets `window.vegaEmbed`."""
    import vl_convert

    made: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return safe_script(made)


def safe_script(source: str) -> str:
    """The same script with nothing in its texts that would end the element it stands in.

    A carriage return is a line's end to a browser, and would change the hash of what it reads.
    """
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r\n", "\n").replace("\r", "\n")
