import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simcomm.scenario.problems import Mark, ScenarioError
from simcomm.scenario.yaml_text import MAX_DEPTH, MAX_REPEATED, parse


def data_of(text):
    document = parse(text, "a.yaml")
    assert document.problems == []
    return document.data


def refusals(text):
    try:
        return [str(problem) for problem in parse(text, "a.yaml").problems]
    except ScenarioError as error:
        return [str(problem) for problem in error.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e9", 1e9),
        ("1E-3", 1e-3),
        ("1.", 1.0),
        ("+.5", 0.5),
        ("-1.5e+3", -1500.0),
        ("012", 12),
        ("-0", 0),
        ("+7", 7),
        ("0o14", 12),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("0o9", "0o9"),
        ("+0x1", "+0x1"),
        ("+.nan", "+.nan"),
        ("1e", "1e"),
        (".", "."),
        ("tRUE", "tRUE"),
        ("2001-01-01", "2001-01-01"),
        ("=", "="),
        ("'8'", "8"),
        ('"true"', "true"),
        ("!!str 8", "8"),
        ("!!int '8'", 8),
        ("!!float 8", 8.0),
        ("!!null ''", None),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    data = data_of(text)
    assert data == value
    assert type(data) is type(value)


def test_not_a_number():
    assert math.isnan(data_of(".NaN"))


def test_places_of_keys_and_values():
    document = parse("# note\nlink:\n  latency: 5 us\nlist: [1, {a: 2}]\n", "a.yaml")
    assert document.data == {"link": {"latency": "5 us"}, "list": [1, {"a": 2}]}
    assert document.marks.values == {
        (): Mark("a.yaml", 2, 1),
        ("link",): Mark("a.yaml", 3, 3),
        ("link", "latency"): Mark("a.yaml", 3, 12),
        ("list",): Mark("a.yaml", 4, 7),
        ("list", 0): Mark("a.yaml", 4, 8),
        ("list", 1): Mark("a.yaml", 4, 11),
        ("list", 1, "a"): Mark("a.yaml", 4, 15),
    }
    assert document.marks.keys == {
        ("link",): Mark("a.yaml", 2, 1),
        ("link", "latency"): Mark("a.yaml", 3, 3),
        ("list",): Mark("a.yaml", 4, 1),
        ("list", 1, "a"): Mark("a.yaml", 4, 12),
    }


def test_integer_keys_and_aliases_are_read():
    assert data_of("stragglers: {3: &slow {start: 1 s}, 4: *slow}")["stragglers"] == {
        3: {"start": "1 s"},
        4: {"start": "1 s"},
    }


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\na: 2\nb: 3\nb: 4", [
            "a.yaml:2:1: a: duplicate key; it is given first in line 1",
            "a.yaml:4:1: b: duplicate key; it is given first in line 3",
        ]),
        ("a: {b: 1, 'b': 2}", ["a.yaml:1:11: a.b: duplicate key; it is given first in line 1"]),
        ("<<: {a: 1}", ["a.yaml:1:1: merge keys ('<<') are not supported; write the keys out"]),
        ("a: !!python/name:os.system x", [
            "a.yaml:1:4: a: the tag '!!python/name:os.system' is not supported; expected plain YAML"
        ]),
        ("a: !mine [1]", ["a.yaml:1:4: a: the tag '!mine' is not supported; expected plain YAML"]),
        ("!!set {a}", ["a.yaml:1:1: the tag '!!set' is not supported; expected plain YAML"]),
        ("a: !!int eight", ["a.yaml:1:4: a: 'eight' is not a value of the tag '!!int'"]),
        ("? [1]\n: 2", ["a.yaml:1:3: a key is a list or a mapping; expected a name"]),
        ("b: {1.5: 2, ~: 3, true: 4, !!int x: 5}", [
            "a.yaml:1:5: b: the key '1.5' is not text; write it in quotes",
            "a.yaml:1:13: b: the key '~' is not text; write it in quotes",
            "a.yaml:1:19: b: the key 'true' is not text; write it in quotes",
            "a.yaml:1:28: b: 'x' is not a value of the tag '!!int'",
        ]),
        ("a: 1e999", ["a.yaml:1:4: a: 1e999 is too large for a number"]),
        ("a: " + "9" * 1001, ["a.yaml:1:4: a: an integer of 1001 digits; expected at most 1,000"]),
        ("a: 1\n---\nb: 2", [
            "a.yaml:2:1: a second document starts here; expected one document in the file"
        ]),
        ("a:\n\t- b", [
            "a.yaml:2:1: not valid YAML: a tab cannot be used here; indent with spaces "
            "(while scanning for the next token)"
        ]),
        ("a: b: c", ["a.yaml:1:5: not valid YAML: mapping values are not allowed here"]),
        ("x: *unknown", ["a.yaml:1:4: not valid YAML: found undefined alias 'unknown'"]),
        ("a: 1\nb: \x07", ["a.yaml:2:4: the character '\\x07' is not allowed in YAML"]),
        ("a: &me [1, *me]", ["a.yaml:1:4: a[1]: an alias refers to the value that holds it"]),
        ("a: &me {b: {c: *me}}", ["a.yaml:1:4: a.b.c: an alias refers to the value that holds it"]),
        ("[" * 60 + "]" * 60, [f"a.yaml:1:{MAX_DEPTH + 1}: not valid YAML: nested more than {MAX_DEPTH} deep"]),
    ],
)  # fmt: skip
def test_refuses_with_the_place(text, problems):
    assert refusals(text) == problems


def test_what_was_found_before_a_fatal_problem_is_kept():
    assert refusals("a: 1\na: 2\nb: &me [*me]") == [
        "a.yaml:2:1: a: duplicate key; it is given first in line 1",
        "a.yaml:3:4: b[0]: an alias refers to the value that holds it",
    ]


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_billion_laughs_are_not_expanded(brackets):
    one, two = brackets

    def item(name):
        return name if brackets == "[]" else f"k{name[1:]}: {name}"

    lines = [f"a0: &a0 {one}{'x' if brackets == '[]' else 'x: y'}{two}"]
    for level in range(1, 30):
        inner = ", ".join(f"*a{level - 1}" if brackets == "[]" else f"k{i}: *a{level - 1}" for i in range(10))
        lines.append(f"a{level}: &a{level} {one}{inner}{two}")
    (problem,) = refusals("\n".join(lines))
    assert f"its aliases repeat more than {MAX_REPEATED:,} values; write fewer of them" in problem


def test_a_long_list_is_no_bomb():
    assert len(data_of("[" + "1," * 5000 + "]")) == 5000


# YAML keys may have 1,024 characters, and JSON writes one of these as up to six.
words = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=100)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words


@given(st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(words, inner), max_leaves=20))
def test_what_is_written_as_json_is_read_back(value):
    assert data_of(json.dumps(value)) == value


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`, \n\t?1.~<", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text):
    for problem in refusals(text):
        assert problem.startswith("a.yaml:")


def test_the_loader_leaves_pyyaml_alone():
    assert yaml.safe_load("on") is True
