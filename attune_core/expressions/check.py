"""The one door to the checker: from a text, a scope and an expected type to findings and a program.

Called by the catalog for conditions and by `template` for `${{ }}`; the program then runs in rules and planning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attune_core.expressions.finding import Code, Finding, NotAnExpression
from attune_core.expressions.fitting import fits
from attune_core.expressions.inference.choices import warn_of_choices
from attune_core.expressions.inference.conditions import bool_hint
from attune_core.expressions.inference.facts import Facts
from attune_core.expressions.inference.infer import infer
from attune_core.expressions.inference.presence import find_missing
from attune_core.expressions.inference.tested import NOTHING_IMPLIED, Implied, implied
from attune_core.expressions.leaving import holds_optional, leaving
from attune_core.expressions.program import Program
from attune_core.expressions.runtime.frame import Operand
from attune_core.expressions.runtime.lower import lower
from attune_core.expressions.syntax.lexer import tokens_of
from attune_core.expressions.syntax.nodes import Node
from attune_core.expressions.syntax.parser import parse
from attune_core.expressions.types import DYN, Bool, Double, Int, Optional, Secret, String, Type, carries_secret, type_name
from attune_core.problems import Severity

__all__ = ["Checked", "Finding", "Scope", "check", "check_tree"]


@dataclass(frozen=True)
class Scope:
    """The variables an expression may name.

    `implied` is what the condition says under which the expression is evaluated (`Checked.implied`); None if that condition is wrong,
    so that nothing can be said of missing fields.
    """

    variables: Mapping[str, Type]
    implied: Implied | None = NOTHING_IMPLIED
    #: Names that are there in other places -> the hint for who writes them here.
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """What the checker knows.

    `type` is that of the value as it leaves. `program` is None exactly if a finding is an error; `secrets` are the names of
    the secrets used.
    `implied` is what a condition says where it holds; None if it is wrong.
    """

    findings: tuple[Finding, ...]
    type: Type
    program: Program | None
    secrets: frozenset[str]
    implied: Implied | None = None


def check(source: str, scope: Scope, expected: Type | None) -> Checked:
    """Check one expression; `expected` is the type its place takes (`BOOL` for conditions).

    None takes any value and a secret alone; `DYN` takes any value but no secret.
    """
    try:
        tree: Node | Finding = parse(tokens_of(source))
    except NotAnExpression as mistake:
        tree = mistake.found
    return check_tree(source, tree, scope, expected)


def check_tree(source: str, node: Node | Finding, scope: Scope, expected: Type | None) -> Checked:
    """Check an expression that stands somewhere in `source`, or say why there is none; offsets in findings count in the whole of it."""
    if isinstance(node, Finding):
        return Checked((node,), DYN, None, frozenset())
    facts = Facts(source, scope.variables, scope.elsewhere)
    found = infer(facts, node)
    _check_result(facts, node, found, expected)
    says: Implied | None = None
    if not _failed(facts):
        if scope.implied is not None:
            find_missing(facts, node, scope.implied.present)
            warn_of_choices(facts, node, expected, scope.implied)
        says = implied(facts, node) if isinstance(expected, Bool) else None
    operand = None if _failed(facts) else lower(facts, node)
    program = None if operand is None or _failed(facts) else _program(source, operand)
    ordered = sorted(facts.findings, key=lambda one: (one.start, one.end))
    return Checked(tuple(ordered), leaving(found), program, frozenset(facts.secrets), says)


def _failed(facts: Facts) -> bool:
    return bool(facts.findings) and any(found.severity is Severity.ERROR for found in facts.findings)


def _program(source: str, operand: Operand) -> Program:
    return Program(source[operand.spot.start : operand.spot.end], operand, tuple(_program(source, term) for term in operand.terms))


def _check_result(facts: Facts, node: Node, found: Type, expected: Type | None) -> None:
    if not isinstance(found, Secret) and carries_secret(found):
        facts.report(Code.SECRET, f"{facts.text(node)} is all secrets together", node, "name one: secrets.name")
    elif isinstance(found, Secret) and expected is not None and not isinstance(expected, Secret):
        hint = "a secret goes only to a parameter that is declared secret"
        facts.report(Code.SECRET, f"{facts.text(node)} is a secret and cannot be used here", node, hint)
    elif holds_optional(found):
        hint = f"say what it is without a value: {facts.code(node)}.orValue(...)" if isinstance(found, Optional) else "write .orValue(...)"
        facts.report(Code.DOES_NOT_FIT, f"{facts.text(node)} is {type_name(found)}, which cannot leave an expression", node, hint)
    elif expected is not None and not fits(leaving(found), expected):
        code = Code.SECRET if isinstance(expected, Secret) else Code.DOES_NOT_FIT
        facts.report(
            code,
            f"{facts.text(node)} is {result_name(found)}, but {result_name(expected)} is expected",
            node,
            _hint(facts, node, found, expected),
        )


def result_name(one: Type) -> str:
    """Return a type's name with the values of an enum, which is what matters where a result does not fit."""
    if isinstance(one, String) and one.choices:
        return " or ".join(f'"{choice}"' for choice in one.choices[:5]) + (" or ..." if len(one.choices) > 5 else "")
    return "a secret" if isinstance(one, Secret) else type_name(one)


def _hint(facts: Facts, node: Node, found: Type, expected: Type) -> str | None:
    text = facts.code(node)
    match expected:
        case Secret():
            return "a secret parameter takes ${{ secrets.name }} only"
        case Bool():
            return bool_hint(facts, node, found)
        case String(choices=allowed) if isinstance(found, String):
            return facts.suggest(found.choices[0], allowed) if found.choices and allowed else None
        case String() | Int() | Double() if isinstance(found, String | Int | Double | Bool):
            return f"convert it: {type_name(expected)}({text})"
        case _:
            return None
