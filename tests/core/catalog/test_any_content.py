"""Whatever stands in a document: Problems with a known code and a place inside the file, never an exception."""

import json
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attune_core.catalog.documents import read_document
from attune_core.catalog.load import load
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Problem
from attune_core.values import JsonValue
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

BASE = {
    path: content
    for case in ("base", "fine-rule-tests/repo", "fine-timers/repo")
    for path, content in tree_of_folder(CASES / case).files.items()
}
DOCUMENTS = sorted(path for path in BASE if path.endswith((".yaml", ".json")))
WORDS = st.sampled_from(
    [
        "",
        "x",
        "web.alert",
        "web.restart",
        "${{ event.data.unit }}",
        "${{ secrets.a }}",
        "${{",
        "$${{ }}",
        "event.data",
        "#/$defs/a",
        "#/%",
        "$ref",
        "string",
        "object",
        "../..",
        "a/b",
        "^(a+)+$",
        "(",
        "5m",
        ">=1",
        "true ? 1 : 2",
        "type",
        "é",
        "a\nb",
        "'",
        "a.b.completed",
        "run",
        "x" * 300,
        "@daily",
        "*/7 1-3 L * 5#2",
        "0 0 31 2 *",
        "Europe/Berlin",
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1s",
    ]
)
KEYS = WORDS | st.sampled_from(
    ["type", "properties", "$defs", "$ref", "allOf", "items", "enum", "pattern", "required", "secret", "default", "match"]
)
ANYTHING: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def places(value: JsonValue, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield here
    if isinstance(value, dict):
        for key, one in value.items():
            yield from places(one, (*here, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from places(one, (*here, index))


def replaced(value: JsonValue, place: tuple[str | int, ...], new: JsonValue) -> JsonValue:
    if not place:
        return new
    first, rest = place[0], place[1:]
    if isinstance(value, dict):
        return {key: replaced(one, rest, new) if key == first else one for key, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, rest, new) if index == first else one for index, one in enumerate(value)]
    return value


def value_of(path: str) -> JsonValue:
    document, _ = read_document(path, BASE[path])
    assert document is not None
    return document.value


def judge(files: Mapping[str, bytes]) -> None:
    judge_problems(load(MemoryTree(dict(files))).problems, files)


def judge_problems(problems: Sequence[Problem], files: Mapping[str, bytes]) -> None:
    for problem in problems:
        assert problem.code in PROBLEM_CODES
        assert len(problem.message) < 1000
        if problem.span is not None:
            lines = files[problem.path].decode("utf-8", "replace").split("\n")
            assert 1 <= problem.span.line <= len(lines)
            assert 1 <= problem.span.column <= len(lines[problem.span.line - 1]) + 1
            assert (problem.span.end_line, problem.span.end_column) > (problem.span.line, problem.span.column)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_any_value_at_any_place_of_any_document(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(DOCUMENTS))
    value = value_of(path)
    place = data.draw(st.sampled_from(list(places(value))))
    new = replaced(value, place, data.draw(ANYTHING))
    judge(BASE | {path: json.dumps(new, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=False).encode()})


@settings(max_examples=150, deadline=None)
@example(path="packs/web/requirements.lock", at=6, new=b"\n", cut=9)  # a requirement whose first line is a backslash alone
@given(
    path=st.sampled_from(sorted(BASE)),
    at=st.integers(0, max(map(len, BASE.values()))),
    new=st.sampled_from([b"", b"\n", b":", b"[", b"\t", b"  ", b"'", b"${{"]),
    cut=st.integers(0, 9),
)
def test_any_cut_or_changed_byte_of_any_file(path: str, at: int, new: bytes, cut: int) -> None:
    content = BASE[path]
    at %= len(content) + 1
    judge(BASE | {path: content[:at] + new + content[at + cut :]})


@pytest.mark.parametrize("path", sorted(BASE))
def test_a_missing_file(path: str) -> None:
    judge({name: content for name, content in BASE.items() if name != path})
