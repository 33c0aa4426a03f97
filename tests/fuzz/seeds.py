"""What fuzzing starts from: the documents and expressions of tests/cases, and the words that both are made of.

Used by `__main__`, which writes them where the fuzzer reads them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from attune_core.expressions.functions.table import FUNCTIONS, MACRO_USAGES
from attune_core.values import JsonValue
from tests.fuzz.targets import PATHS, SCHEMA, VALUE

CASES = Path(__file__).resolve().parents[1] / "cases"
_OPERATORS = r"""
    + - * / % ! == != < <= > >= && || ? : . , ( ) [ ] { } ' " in ?. .? [? ${{ }} $${{ \ r' b' // e 0x 1.5 9223372036854775807
"""
_NAMES = (
    "event",
    "any",
    "secrets",
    "has(",
    "unit",
    "severity",
    "at",
    "where",
    "note",
    "load",
    "tags",
    "owner",
    "tries",
    "name",
    "true",
    "null",
)
_YAML = (
    ": ",
    "- ",
    "  ",
    "|",
    ">-",
    "&a",
    "*a",
    "<<",
    "!!str",
    "---",
    "%YAML",
    "#",
    "~",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    "? ",
    "\t",
    "\\u202e",
)
_SCHEMA = (
    "type",
    "properties",
    "required",
    "$ref",
    "#/$defs/",
    "$defs",
    "anyOf",
    "oneOf",
    "allOf",
    "prefixItems",
    "items",
    "enum",
    "format",
)


def words(target: str) -> bytes:
    """Return the fuzzer's dictionary."""
    language = (*_OPERATORS.split(), *_NAMES, *FUNCTIONS, *MACRO_USAGES)
    chosen = (*_YAML, *_SCHEMA, *language) if target == "loader" else (*language, *(_SCHEMA if target == "checker" else ()))
    return b"".join(b'"' + b"".join(b"\\x%02x" % byte for byte in word.encode()) + b'"\n' for word in dict.fromkeys(chosen))


def seeds(target: str) -> Iterator[bytes]:
    """Return inputs to start from."""
    if target == "loader":
        for path in sorted((CASES / "validate").rglob("*")):
            inside = path.as_posix().partition("/repo/")[2] or path.as_posix().partition("/base/")[2]
            if path.is_file() and inside in PATHS:
                yield bytes([PATHS.index(inside)]) + path.read_bytes()[:16_384]
        return
    after = {"checker": "\n" + json.dumps(SCHEMA), "evaluator": "\n" + json.dumps(VALUE)}.get(target, "")
    for name in ("values", "templates", "findings", "schemas"):
        for text in expressions(yaml.safe_load((CASES / "expressions" / f"{name}.yaml").read_text("utf-8"))):
            yield (text + after).encode()


def expressions(value: JsonValue) -> Iterator[str]:
    """Return every text under a key that holds expressions."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            texts = one if isinstance(one, list) else [one]
            if key in {"source", "text", "fields", "wrong"}:
                yield from (text for text in texts if isinstance(text, str))
            else:
                yield from expressions(one)
    elif isinstance(value, list):
        for one in value:
            yield from expressions(one)
