"""Documents as hostile input: encodings, hidden characters, bombs and limits; and the place of everything that was read."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.catalog.documents import read_document
from attune_core.catalog.nodes import Document
from attune_core.problems import Problem


def read(raw: bytes | str) -> Document:
    document, problems = read_document("x.yaml", raw.encode() if isinstance(raw, str) else raw)
    assert not problems
    assert document is not None
    return document


def refused(raw: bytes | str) -> Problem:
    document, problems = read_document("x.yaml", raw.encode() if isinstance(raw, str) else raw)
    assert document is None
    return problems[0]


@pytest.mark.parametrize(
    ("raw", "code", "line", "column"),
    [
        (b"\xef\xbb\xbfa: 1", "ATT101", 1, 1),
        ("a: 1".encode("utf-16"), "ATT101", 1, 1),
        ("a: 1".encode("utf-16-le"), "ATT101", 1, 1),
        ("a: 1".encode("utf-16-be"), "ATT101", 1, 1),
        ("a: 1".encode("utf-32"), "ATT101", 1, 1),
        (b"a: 1\nb: \xff\n", "ATT101", 2, 4),
        (b"a: 1\nb: x\x00y\n", "ATT102", 2, 5),
        (b"a: x\x1b[31m\n", "ATT102", 1, 5),
        ("a: \u043f\u202ex".encode(), "ATT102", 1, 5),
        ("a: x\u200by".encode(), "ATT102", 1, 5),
        ("a: x\u2028b: y".encode(), "ATT102", 1, 5),
        ("a: 1\n\ufeffb: 2".encode(), "ATT102", 2, 1),
        (b"a: 1\rb: 2", "ATT102", 1, 5),
        (rb'a: "x\u202Ey"', "ATT102", 1, 4),
        (rb'a: "x\0y"', "ATT102", 1, 4),
        (rb'a: "x\ud800y"', "ATT106", 1, 8),
        (b"a: [b, *c]", "ATT108", 1, 8),
        (b"? [a]\n: b", "ATT113", 1, 3),
        (b"[[a]: b]", "ATT113", 1, 2),
        (b"...\n", "ATT106", 1, 1),
    ],
)
def test_what_is_not_plain_utf_8_yaml_is_refused_with_its_place(raw: bytes, code: str, line: int, column: int) -> None:
    problem = refused(raw)
    assert (problem.code, problem.span and (problem.span.line, problem.span.column)) == (code, (line, column)), problem.message


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"[" * 50_000, "ATT104"),
        (b"{a: " * 50_000, "ATT104"),
        (b"- " * 50_000, "ATT104"),
        (b"[" * 50_000 + b"]" * 50_000, "ATT104"),
        (b"".join(b" " * depth + b"a:\n" for depth in range(1000)), "ATT104"),
        (b"? " * 50_000, "ATT113"),
        (b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a, *a, *a]\n" % (n, n) for n in range(5000)), "ATT108"),
        (b"a: " + b"x" * (2 << 20), "ATT103"),
        (b"- a\n" * 150_000, "ATT105"),
        (b"[" + b"1," * 150_000 + b"]", "ATT105"),
        (b"".join(b"k: 1\n" for _ in range(40_000)), "ATT107"),
        (b"'" * 999_999, "ATT106"),
        (b'"' + b"\\" * 999_999, "ATT106"),
        (b"a: !" + b"x" * 900_000, "ATT109"),
        (b"&" + b"x" * 900_000 + b" y", "ATT108"),
        (b"%" + b"x" * 900_000, "ATT106"),
        (b"a: |" + b"9" * 900_000, "ATT106"),
    ],
)
def test_a_bomb_is_refused_before_it_is_read_to_its_end(raw: bytes, code: str) -> None:
    before = time.process_time()
    problem = refused(raw)
    assert time.process_time() - before < 10, "reading it all takes longer, on any machine"
    assert problem.code == code
    assert len(problem.message) < 500


def test_a_document_at_the_bounds_is_read() -> None:
    assert read("[" * 50 + "]" * 50).value is not None
    assert read(b"a: " + b"x" * ((1 << 20) - 3)).value is not None
    assert len(read(b"- a\n" * 99_999).root.items or ()) == 99_999


def test_the_number_of_mistakes_of_one_document_is_bounded() -> None:
    _, problems = read_document("x.yaml", b"".join(b"- 0%d\n" % number for number in range(1000, 2000) if b"8" not in b"%d" % number))
    assert len(problems) == 50


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise(raw: bytes) -> None:
    document, problems = read_document("x.yaml", raw)
    assert (document is None) == bool(problems)


PIECES = [
    "a",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    ">",
    "#",
    "&x",
    "*x",
    "!t",
    "? ",
    "\\",
    "\t",
    "---",
    "...",
    "%",
    "<<",
    "${{ a.b }}",
    "0x1",
    "1.10",
    "true",
    "~",
    "é",
    "\u202e",
    "\r\n",
    "@",
    "`",
]
YAML_PIECES = st.lists(st.sampled_from(["|", *PIECES]), max_size=40).map("".join)


@settings(max_examples=600, deadline=None)
@given(YAML_PIECES)
def test_nothing_that_looks_like_yaml_raises_and_every_place_is_inside(text: str) -> None:
    document, problems = read_document("x.yaml", text.encode())
    lines = text.split("\n")
    for problem in problems:
        assert problem.span is not None
        assert 1 <= problem.span.line <= len(lines)
        assert 1 <= problem.span.column <= len(lines[problem.span.line - 1]) + 1
    assert (document is None) == bool(problems)


def test_every_key_and_value_has_its_span() -> None:
    document = read('one: 1\ntwo:\n  - x\n  - {deep: "y z"}\n')
    assert document.value == {"one": 1, "two": ["x", {"deep": "y z"}]}
    value, key = document.span(("two", 1, "deep")), document.span(("two", 1, "deep"), of="key")
    assert (value.line, value.column, value.end_column) == (4, 12, 17)
    assert (key.line, key.column, key.end_column) == (4, 6, 10)
    assert document.span(("two",)).line == 2
    assert document.span(("two", 1, "missing", 3)).line == 2  # the nearest key above
    assert document.span(("two", 7)).line == 2


@pytest.mark.parametrize(
    ("yaml", "word", "place"),
    [
        ("k: event.data.unit", "unit", (1, 15)),
        ("k: 'it''s event.unit'", "unit", (1, 17)),
        (r'k: "tab\there A\x42 unit"', "unit", (1, 21)),
        (r'k: "a \"unit\" b"', "unit", (1, 9)),
        ("k: plain\n  text with\n  unit inside", "unit", (3, 3)),
        ("k: 'quoted\n\n  text unit'", "unit", (3, 8)),
        ('k: "quoted \\\n   unit"', "unit", (2, 4)),
        ("k: >-\n  folded text\n  with unit inside\n", "unit", (3, 8)),
        ("k: >\n  folded\n\n   more indented\n  unit\n", "unit", (5, 3)),
        ("k: |\n  literal\n    deeper unit\n", "unit", (3, 12)),
        ("k: |2-\n  unit\n", "unit", (2, 3)),
        ("k: größe.unit", "unit", (1, 10)),
        ("x: 1\r\nk: >-\r\n  folded\r\n  unit\r\n", "unit", (4, 3)),
    ],
)
def test_an_offset_inside_a_text_leads_back_to_its_line_and_column(yaml: str, word: str, place: tuple[int, int]) -> None:
    document = read(yaml)
    text = document.value_at(("k",))
    assert isinstance(text, str)
    start = text.index(word)
    span = document.span_inside(("k",), start, start + len(word))
    assert (span.line, span.column, span.end_column - span.column) == (*place, len(word))
    line = yaml.split("\n")[span.line - 1]
    assert line[span.column - 1 : span.end_column - 1] == word


TEXTS = st.text(st.sampled_from("abc xyz.'\"\\${}#:&!é\t\n"), min_size=1, max_size=40)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_every_character_of_a_quoted_text_is_found_again(text: str) -> None:
    quoted = '"' + "".join({"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}.get(char, char) for char in text) + '"'
    document = read(f"key: {quoted}")
    assert document.value == {"key": text}
    for offset, char in enumerate(text):
        span = document.span_inside(("key",), offset, offset + 1)
        source = f"key: {quoted}"[span.column - 1 :]
        assert span.line == 1
        assert source.startswith(char) or (source.startswith("\\") and char in '\n\t"\\')


def test_places_beyond_a_text_do_not_fail() -> None:
    document = read("k: abc\nempty: ''\nblock: |\n  x\n")
    for place in (("k",), ("empty",), ("block",), ("none",), ("k", "deeper")):
        for start, end in ((0, 0), (0, 99), (99, 100), (-5, -1), (3, 2)):
            assert document.span_inside(place, start, end).line >= 1
