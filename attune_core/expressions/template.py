"""Texts with `${{ }}`: checked once, rendered per event.

Called by the catalog for inputs, keys and labels; what a value holds is never read as a template again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attune_core.expressions.check import Checked, Finding, Scope, check_tree
from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.finding import Code, finding
from attune_core.expressions.fitting import fits
from attune_core.expressions.functions.conversions import scalar_text
from attune_core.expressions.inference.facts import possible
from attune_core.expressions.program import MAX_STEPS, Program
from attune_core.expressions.runtime.frame import MAX_OUTPUT
from attune_core.expressions.runtime.value import kind_of
from attune_core.expressions.suggestion import clipped
from attune_core.expressions.template_parts import Embedded, parse_template
from attune_core.expressions.types import BOOL, DOUBLE, DYN, INT, STRING, Secret, String, Type, type_name
from attune_core.problems import Severity
from attune_core.values import JsonValue

#: Expressions with errors in one text, after which the others are not looked at: each may take the time of twenty suggestions.
_MOST_WRONG = 10


@dataclass(frozen=True, eq=False)
class CheckedTemplate:
    """A checked text.

    `type` is that of the rendered value. `constant`: it has no expressions. `secret`: it is exactly `${{ secrets.NAME }}` and
    stands for a SecretRef of this name; it is not rendered. `parts` are texts and programs, empty if a finding is an error.
    """

    findings: tuple[Finding, ...]
    type: Type
    constant: bool
    secret: str | None
    parts: tuple[str | Program, ...] = field(repr=False)

    @property
    def fixed(self) -> bool:
        """Whether it has the same value for every event."""
        return bool(self.parts) and all(isinstance(part, str) or part.compiled.constant for part in self.parts)

    def render(self, activation: Mapping[str, JsonValue], *, steps: int = MAX_STEPS) -> JsonValue:
        """Return the value for these variables: of its own type if the text is exactly one expression, else a string.

        `ExpressionFailed` if there is none. A text with errors, or one that stands for a secret, is never rendered.
        """
        if self.secret is not None or any(found.severity is Severity.ERROR for found in self.findings):
            raise AssertionError("only a correct text without a secret is rendered")
        if len(self.parts) == 1 and isinstance(self.parts[0], Program):
            return self.parts[0].evaluate(activation, steps=steps)
        text = "".join(part if isinstance(part, str) else _text_of(part, activation, steps) for part in self.parts)
        if len(text) > MAX_OUTPUT:
            raise ExpressionTooCostly(f"a text of {len(text)} characters is longer than {MAX_OUTPUT}")
        return text


def _text_of(program: Program, activation: Mapping[str, JsonValue], steps: int) -> str:
    value = program.evaluate(activation, steps=steps)
    text = scalar_text(value)
    if text is None:
        raise ExpressionFailed(f"{clipped(program.source)} is {kind_of(value)}, which has no text form")
    return text


def check_template(text: str, scope: Scope, expected: Type | None) -> CheckedTemplate:
    """Check a text; offsets in findings count in the whole text.

    `expected` None takes any value and a secret alone; `DYN` takes any value but no secret.
    """
    parsed, mistake = parse_template(text)
    if mistake is not None:
        return CheckedTemplate((mistake,), DYN, constant=False, secret=None, parts=())
    if len(parsed) == 1 and isinstance(parsed[0], Embedded):
        return _check_single(text, parsed[0], scope, expected)
    return _check_mixed(text, parsed, scope, expected)


def _check_single(text: str, part: Embedded, scope: Scope, expected: Type | None) -> CheckedTemplate:
    checked = check_tree(text, part.tree, scope, expected)
    secret = next(iter(checked.secrets), None) if isinstance(checked.type, Secret) else None
    parts = () if checked.program is None else (checked.program,)
    return CheckedTemplate(checked.findings, checked.type, constant=False, secret=secret, parts=parts)


def _check_mixed(text: str, parsed: tuple[str | Embedded, ...], scope: Scope, expected: Type | None) -> CheckedTemplate:
    findings: list[Finding] = []
    parts: list[str | Program] = []
    wrong = 0
    for part in parsed:
        if isinstance(part, str):
            parts.append(part)
            continue
        checked = check_tree(text, part.tree, scope, None)
        findings.extend(checked.findings)
        findings.extend(_not_text(text, part, checked))
        if checked.program is not None:
            parts.append(checked.program)
        wrong += checked.program is None
        if wrong == _MOST_WRONG:
            break
    constant = all(isinstance(part, str) for part in parsed)
    found = String(("".join(part for part in parsed if isinstance(part, str)),)) if constant else STRING
    if expected is not None and not fits(found, expected):
        code = Code.SECRET if isinstance(expected, Secret) else Code.DOES_NOT_FIT
        findings.append(finding(code, f"this is a text, but {type_name(expected)} is expected", 0, len(text), _fit_hint(expected)))
    return CheckedTemplate(tuple(findings), found, constant=constant, secret=None, parts=tuple(parts))


def _fit_hint(expected: Type) -> str | None:
    if isinstance(expected, Secret):
        return "a secret parameter takes ${{ secrets.name }} only"
    return "an expression keeps its type only if nothing, not even a space, stands beside it"


def _not_text(text: str, part: Embedded, checked: Checked) -> tuple[Finding, ...]:
    """Refuse in a text what has no text form: null, lists, objects, secrets."""
    shown = clipped(text[part.start + 3 : part.end - 2])
    if isinstance(checked.type, Secret):
        message = f"{shown} is a secret and cannot stand inside a text"
        return (finding(Code.SECRET, message, part.start, part.end, "give it alone to a parameter that is declared secret"),)
    if any(possible(checked.type, kind) for kind in (STRING, INT, DOUBLE, BOOL)):
        return ()
    return (finding(Code.NOT_TEXT, f"{shown} is {type_name(checked.type)} and cannot stand inside a text", part.start, part.end),)
