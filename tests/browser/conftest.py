import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def records() -> ModuleType:
    """The builder of records that the tests of `view` use."""
    name = "dataleverage_view_records"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / "view" / "records.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def browser():
    """A Chromium without any network, or a skip that says what is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("no Chromium found: install one, or name it in CHROMIUM")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with playwright.sync_playwright() as engine:
        started = engine.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="session")
def written(records, tmp_path_factory):
    """written(name) -> the file of a sample record, written once."""
    from dataleverage.view.page import write_page

    folder = tmp_path_factory.mktemp("pages")

    def write(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            made = records.MADE.get(name) or (lambda: records.sample_record(**records.SAMPLES[name]))
            write_page(made(), path)
        return path

    return write


@pytest.fixture
def opened(browser, written):
    """opened(name, at="#round=3", width=1400, theme="light") -> a loaded page; errors and requests fail the test."""
    contexts = []
    complaints: list[str] = []

    def open_page(name: str | Path, at: str = "", width: int = 1400, theme: str = "light", charts: bool = False):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda m: complaints.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None)
        page.on("request", lambda r: None if r.url.startswith("file:") else complaints.append(f"request: {r.url}"))
        page.goto((name if isinstance(name, Path) else written(name)).as_uri() + at)
        page.wait_for_selector("html[data-page=ready]", state="attached")
        if charts:
            page.wait_for_selector("html[data-charts=ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def played(opened, tmp_path):
    """played("strike-fund", "rounds=3") -> the page of a scenario, with settings, played."""
    from dataleverage.scenario.load import load
    from dataleverage.view.page import write_page

    scenarios = Path(__file__).parents[2] / "scenarios"

    def play(name: str, *settings: str):
        path = tmp_path / f"{name}.html"
        if not path.exists():
            write_page(load(scenarios / f"{name}.yaml", settings=settings).play(), path)
        return opened(path)

    return play
