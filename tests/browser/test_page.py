"""The page in a real browser, from disk and with no network. Every test also fails on a console error or a request."""

import re
import time

import pytest


def until(met, seconds: float = 8.0) -> None:
    """Wait for something to be so. (The page's policy forbids waiting for an expression inside it.)"""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.02)


def number(page) -> int:
    return int(page.inner_text("#round-number"))


def test_the_whole_page_stands_with_its_charts(opened):
    page = opened("usual", charts=True)
    assert page.inner_text("h1") == "First strike"
    assert "fell from" in page.inner_text("#result")
    assert page.locator("#charts svg").count() == 4
    assert page.locator("#ledger li").count() == 13
    assert page.locator(".node").count() == 5


def test_play_advances_to_the_end_and_stops(opened):
    page = opened("one_creator")
    page.select_option("#speed", "8")
    page.click("#play")
    until(lambda: number(page) == 3)
    page.wait_for_selector("#play[aria-label=Play]")
    page.click("#play")  # again from the start
    until(lambda: number(page) == 0)
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_steps_slider_and_keys(opened):
    page = opened("usual")
    page.click("#forward")
    assert number(page) == 1 and page.is_enabled("#back")
    page.click("#back")
    assert number(page) == 0 and page.is_disabled("#back")
    page.locator("#slider").evaluate("node => { node.value = 5; node.dispatchEvent(new Event('input')) }")
    assert number(page) == 5
    page.locator("body").click(position={"x": 5, "y": 5})
    for key, expected in (("ArrowRight", 6), ("ArrowLeft", 5), ("End", 12), ("Home", 0)):
        page.keyboard.press(key)
        assert number(page) == expected
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    assert number(page) == 1


def test_an_address_leads_to_a_round_and_follows_it(opened):
    page = opened("usual", at="#round=7")
    assert number(page) == 7
    page.click("#forward")
    until(lambda: page.evaluate("location.hash") == "#round=8")
    page.evaluate("location.hash = '#round=2'")
    until(lambda: number(page) == 2)
    page.evaluate("location.hash = '#round=999'")
    until(lambda: number(page) == 12)
    page.evaluate("location.hash = '#round=x'")
    assert number(page) == 12


def test_the_theme_follows_the_system_until_it_is_chosen(opened):
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = opened("four", theme="light"), opened("four", theme="dark")
    assert light.evaluate(background) != dark.evaluate(background)
    expected = light.evaluate(background)
    dark.click("#theme")
    assert dark.evaluate(background) == expected
    assert dark.get_attribute("#theme", "aria-pressed") == "false"
    dark.click("#theme")
    assert dark.evaluate(background) != expected


def test_charts_follow_the_theme_and_the_round(opened):
    page = opened("usual", at="#round=3", charts=True)
    rule = "document.querySelector('#chart-scores .mark-rule.role-mark line').parentNode.parentNode.innerHTML"
    colour = "getComputedStyle(document.querySelector('#chart-scores .mark-line path')).stroke"
    before, first = page.evaluate(rule), page.evaluate(colour)
    page.click("#forward")
    until(lambda: page.evaluate(rule) != before)
    page.click("#theme")
    assert page.evaluate(colour) != first
    chart = page.locator("#chart-scores svg")
    box = chart.bounding_box()
    chart.click(position={"x": box["width"] - 10, "y": box["height"] / 2}, force=True)
    assert number(page) == 12


def test_a_creator_tells_its_reasons(opened):
    page = opened("usual", at="#round=4")
    page.locator(".node").nth(1).click()
    told = page.inner_text("#creator")
    assert "Bela" in told and "best response" in told and "owns B" in told
    assert "Round 4." in told and "It saw" in told
    assert re.search(r"contribute\s+\S*\d\.\d{3}", told)
    assert page.locator("#creator .worths tr").count() == 4
    page.keyboard.press("Enter")
    assert page.is_hidden("#creator")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert "Ada" in page.inner_text("#creator") and "acts from" in page.inner_text("#creator")
    page.click("#creator button")
    assert page.is_hidden("#creator")


