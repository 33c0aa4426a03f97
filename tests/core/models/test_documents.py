"""The models: nothing is coerced, nothing unknown is taken, and what was read can be written and read again."""

import pytest
from pydantic import ValidationError

from attune_core.models.action import ActionDocument
from attune_core.models.parameter import Parameter
from attune_core.models.version_range import parse_range
from attune_core.values import JsonObject

ACTION: JsonObject = {
    "description": "x",
    "run": ["python", "x.py"],
    "parameters": {"a": {"type": "string", "secret": True}, "b": {"type": "integer", "default": None}, "c": {"optional": True}},
    "result": {"from": "stdout", "schema": {"type": "object"}},
    "timeout": "1h30m",
    "retry": {"maximum_attempts": 3, "after": ["lost"], "initial_interval": "250ms"},
    "logs": {"segment": "64KiB"},
}


def test_a_document_that_was_written_is_read_again_as_the_same() -> None:
    document = ActionDocument.model_validate(ACTION)
    again = ActionDocument.model_validate_json(document.model_dump_json(by_alias=True))
    assert again == document
    assert ActionDocument.model_validate(document.model_dump(mode="json", by_alias=True)) == document
    assert (document.timeout, document.retry.initial_interval, document.logs.segment) == (5400, 0.25, 65536)


def test_a_parameter_is_required_unless_it_has_a_default_or_is_optional() -> None:
    parameters = ActionDocument.model_validate(ACTION).parameters
    assert [one.required for one in parameters.values()] == [True, False, False]
    assert [one.has_default for one in parameters.values()] == [False, True, False]
    assert parameters["b"].value_schema == {"type": "integer"}
    assert Parameter.model_validate({"type": "string"}).model_dump() == {"type": "string"}


@pytest.mark.parametrize(
    "change",
    [
        {"run": "python x.py"},
        {"run": ["python", 3]},
        {"run": []},
        {"run": ["a\0b"]},
        {"timeout": 5},
        {"timeout": "0s"},
        {"timeout": True},
        {"timeout": ["5m"]},
        {"timeout": "400d"},
        {"retry": {"maximum_attempts": True}},
        {"retry": {"maximum_attempts": "3"}},
        {"retry": {"after": []}},
        {"concurrency": {"limit": 1.0}},
        {"logs": {"segment": "1KiB"}},
        {"logs": {"segment": 1048576}},
        {"parameters": {"a": {"secret": "yes"}}},
        {"parameters": {"A": {}}},
        {"parameters": {"a": []}},
        {"env": {"lower": "x"}},
        {"unknown": 1},
        {"result": {"source": "file"}},
        {"result": {"value_schema": {}}},
    ],
)
def test_nothing_is_coerced_and_nothing_unknown_is_taken(change: JsonObject) -> None:
    with pytest.raises(ValidationError):
        ActionDocument.model_validate({**ACTION, **change})


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=3.11", ["3.11", "3.11.0", "3.12.4", "4", "Python 3.13.0rc1"], ["3.10.99", "3", "none", ""]),
        (">=3.11,<4", ["3.11", "3.99"], ["4.0", "4"]),
        ("== 20", ["20", "v20.20.2"], ["21", "2"]),
        ("!=1.2", ["1.3", "1"], ["1.2", "1.2.3"]),
        (">1.2,<=1.10", ["1.2.1", "1.10", "1.10.0"], ["1.2", "1.2.0", "1.10.1"]),
    ],
)
def test_a_version_is_inside_a_range_by_numbers(text: str, inside: list[str], outside: list[str]) -> None:
    found = parse_range(text)
    assert all(found.allows(version) for version in inside)
    assert not any(found.allows(version) for version in outside)


@pytest.mark.parametrize(
    "text", ["", "3.11", ">=", ">=x", ">=1,", "~=1.2", ">=1.2.3.4.5", ">= 1 2", ">=1;<2", ">=1" + ",>=1" * 5, ">=" + "9" * 10]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no version range"):
        parse_range(text)
