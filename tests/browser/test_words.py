"""What the page says and prints: digits, names, and words that hold for tables, losses and several worlds."""

import re

import pytest


def test_digits_go_by_size_and_are_those_of_the_record(opened, records):
    page = opened("rmse", at="#round=3")
    record = records.MADE["rmse"]()
    score, full = record.rounds["score:all"][3], record.tables["columns"]["full"][0]
    assert page.locator("tr.served td.tile.main").inner_text() == f"{score:.2f}"
    assert f"{score:.2f}" in page.inner_text("#board-now") and f"{score - full:.2f} worse" in page.inner_text("#board-now")
    page.locator("tr.served td.tile.main").hover()
    assert f"RMSE {score:.2f}\n" in page.inner_text("#tooltip") and f"{score - full:.2f} worse" in page.inner_text("#tooltip")
    assert "RMSE rose" in page.inner_text("#result")
    assert re.match(r"\d\d\.\d\d\b", page.inner_text("#board-legend"))


def test_quality_heads_the_page_where_several_columns_are_weighted(opened):
    page = opened("as_table", at="#round=1")
    assert re.match(r"Quality fell from 1\.00 to 0\.\d\d", page.inner_text("#result"))
    assert "quality 0." in page.inner_text("#board-now")


def test_a_table_is_read_and_has_no_examples_to_train_on(opened):
    page = opened("as_table", at="#round=1")
    assert "reads row" in page.inner_text("#ledger")
    page.locator(".node").nth(1).click()
    assert not re.search(r"trains|\(\d+ examples?\)", page.inner_text("main"))


def test_what_does_not_vary_over_worlds_has_no_interval(opened):
    about = opened("over_worlds").inner_text("#about")
    assert re.search(r"11; over 3 worlds 11 in each", about)
    assert re.search(r"0\.600 \(mean; 95% interval of the mean 0\.\d{3} to 0\.\d{3}\)", about)
    assert not re.search(r"[-−]0(\.0+)?(?![.\d])", about)


def test_quality_of_guessing_is_not_promised_to_a_creator(opened):
    assert "guessing on those need not be 0" in opened("usual").inner_text("#about")


def test_objects_stand_beside_the_names_of_their_owners(opened):
    page = opened("usual", at="#round=1")
    assert "Ada · A" in page.inner_text("#network") and "Ada · A" in page.inner_text("#moves")
    page.locator("tr.served td.tile").first.hover()
    assert "Out: A (Ada)" in page.inner_text("#tooltip")


def test_rows_are_found_by_creators(opened):
    page = opened("skewed")
    page.fill("#board-search", "-Ada Bela")
    found = page.locator("tr.row .letters").all_inner_texts()
    assert found and all("A" not in text and "B" in text for text in found)
    assert page.get_attribute("#board-search", "placeholder") == "Rows: A C −B, −Ada"
    assert "archive 0" in opened("named").get_attribute("#board-search", "placeholder")


def test_a_row_of_long_names_tells_what_is_in_and_out(opened):
    page = opened("named", at="#round=2")
    assert "archive 3, w" in page.locator(".object-names").first.text_content()
    page.locator("tr.served td.tile").first.focus()
    page.keyboard.press("ArrowLeft")
    told = page.inner_text("#tooltip")
    assert re.search(r"In: archive \d+, west; ", told) and re.search(r"(Out|Poisoned): archive 0, west", told)


def test_neighbours_come_on_demand_and_the_row_served_stays_in_view(opened):
    page = opened("skewed")
    shown = page.locator("tr.row").count()
    page.click("#board-neighbours")
    assert page.locator("tr.row").count() > shown
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_timeout(200)
    y = page.evaluate("scrollY")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        row, box = page.locator("tr.served").bounding_box(), page.locator("#board-panels").bounding_box()
        assert box["y"] <= row["y"] and row["y"] + row["height"] <= box["y"] + box["height"] + 1
    assert page.evaluate("scrollY") == y


def test_a_ring_is_round_and_its_labels_do_not_overlap(opened):
    page = opened("ring")
    spots = page.eval_on_selector_all(".node", "all => all.map(n => n.getAttribute('transform').match(/[\\d.]+/g).map(Number))")
    wide, high = (max(s[i] for s in spots) - min(s[i] for s in spots) for i in (0, 1))
    assert wide == pytest.approx(high, rel=0.02)
    boxes = [label.bounding_box() for label in page.locator(".node text:visible").all()]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
            assert apart or a["y"] + a["height"] <= b["y"] + 3 or b["y"] + b["height"] <= a["y"] + 3
    assert "of 30 in view" in page.inner_text("#moves h3")


def test_the_column_that_lost_most_is_named_in_the_chart(opened, records):
    page = opened("usual", charts=True)
    rounds = records.sample_record().rounds
    lost = {o: rounds[f"score:{o}"][0] - rounds[f"score:{o}"].min() for o in "ABCDE"}
    most = max(lost, key=lost.get)
    assert f"{most} {rounds[f'score:{most}'].min():.3f}" in page.locator("#chart-scores svg").text_content()


def test_the_headline_says_when_and_what_was_worst(opened):
    told = opened("skewed").inner_text("#result")
    assert re.search(r"the worst in between was 0\.\d{3}, in round \d+", told) or "by round" in told
    assert "as many as ever" not in told


def test_the_ledger_tells_of_calls_agreements_purchases_poison_and_boycotts(played):
    """What happens in four scenarios is told in the words of the round in which it does."""

    def told(name, number, *settings):
        page = played(name, *settings)
        return page.locator(f"#ledger .entry[data-round='{number}']").inner_text()

    fund = told("strike-fund", 2)
    assert fund.index("union calls 6 members.") < fund.index("delete") and "in strike pay from union to 6 creators" in fund
    granted = told("strike-fund", 7)
    assert "The agreement of vendor with union begins: 0.50 a round for each member that contributes." in granted
    assert "under an agreement from vendor" in granted
    assert "vendor buys D (public) for 4.00." in told("board-game", 1) and "EFGHI not held" in told("board-game", 1)
    assert "poison (crude)" in told("arms-race", 2) and "throws out 4 objects, poisoned." in told("arms-race", 2)
    assert "poison (sly)" in told("arms-race", 5) and "throws out" not in told("arms-race", 5)
    assert "delete and boycott." in told("boycott-beside-strike", 2)
    assert "redirect to startup" in told("conscious-contribution", 2)
