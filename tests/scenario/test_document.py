"""Reading YAML: what is read, where it stands, and what is refused."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dataleverage.errors import DataleverageError, Errors, ScenarioError
from dataleverage.scenario.document import DEEPEST, MOST_BYTES, MOST_ERRORS, Document, parse, parse_value, read

BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(text: str) -> ScenarioError:
    """The one error that a text is refused with."""
    with pytest.raises(ScenarioError) as caught:
        _ = parse(text, "f.yaml").data
    return caught.value


# Values: YAML 1.2, not 1.1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("30", 30),
        ("-3", -3),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("+2.", 2.0),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("'30'", "30"),
        ('"true"', "true"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("é漢😀", "é漢😀"),
    ],
)
def test_values_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = parse(f"key: {text}").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_or_whole_numbers() -> None:
    assert parse("{on: 1, 3: delete, '4': keep}").data == {"on": 1, 3: "delete", "4": "keep"}


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert parse("<<: {a: 1}").data == {"<<": {"a": 1}}


def test_a_single_value() -> None:
    assert parse_value("0.2", "--set") == 0.2
    assert parse_value("{kind: random}", "--set") == {"kind": "random"}
    assert parse_value("", "--set") is None


# Places


def test_a_place_is_the_line_of_the_key_or_of_its_nearest_ancestor() -> None:
    document = parse("# about\ntitle: x\ncreators:\n  - {name: a}\n  - name: b\n    count: 2\n", "f.yaml")
    assert str(document.place(("creators", 1, "count"))) == "f.yaml:6:5: creators.1.count"
    assert str(document.place(("creators", 0, "name"))) == "f.yaml:4:6: creators.0.name"
    assert str(document.place(("creators", 1))) == "f.yaml:5:5: creators.1"
    assert str(document.place(("creators", 1, "strategy", "mean"))) == "f.yaml:5:5: creators.1.strategy.mean"
    assert str(document.place(("rounds",))) == "f.yaml:2:1: rounds"


def test_the_place_of_an_overridden_path_is_the_setting() -> None:
    document = parse("a: {b: 1}", "f.yaml").overridden({"a": {"b": 2}, "c": {"d": 1}}, {("a", "b"): "X", ("c", "d"): "Y"})
    assert document.place(("a", "b", "deeper")).file == "X"
    assert document.place(("a",)).file == "f.yaml"
    assert document.place(("c", "missing")).file == "Y"  # c is there only because of the setting


def test_a_place_is_bounded_and_on_one_line() -> None:
    assert len(str(Document({}).place(("x" * 100_000, "a\nb" * 1000)))) < 250
    assert "\n" not in str(Document({}).place(("a\nb",)))


# Refusals


def test_a_yaml_bomb_is_refused_at_its_first_alias() -> None:
    error = refused(BOMB)
    assert "alias *a" in error.message
    assert (error.place.line, error.place.key) == (2, "b.0")


def test_an_alias_to_itself_is_refused() -> None:
    assert "alias" in refused("a: &a [*a]").message


def test_a_file_of_two_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text("a: " + "x" * (2 * MOST_BYTES))
    with pytest.raises(ScenarioError, match="larger than 1 MB"):
        read(path)
    with pytest.raises(ScenarioError, match="larger than 1 MB"):
        read("/dev/zero")  # no size, no end


def test_nesting_is_refused_beyond_its_limit() -> None:
    inside = DEEPEST - 1  # the mapping at the top is the first level
    assert parse("a: " + "[" * inside + "]" * inside).data
    assert "nested" in refused("a: " + "[" * DEEPEST + "]" * DEEPEST).message
    assert "nested" in refused("a: " + "[" * 60 + "]" * 60).message
    assert "nested" in refused("a: " + "[" * 900_000).message
    assert "nested" in refused("? " * 60 + "a").message
    assert "nested" in refused("".join(f"{' ' * depth}a:\n" for depth in range(60))).message


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!foo", "!!str", "!"])
def test_tags_are_refused(tag: str) -> None:
    error = refused(f"a: 1\nb: {tag} [ls]\n")
    assert "tag" in error.message
    assert error.place.line == 2


def test_a_second_document_is_refused() -> None:
    error = refused("a: 1\n---\nb: 2\n")
    assert (error.place.line, "second document" in error.message) == (2, True)


def test_a_duplicate_key_names_both_lines() -> None:
    error = refused("rounds: 1\nseed: 2\nrounds: 3\n")
    assert error.message == "the key 'rounds' stands here again, first on line 1"
    assert error.place.line == 3


@pytest.mark.parametrize("value", [".nan", ".NaN", ".inf", "-.inf", "+.Inf", "1e999"])
def test_what_is_not_finite_is_refused(value: str) -> None:
    error = refused(f"a:\n  b: {value}\n")
    assert value in error.message
    assert (error.place.line, error.place.key) == (2, "a.b")


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000])
def test_a_huge_whole_number_is_an_error_and_not_a_crash(digits: str) -> None:
    error = refused(f"a: {digits}")
    assert "too long" in error.message
    assert len(str(error)) < 300


@pytest.mark.parametrize("key", ["true", "null", "1.5", "[a]", "{a: 1}", ".nan"])
def test_other_keys_are_refused(key: str) -> None:
    assert refused(f"a: 1\n? {key}\n: 2\n").place.line == 2


@pytest.mark.parametrize("text", ["a: {?x: 1}", "a: [?x]"])
def test_a_question_mark_does_not_vanish_from_a_key(text: str) -> None:
    assert "?" in refused(text).message
    assert parse("?x: 1").data == {"?x": 1}


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("a:\n\tb: 1\n", 2, "spaces"),
        ("a: 1\nb: c: d\n", 2, "colon"),
        ("a: 1\nb: 'x\n", 3, "Close"),
        ("a: [1\n", 2, "brackets"),
        ("a: 1\nb: @x\n", 2, "quotes"),
        ('a: "\\q"', 1, "quotes"),
    ],
)
def test_a_syntax_error_has_its_line_and_a_hint(text: str, line: int, hint: str) -> None:
    error = refused(text)
    assert error.place.line == line
    assert hint in error.remedy


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null"])
def test_an_empty_file_says_so(text: str) -> None:
    assert refused(text).message == "the file is empty"


@pytest.mark.parametrize("text", ["- a\n", "3", "just words"])
def test_the_top_must_be_a_mapping(text: str) -> None:
    assert "where a mapping" in refused(text).message


@pytest.mark.parametrize("text", ["a: x\0y", "a: \x1b[31m", 'a: "\\0"', 'a: "\\ud800"', "a: \ud800"])
def test_control_characters_are_refused(text: str) -> None:
    assert "U+" in refused(text).message


def test_all_faults_are_reported_at_once_in_order() -> None:
    text = "a: !x 1\nb: .nan\nb: 2\ntrue: 1\nc: {d: 1, d: 2}\n"
    with pytest.raises(Errors) as caught:
        _ = parse(text, "f.yaml").data
    assert [error.place.line for error in caught.value.errors] == [1, 2, 3, 4, 5]


def test_faults_before_a_syntax_error_are_reported_with_it() -> None:
    with pytest.raises(Errors) as caught:
        parse("a: .nan\nb: [1\n")
    assert [error.place.line for error in caught.value.errors] == [1, 3]


def test_a_report_is_bounded() -> None:
    with pytest.raises(Errors) as caught:
        parse("a: 1\n" * 10_000)
    assert len(caught.value.errors) == MOST_ERRORS


# Files


def test_a_file_is_read_with_a_byte_order_mark_and_any_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufefftitle: é\r\nrounds: 3\r\n".encode())
    document = read(path)
    assert document.data == {"title": "é", "rounds": 3}
    assert document.place(("rounds",)).line == 2


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "first-strike.yaml").write_text("a: 1")
    with pytest.raises(ScenarioError, match="no such file") as caught:
        read(tmp_path / "first-stirke.yaml")
    assert "first-strike.yaml" in caught.value.remedy
    with pytest.raises(ScenarioError, match="folder"):
        read(tmp_path / "nowhere" / "a.yaml")


def test_what_is_no_readable_text_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="directory"):
        read(tmp_path)
    with pytest.raises(ScenarioError, match="cannot be read"):
        read("a\0b")
    with pytest.raises(ScenarioError, match="cannot be read"):
        read("x" * 5000)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ScenarioError, match="0xe9") as caught:
        read(latin)
    assert (caught.value.place.line, caught.value.place.column) == (2, 7)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(ScenarioError, match="cannot be read"):
        read(path)


# Properties

printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff\u2028\u2029"))
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)


def mappings(keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[Any, Any]]:
    """Mappings of any plain data, with these keys at every level."""
    leaves = st.none() | st.booleans() | numbers | printable
    inner = st.recursive(
        leaves, lambda part: st.lists(part, max_size=4) | st.dictionaries(keys, part, max_size=4), max_leaves=12
    )
    return st.dictionaries(keys, inner, min_size=1, max_size=4)


@given(mappings(printable))
def test_json_is_read_as_json_reads_it(data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False)
    assert parse(text).data == json.loads(text)


@given(mappings(printable | st.integers(-(10**9), 10**9)))
def test_what_another_writer_dumps_is_read_back(data: dict[str | int, Any]) -> None:
    yaml, stream = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style, yaml.allow_unicode, yaml.width = False, True, 10**6
    yaml.representer.ignore_aliases = lambda data: True
    yaml.dump(data, stream)
    assert parse(stream.getvalue()).data == data


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random.yaml"
    path.write_bytes(content)
    try:
        _ = read(path).data
    except DataleverageError as error:
        assert len(str(error)) < 20_000


@given(st.text(st.sampled_from("a1:-?[]{},&*!|>'\"%@`#~ \n\t\\"), max_size=60))
def test_no_punctuation_crashes_the_reader(text: str) -> None:
    try:
        _ = parse(text).data
    except DataleverageError as error:
        assert str(error)
