"""The page as text: what is in the file, that nothing in it is fetched, and that texts cannot become markup."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from dataleverage.errors import RecordError
from dataleverage.record.record import Record
from dataleverage.view import page as pages
from dataleverage.view.packing import unpacked
from dataleverage.view.page import bundle, page, source_hash, vega_embed, web, write_page
from dataleverage.view.payload import held_fixed, payload

NASTY = "</script><img src=x onerror=alert(1)><!-- <script> & \"quotes\" 'too' \u2028 {{script}}"
TWO_MEGABYTES = 2_000_000


class Reader(HTMLParser):
    """Elements with their attributes, and the text of the scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        given = dict(attrs)
        self.open = (given.get("id") or given.get("type") or tag) if tag in ("script", "style", "title") else ""

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open:
            self.inside[self.open] = self.inside.get(self.open, "") + data


@pytest.fixture(scope="module")
def usual(records):
    return records.sample_record()


@pytest.fixture(scope="module")
def text(usual):
    return page(usual)


def test_pages_are_of_bounded_size(records):
    for name in ("sixty", "long_names", "one_creator"):
        made = page(records.sample_record(**records.SAMPLES[name]))
        assert len(made.encode()) <= TWO_MEGABYTES, name
        assert made.startswith("<!doctype html>") and made.rstrip().endswith("</html>")


def test_sixty_rounds_of_five_hundred_creators_with_noisy_numbers_stay_under_two_megabytes(records):
    record = records.sample_record(n=6, rounds=60, owners=500)
    noise = np.random.default_rng(0)
    moves = record.tables["moves"]
    for column in ("quality", "payoff", "transfers", "saw", *(name for name in moves if name.startswith("worth:"))):
        moves[column] = noise.normal(size=len(moves["round"]))
    moves["lever"] = noise.choice(["contribute", "withhold", "delete"], len(moves["round"])).tolist()
    assert len(page(record).encode()) <= TWO_MEGABYTES


def test_texts_from_the_record_cannot_become_markup(records):
    record = records.sample_record(n=4, rounds=2, title=NASTY, about=NASTY, names=["a", "b", NASTY.replace("+", ""), "d"])
    record.manifest["warnings"] = [NASTY]
    plain, nasty = Reader(page(records.sample_record(n=4, rounds=2))), Reader(page(record))
    assert [tag for tag, _ in nasty.elements] == [tag for tag, _ in plain.elements]
    assert nasty.inside["title"] == NASTY
    data = json.loads(nasty.inside["data"])
    assert data["manifest"]["title"] == data["manifest"]["about"] == data["manifest"]["warnings"][0] == NASTY
    assert "<" not in nasty.inside["data"] and "<" not in nasty.inside["charts-data"]


