"""The report of a sweep: one file, no network, texts as texts, and the numbers of the summary in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dataleverage.sweep.load import load
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.results import Results
from dataleverage.sweep.summary import difference, summary
from dataleverage.view import sweep_report
from dataleverage.view.sweep_report import report
from dataleverage.view.sweep_words import number
from dataleverage.view.sweeps import drawn

SCENARIO = """\
title: "<script>alert(1)</script> & a $strike$"
about: "Two walk out.\\n\\n<b>Who</b> follows?"
source: Somebody 1999
data: {kind: sklearn, name: wine, objects: {by: random, count: 4}}
learner: gaussian_nb
creators: [{name: everyone, strategy: {kind: threshold, mean: 0.3}}]
network: {kind: watts_strogatz, k: 2, p: 0.1}
rounds: 6
"""
SWEEP = """\
scenario: story.yaml
vary: {creators.0.strategy.mean: [0.1, 0.2, 0.3], network.p: [0, 0.5]}
worlds: 4
outcomes: [users, final_score]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "story.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    return load(tmp_path / "sweep.yaml")


@pytest.fixture
def results(plan: Plan, played: Callable[..., Results]) -> Results:
    return played(
        plan.sweep,
        lambda v, w, r: None if v["network.p"] and w == 3 else v["creators.0.strategy.mean"] + v["network.p"] * w / 9,
    )


def made(results: Results, plan: Plan) -> str:
    return report(results, plan, {name: drawn(results, name) for name in results.outcomes})


def words(page: str) -> str:
    class Reader(HTMLParser):
        said = ""

        def handle_data(self, data: str) -> None:
            self.said += data + "\n"

    reader = Reader()
    reader.feed(page)
    return reader.said


def test_the_page_runs_nothing_and_fetches_nothing(results: Results, plan: Plan) -> None:
    page = made(results, plan)
    assert len(page.encode()) < 2_000_000
    assert "<script" not in page and "<link" not in page and "@import" not in page
    assert re.search(r"""default-src 'none'; style-src 'unsafe-inline'; img-src data:""", page)
    sources = re.findall(r"""(?:src|href)="([^"]*)"|url\(([^)]*)\)""", page)
    assert sources and all((a or b).startswith(("#f", "data:image/png;base64,")) for a, b in sources)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_story_and_texts_of_the_file_are_there_as_texts(results: Results, plan: Plan) -> None:
    said = words(made(results, plan))
    for text in ("<script>alert(1)</script> & a $strike$", "Two walk out.", "<b>Who</b> follows?", "Source: Somebody 1999"):
        assert text in said
    assert "creators.0.strategy.mean" in said and "Mean of the thresholds." in said and "0.1, 0.2, 0.3" in said
    assert "mean: (varied)" in said and "gaussian_nb" in said and "What this does not show" in said
    assert "6 points × 4 worlds × 1 plays in each; of 24 runs 21 done, 3 failed" in said


def test_the_tables_are_the_summary_with_paired_differences(results: Results, plan: Plan) -> None:
    said = words(made(results, plan))
    line = summary(results, ["users"]).loc[5, "users"]
    apart = difference(results, "users", 0, 5)
    for one in (line["mean"], line["low"], line["high"], apart.mean, apart.low, apart.high):
        assert number(one, "share") in said
    assert apart.worlds == 3


def test_what_would_make_it_too_large_is_named(results: Results, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(results, plan)
    monkeypatch.setattr(sweep_report, "MOST", len(whole.encode()) * 2 // 3)
    page = made(results, plan)
    assert len(page) < len(whole) and "For the size of this file: final_score" in words(page)


def test_one_world_is_told_and_has_no_bounds(plan: Plan, played: Callable[..., Results]) -> None:
    one = plan.sweep.model_copy(update={"worlds": None})
    results = played(one, lambda v, w, r: v["network.p"])
    said = words(made(results, plan))
    assert "One world was played" in said and "inf" not in said
