"""Finding: one mistake in an expression, with its place and a stable code; the catalog turns it into a Problem.

Made by the lexer, parser and checker through their exceptions and lists; `FINDING_CODES` feeds docs/errors.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from attune_core.problems import Severity


class Code(StrEnum):
    """The stable codes of findings in expressions."""

    SYNTAX = "ATT200"
    TOO_LARGE = "ATT201"
    UNKNOWN_VARIABLE = "ATT202"
    UNKNOWN_FIELD = "ATT203"
    OPERAND_TYPES = "ATT204"
    UNKNOWN_FUNCTION = "ATT205"
    DOES_NOT_FIT = "ATT206"
    CONSTANT_FAILS = "ATT207"
    REGEX = "ATT208"
    SECRET = "ATT209"  # noqa: S105 - the name of a code, not a password
    UNCLOSED = "ATT210"
    NOT_TEXT = "ATT211"
    NEVER_EQUAL = "ATT212"
    NOT_SUPPORTED = "ATT213"
    MAY_BE_MISSING = "ATT214"
    TIME_AS_TEXT = "ATT215"
    MASKED = "ATT137"


@dataclass(frozen=True)
class FindingCode:
    """What a code means, for documents and `attune explain CODE`."""

    cause: str
    remedy: str
    severity: Severity = Severity.ERROR


FINDING_CODES: Mapping[Code, FindingCode] = {
    Code.SYNTAX: FindingCode("The text is not an expression.", "correct the text at the marked place"),
    Code.TOO_LARGE: FindingCode("The expression is longer or nested deeper than allowed.", "split it, or move the work into the action"),
    Code.UNKNOWN_VARIABLE: FindingCode("The expression names a variable that does not exist here.", "use one of the variables in the hint"),
    Code.UNKNOWN_FIELD: FindingCode(
        "The expression names a field that the schema does not declare.",
        "correct the name, or declare the field in the schema (additionalProperties: true allows any)",
    ),
    Code.OPERAND_TYPES: FindingCode(
        "An operator or function does not take values of these types.", "convert one side, or use another field"
    ),
    Code.UNKNOWN_FUNCTION: FindingCode("There is no such function or method, or it takes other arguments.", "see the list in the hint"),
    Code.DOES_NOT_FIT: FindingCode("The result has another type than its place takes.", "convert it, for example with string() or int()"),
    Code.CONSTANT_FAILS: FindingCode("A part without variables always fails, for example by overflow.", "write the value that you mean"),
    Code.REGEX: FindingCode(
        "The pattern is not valid for the linear-time engine (RE2).", "use RE2 syntax: no look-around, no back-references"
    ),
    Code.SECRET: FindingCode(
        "A secret is used in an operation.", "give it alone, as ${{ secrets.name }}, to a parameter that is declared secret"
    ),
    Code.UNCLOSED: FindingCode("A `${{` has no matching `}}`.", "close it with }}, or write $${{ for the three characters themselves"),
    Code.NOT_TEXT: FindingCode(
        "A value that has no text form stands inside a text.", "let the expression stand alone, or select a field of it"
    ),
    Code.NEVER_EQUAL: FindingCode(
        "The compared value can never have this value, so the result is always the same.",
        "compare with one of the values that the schema allows",
        Severity.WARNING,
    ),
    Code.NOT_SUPPORTED: FindingCode("This part of CEL is not in Attune's subset.", "write what the hint says instead"),
    Code.MAY_BE_MISSING: FindingCode(
        "The expression reads a field that the schema does not require; without it the expression fails and the rule does not fire.",
        "test it first, as has(event.data.unit) && ..., give a value for it, as event.data.?unit.orValue(...), or require it in the schema",
        Severity.WARNING,
    ),
    Code.TIME_AS_TEXT: FindingCode(
        "Texts in the format date-time are put in order as texts, which is wrong as soon as two of them have other offsets or fractions.",
        "compare times: timestamp(a) < timestamp(b)",
        Severity.WARNING,
    ),
    Code.MASKED: FindingCode(
        "The expression reads a field of a result that its action marks `secret: true`; the agent puts `***` in its place.",
        "remove it; what an action must hand on in secret is a secret of the agents, ${{ secrets.name }}",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One mistake. `start` and `end` are offsets in characters into the checked text; `hint` says what to write instead."""

    code: str
    severity: Severity
    message: str
    start: int
    end: int
    hint: str | None = None


def finding(code: Code, message: str, start: int, end: int, hint: str | None = None) -> Finding:
    """Make a finding with the severity of its code."""
    return Finding(code=code.value, severity=FINDING_CODES[code].severity, message=message, start=start, end=end, hint=hint)


class NotAnExpression(Exception):
    """Carries the first finding of the lexer or parser to `check`, which catches it; it never leaves this package."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.found = found


def refuse(code: Code, message: str, start: int, end: int, hint: str | None = None) -> NotAnExpression:
    """Make the exception that ends lexing or parsing."""
    return NotAnExpression(finding(code, message, start, end, hint))