def test_nothing_in_the_page_is_fetched(text):
    reader = Reader(text)
    for tag, given in reader.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in given
        assert (given.get("href") or "#").startswith("#")
        assert "style" not in given and not any(name.startswith("on") for name in given)
    ours = text.replace(vega_embed(), "")
    assert set(re.findall(r"https?://[^\s\"'`]+", ours)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", ours)


def test_the_policy_names_every_script_and_style_and_allows_nothing_else(text):
    reader = Reader(text)
    policy = next(given["content"] for tag, given in reader.elements if given.get("http-equiv"))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [source_hash(reader.inside["module"]), source_hash(reader.inside["vega"])]
    assert rules["style-src"] == source_hash(reader.inside["style"])
    assert "unsafe" not in policy


def test_the_payload_holds_what_the_record_holds(usual, text):
    data = json.loads(Reader(text).inside["data"])
    assert data == json.loads(json.dumps(payload(usual)))
    operator = data["operators"][0]
    assert unpacked(operator["row"]) == usual.rounds["row"].astype(str).tolist()
    np.testing.assert_allclose(unpacked(operator["score"]["all"]), usual.rounds["score:all"], atol=5e-6)
    assert unpacked(operator["payoff"])[0] is None
    np.testing.assert_allclose(unpacked(operator["payoff"])[1:], usual.rounds["payoff"][1:], atol=5e-4)
    wide = usual.moves.pivot(index="creator", columns="round", values="lever").loc[usual.creators["creator"]]
    assert unpacked(data["moves"]["lever"]) == wide.astype(object).to_numpy().ravel().tolist()
    wide = usual.moves.pivot(index="creator", columns="round", values="worth:delete").loc[usual.creators["creator"]]
    got = [np.nan if v is None else v for v in unpacked(data["moves"]["worth"]["delete"])]
    np.testing.assert_allclose(got, wide.to_numpy().ravel(), atol=1e-4)


def test_a_cell_shows_from_the_round_it_was_unveiled_on_and_to_whom(usual):
    board = payload(usual)["board"]
    columns = payload(usual)["columns"]["column"]
    rows = board["rows"]
    seen, mine = unpacked(board["seen"]), unpacked(board["by"][0])
    audit = usual.cells[usual.cells["column"].isin(columns)]
    first = audit.groupby(["row", "column"], observed=True)["round"].min()
    for (words, column), number in first.items():
        row = "".join("2" if f"{o}*" in words else "1" if o in words else "0" for o in "ABCDE")
        cell = rows.index(row) * len(columns) + columns.index(column)
        assert seen[cell] == number
        vendor = audit[(audit["row"] == words) & (audit["column"] == column) & (audit["by"] == "vendor")]["round"]
        assert mine[cell] == (vendor.min() if len(vendor) else None)
    assert sum(value is not None for value in seen) == len(first)
    looked = unpacked(board["looked"][0])
    assert {rows[i] for i, number in enumerate(looked) if number == 1} == {
        "11111",
        "01111",
        "10111",
        "11011",
        "11101",
        "11110",
    }


def test_a_small_grid_is_shown_whole(records):
    small = payload(records.sample_record(n=6, poison=False))["board"]
    assert small["first"] == small["shown"] == 64
    assert sorted(small["rows"][:64]) == sorted(f"{i:06b}" for i in range(64))


def test_of_a_large_grid_rows_unveiled_come_first_and_neighbours_on_demand(records):
    large = payload(records.sample_record(n=12, rounds=30))["board"]
    rows, first, shown = large["rows"], large["first"], large["shown"]
    assert 20 <= shown <= 96 and first < shown and len(set(rows)) == len(rows)
    served = {row for row, number in zip(rows, unpacked(large["by"][0])[::13], strict=True) if number is not None}
    scored = {row for row, number in zip(rows, unpacked(large["seen"])[::13], strict=True) if number is not None}
    assert served < scored == set(rows[:first])
    for row in rows[first:shown]:
        assert any(sum(a != b for a, b in zip(row, other, strict=True)) == 1 for other in served)


def test_where_few_rows_were_unveiled_a_few_neighbours_are_shown(records):
    board = payload(records.sample_record(n=12, rounds=1, looked=0))["board"]
    assert board["first"] == 12 < board["shown"]


def test_scores_keep_more_digits_than_are_printed(records):
    record = records.grown(records.sample_record(n=12, rounds=30), 53.145417)
    data = payload(record)
    board, columns = data["board"], data["columns"]["column"]
    scores = unpacked(board["score"])
    cells = record.cells[record.cells["column"] == "all"].drop_duplicates("row")
    assert len(cells) > 10
    for words, score in zip(cells["row"], cells["score"], strict=True):
        row = "".join("2" if f"{o}*" in words else "1" if o in words else "0" for o in "ABCDEFGHIJKL")
        assert abs(scores[board["rows"].index(row) * len(columns)] - score) < 1e-5


def test_metrics_are_named_for_people(records):
    record = records.sample_record()
    record.tables["columns"]["metric"] = ["rmse", "r2", "auc", "log_loss", "of_its_own", "rmse", "rmse"]
    assert payload(record)["columns"]["label"] == ["RMSE", "R²", "ROC AUC", "log loss", "of its own", "RMSE"]


@pytest.mark.parametrize("objects", [{}, {"objects": None}])
def test_about_tells_no_objects_where_the_owners_make_them(objects):
    data = {"kind": "csv", "path": "visits.csv", "owner": "clinic", **objects}
    assert held_fixed({"data": data}) == [["data", "csv (path visits.csv, owner clinic)"]]


def test_a_board_with_every_cell_unveiled_stays_small_and_can_be_searched(records):
    record = records.sample_record(n=12, rounds=5)
    cells = {name: list(values) for name, values in record.tables["cells"].items()}
    for i in range(4096):
        words = "".join("ABCDEFGHIJKL"[j] for j in range(12) if i >> j & 1)
        for key, value in zip(cells, (words, len(words), "all", 0.5, "vendor", 3, True), strict=True):
            cells[key].append(value)
    board = payload(Record(record.manifest, record.tables | {"cells": cells}))["board"]
    assert board["shown"] <= 96
    assert 96 < len(board["rows"]) <= 96 + 1024
    assert board["unveiled"] >= 4096


def test_missing_numbers_are_null_and_nothing_else(records):
    record = records.sample_record(n=4, rounds=3, money=False)
    record.manifest["outcomes"]["final_score"] = float("nan")
    record.manifest["normalisation"]["gap_se"] = float("inf")
    inside = Reader(page(record)).inside
    data = json.loads(inside["data"], parse_constant=lambda name: pytest.fail(name))
    assert [value for name, value, *_ in data["outcomes"] if name == "final_score"] == [None]
    assert set(unpacked(data["operators"][0]["payoff"])) == {None}
    assert "payoffs" not in json.loads(inside["charts-data"])


def test_of_many_columns_those_that_moved_most_are_told(records):
    data = payload(records.sample_record(n=60, rounds=4, owners=60))
    columns = data["columns"]
    assert columns["total"] == 61 and len(columns["column"]) == 48
    assert columns["column"][columns["main"]] == "all"
    moved = {c: max(s := unpacked(data["operators"][0]["score"][c])) - min(s) for c in columns["column"]}
    record = records.sample_record(n=60, rounds=4, owners=60).rounds
    left = [c for c in record if c.startswith("score:") and c.removeprefix("score:") not in moved]
    assert max(np.ptp(record[c]) for c in left) <= min(v for c, v in moved.items() if c != "all") + 1e-5
    assert len(data["board"]["rows"]) * 48 == len(unpacked(data["board"]["score"]))


def test_losses_keep_their_direction(records):
    assert set(payload(records.sample_record(losses=True))["columns"]["greater_is_better"]) == {False}


def test_the_modules_are_bundled_after_what_they_import(monkeypatch):
    made = bundle("main.js")
    names = re.findall(r'^modules\["([\w.]+)"\] =', made, re.MULTILINE)
    assert names[-1] == "main.js" and len(set(names)) == len(names)
    for position, name in enumerate(names):
        assert set(re.findall(r'from "\./([\w.]+)"', web(name))) <= set(names[:position])
    assert not re.search(r"^(import|export)\b", made, re.MULTILINE)
    circle = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    monkeypatch.setattr(pages, "web", circle.__getitem__)
    with pytest.raises(ValueError, match="import each other"):
        bundle.__wrapped__("a.js")


def test_a_page_that_cannot_be_written_says_so(usual, tmp_path):
    path = write_page(usual, tmp_path / "game.html")
    assert path.read_text(encoding="utf-8") == page(usual)
    with pytest.raises(RecordError, match="cannot be written"):
        write_page(usual, tmp_path / "nowhere" / "game.html")
