"""What is fuzzed: functions of bytes that raise where a reader of documents or the language breaks a promise.

Driven by `drive` under coverage guidance, and by test_found_inputs with what was found before. `loader` takes one byte that chooses the
file and then its content; `parser` a text; `checker` an expression and, after a line break, a schema; `evaluator` the same with a value.
"""

import json
import time
from collections.abc import Callable, Mapping

from attune_core.catalog.documents import read_document
from attune_core.expressions.check import Checked, Finding, Scope, check
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import FINDING_CODES, NotAnExpression
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.syntax.lexer import tokens_of
from attune_core.expressions.syntax.nodes import Node
from attune_core.expressions.syntax.parser import parse
from attune_core.expressions.template import check_template
from attune_core.expressions.template_parts import parse_template
from attune_core.expressions.types import BOOL, DYN, SECRET, STRING, Bool, Double, Int, List, Map, Null, Object, OneOf, String, Type
from attune_core.problems import Severity
from attune_core.values import JsonObject, JsonRefused, JsonValue, canonical_json, parse_json
from tests.core.catalog.hostile import BASE
from tests.core.catalog.test_any_content import judge, judge_problems

PATHS = sorted(path for path in BASE if path.endswith((".yaml", ".json", ".lock")))
#: Of processor time, for one input; instrumented code is several times slower than it is.
SECONDS = 5.0
SCHEMA: JsonObject = {
    "type": "object",
    "required": ["unit", "severity", "at", "where", "note", "load", "tags", "owner"],
    "properties": {
        "unit": {"type": "string"},
        "severity": {"enum": ["low", "high"]},
        "at": {"type": "string", "format": "date-time"},
        "where": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        "note": {"type": ["string", "null"]},
        "load": {"type": "number"},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "owner": {"$ref": "#/$defs/person"},
        "tries": {"type": "integer"},
    },
    "$defs": {
        "person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "of": {"$ref": "#/$defs/person"}}}
    },
}
VALUE: JsonObject = {
    "unit": "web_1",
    "severity": "high",
    "at": "2026-01-02T03:04:05Z",
    "where": ["rack", 3],
    "note": None,
    "load": 2.5,
    "tags": {"team": "ops"},
    "owner": {"name": "octo", "of": {"name": "cat"}},
}
_TYPED = type_of_schema(SCHEMA)
_KINDS: Mapping[type[Type], tuple[type, ...]] = {Bool: (bool,), Int: (int,), Double: (int, float), Null: (type(None),)}


def loader(raw: bytes) -> None:
    """Read one document, and the repository with it in place of its own."""
    path, content = PATHS[raw[0] % len(PATHS) if raw else 0], raw[1:]
    if path.endswith(".yaml"):
        document, problems = read_document(path, content)
        judge_problems(problems, {path: content})
        assert (document is None) == bool(problems), "a document is read, or it has problems"
        if document is None:
            return
    judge({**BASE, path: content})


def parser(raw: bytes) -> None:
    """Read an expression and a text with expressions."""
    text = raw.decode(errors="replace")
    try:
        waiting: list[Node] = [parse(tokens_of(text))]
    except NotAnExpression as mistake:
        _inside(text, mistake.found)
    else:
        while waiting:
            node = waiting.pop()
            assert 0 <= node.start <= node.end <= len(text), f"{node} stands outside of the text"
            waiting.extend(node.children())
    parts, found = parse_template(text)
    if found is not None:
        _inside(text, found)
        assert not parts


def checker(raw: bytes) -> None:
    """Check an expression, alone and in a text, against the type of a schema."""
    source, schema = _halves(raw)
    scope = Scope({"event": type_of_schema(SCHEMA if schema is None else schema), "any": DYN, "secrets": Map(SECRET)})
    for expected in (None, BOOL):
        _judge_checked(source, check(source, scope, expected))
    for text in (source, f"${{{{ {source} }}}}"):
        for found in check_template(text, scope, STRING).findings:
            _inside(text, found)


def evaluator(raw: bytes) -> None:
    """Evaluate an expression that checks over a value of any type and one of a known type."""
    source, value = _halves(raw)
    checked = check(source, Scope({"any": DYN, "event": _TYPED}), None)
    if checked.program is None:
        return
    activation: dict[str, JsonValue] = {"any": VALUE if value is None else value, "event": VALUE}
    try:
        result = checked.program.evaluate(activation)
    except ExpressionFailed as failure:
        assert failure.message, "a failure says what failed"
        return
    canonical_json(result)
    assert _belongs(result, checked.type), f"{result!r} is said to be {checked.type}"


TARGETS: Mapping[str, Callable[[bytes], None]] = {"loader": loader, "parser": parser, "checker": checker, "evaluator": evaluator}


def run(target: str, raw: bytes) -> None:
    """Give one input to a target, within its time."""
    before = time.process_time()
    TARGETS[target](raw)
    assert time.process_time() - before < SECONDS, "one input takes too long"


def _halves(raw: bytes) -> tuple[str, JsonValue]:
    """Return the expression, and the JSON behind the last line break if there is any."""
    source, _, rest = raw.decode(errors="replace").rpartition("\n")
    try:
        return (source, parse_json(rest.encode())) if source else (rest, None)
    except JsonRefused:
        return source, None


def _belongs(value: JsonValue, said: Type) -> bool:
    """Tell whether a value is of the type that the checker says."""
    match said:
        case OneOf():
            return any(_belongs(value, member) for member in said.members)
        case List():
            return isinstance(value, list) and all(_belongs(item, said.item) for item in value)
        case Map():
            return isinstance(value, dict) and all(_belongs(item, said.value) for item in value.values())
        case Object():
            return isinstance(value, dict) and all(
                _belongs(value[name], field.type) if name in value else not field.required for name, field in said.fields.items()
            )
        case String(choices=choices):
            return isinstance(value, str) and (choices is None or value in choices)
        case _:
            kinds = _KINDS.get(type(said))
            return kinds is None or type(value) in kinds


def _judge_checked(source: str, checked: Checked) -> None:
    for found in checked.findings:
        _inside(source, found)
    refused = any(found.severity is Severity.ERROR for found in checked.findings)
    assert (checked.program is None) == refused, "there is a program, or an error"


def _inside(text: str, found: Finding) -> None:
    assert found.code in FINDING_CODES, found
    assert 0 <= found.start <= found.end <= len(text), f"{found} stands outside of the text"
    assert 0 < len(found.message) < 1000, found
    json.dumps(found.message, ensure_ascii=False).encode()