def test_a_tile_tells_its_row_its_score_and_its_change(opened):
    page = opened("usual", at="#round=1")
    tile = page.locator("tr.served td.tile").first
    tile.hover()
    told = page.inner_text("#tooltip")
    assert told.startswith("BCDE, without A")
    assert re.search(r"accuracy 0\.\d{3}", told)
    assert "worse than the full row" in told and "worse than what was served in round 0" in told
    assert "unveiled by vendor in round 1" in told
    fog = page.locator("td.tile.fog").last
    fog.focus()
    assert "not unveiled" in page.inner_text("#tooltip")
    assert fog.inner_text() == ""


def test_cells_show_from_the_round_they_were_unveiled_on(opened):
    page = opened("four")
    known = page.locator("td.tile.known")
    assert known.count() == 5 and page.locator("td.tile.weighed").count() == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert known.count() == 15 and page.locator("td.tile.weighed").count() == 20
    page.keyboard.press("Home")
    assert known.count() == 5


def test_what_a_surrogate_predicted_is_marked_until_it_is_trained(opened):
    page = opened("guessed")
    guess = page.locator("td.tile.guess")
    assert guess.count() == 0
    assert "predicted by a surrogate" in page.inner_text("#board-legend")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert guess.count() == 20 == page.locator("td.tile.weighed").count()
    assert "predicted by a surrogate" in guess.first.get_attribute("aria-label")
    guess.first.hover()
    assert "no model was trained on this row" in page.inner_text("#tooltip")


def test_poison_is_marked_by_more_than_colour(opened):
    page = opened("usual", at="#round=6")
    assert page.locator("tr.served .bad").count() == 1
    assert "poisoned" in page.inner_text("#board-now")
    shapes = page.eval_on_selector_all(
        ".node .lever", "all => all.map(n => [n.getAttribute('class'), n.getAttribute('d').replace(/[\\d.-]+/g, '')])"
    )
    assert len({shape for _, shape in shapes}) == len({lever for lever, _ in shapes}) == 3


def test_losses_are_worse_when_they_grow(opened):
    page = opened("losses")
    assert "Log loss rose" in page.inner_text("#result") and "worse" in page.inner_text("#result")
    page.keyboard.press("ArrowRight")
    assert "▼" in page.inner_text("#now")
    shade = "n => Number(getComputedStyle(n).getPropertyValue('--t').replace('%', ''))"
    row = page.locator("tr.served td.tile")
    scores = [float(text) for text in row.all_inner_texts()]
    shades = [row.nth(i).evaluate(shade) for i in range(row.count())]
    assert shades[scores.index(min(scores))] == max(shades) > min(shades)


def test_the_token_stands_beside_the_row_served(opened):
    page = opened("skewed")
    for key in ("Home", "ArrowRight", "ArrowRight", "End"):
        page.keyboard.press(key)
        token, row = page.locator("#token").bounding_box(), page.locator("tr.served").bounding_box()
        assert abs(token["y"] + token["height"] / 2 - row["y"] - row["height"] / 2) < 2
        assert abs(token["x"] + token["width"] / 2 - row["x"] - 11) < 2


def test_one_of_several_operators_is_looked_at(opened):
    page = opened("two_operators", at="#round=3", charts=True)
    assert page.inner_text("#board-now").startswith("vendor serves")
    known = page.locator("td.tile.known").count()
    page.select_option("#operator", label="rival")
    assert page.inner_text("#board-now").startswith("rival serves ABCDE")
    assert page.locator("td.tile.known").count() == 6 < known
    assert "ended where it began" in page.inner_text("#result")


def test_the_ledger_leads_to_its_round(opened):
    page = opened("usual")
    page.locator("#ledger button").nth(5).click()
    assert number(page) == 5
    assert page.locator("#ledger [aria-current=step]").get_attribute("data-round") == "5"
    assert "Ada (A) withholds." in page.locator("#ledger button").nth(1).inner_text()
    assert "in dividends from vendor to 5 creators" in page.inner_text("#ledger")
    assert "Paid" not in opened("no_transfers").inner_text("#ledger")


def test_rows_are_found_by_search(opened):
    page = opened("skewed")
    rows = page.locator("tr.row")
    shown = rows.count()
    page.fill("#board-search", "A -B")
    assert 0 < rows.count() < shown
    assert all("A" in text and "B" not in text for text in rows.locator(".letters").all_inner_texts())
    page.fill("#board-search", "A -A")
    assert rows.count() == 0 and "No row matches" in page.inner_text("#board-tables")
    page.fill("#board-search", "")
    assert rows.count() == shown


@pytest.mark.parametrize("name", ["usual", "skewed", "long_names", "crowd", "population"])
def test_nothing_overflows_at_any_width(opened, name):
    page = opened(name, at="#round=9", charts=True)
    page.locator(".node").nth(0).click()
    for width in (1400, 900, 500):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_large_population_is_a_sample_drawn_and_everyone_counted(opened, records):
    record = records.sample_record(**records.SAMPLES["population"])
    page = opened("population", at="#round=5", charts=True)
    assert page.locator("#network .node").count() < 700
    assert "of 1,300 creators are shown, evenly from each group; counts are of all" in page.inner_text("#creators-note")
    moves, before = (record.moves[record.moves["round"] == number] for number in (5, 4))
    acting = (moves.lever != "contribute").sum()
    assert page.inner_text("#creators-now") == f"{acting:,} of 1,300 acting"
    changed = moves.lever.to_numpy()[moves.lever.to_numpy() != before.lever.to_numpy()]
    entry = page.locator('#ledger [data-round="5"] .entry-who').inner_text()
    told = {
        word: int(many.replace(",", "")) for many, word in re.findall(r"([\d,]+) creators? (?:go back to )?(\w+?)s?\b", entry)
    }
    assert told and sum(told.values()) == len(changed)
    ever = record.moves[record.moves.lever == "delete"].creator.nunique()
    assert f"{ever:,} of 1,300 creators deleted their data" in page.inner_text("#result")
    assert f"serves {record.rounds.row[5]} ·" in page.inner_text("#board-now")
    assert not page.is_visible("#board-search")
    for key in ("Home", "ArrowRight", "End"):
        page.keyboard.press(key)
        page.locator("td.tile").first.hover()
        assert not NOTHING.search(page.inner_text("body"))


NOTHING = re.compile(r"\b(NaN|undefined|null|Infinity)\b|\[object")


@pytest.mark.parametrize("name", ["no_money", "one_creator", "one_column"])
def test_what_is_missing_is_a_dash(opened, name):
    page = opened(name, charts=True)
    page.locator(".node").first.click()
    for key in ("Home", "ArrowRight", "End"):
        page.keyboard.press(key)
        assert not NOTHING.search(page.inner_text("body"))
        page.locator("td.tile").first.hover()
        assert not NOTHING.search(page.inner_text("#tooltip"))
    labels = page.eval_on_selector_all(
        "[aria-label],[aria-valuetext]",
        "all => all.map(n => n.getAttribute('aria-label') + n.getAttribute('aria-valuetext')).join()",
    )
    assert not re.search(r"NaN|undefined|Infinity", labels)


def test_everything_that_acts_has_a_name(opened):
    page = opened("usual")
    nameless = page.eval_on_selector_all(
        "button, select, input, [role=button]",
        "all => all.filter(n => !(n.getAttribute('aria-label') || n.labels?.[0]?.textContent.trim()"
        " || n.textContent.trim())).map(n => n.outerHTML)",
    )
    assert nameless == []
    assert page.get_attribute("#now", "aria-live") == "polite"
