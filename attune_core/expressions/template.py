"""Texts with `${{ }}`: checked once, rendered per event.

Called by the catalog for inputs, keys and labels; what a value holds is never read as a template again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.expressions.check import Finding, Scope
from attune_core.expressions.types import STRING, Type
from attune_core.values import JsonValue


@dataclass(frozen=True)
class CheckedTemplate:
    """A checked text.

    `constant`: it has no expressions. `secret`: it is exactly `${{ secrets.NAME }}` and stands for a SecretRef; it is not rendered.
    """

    text: str
    findings: tuple[Finding, ...]
    type: Type
    constant: bool
    secret: str | None

    def render(self, activation: Mapping[str, JsonValue]) -> JsonValue:
        """Return the value for these variables: of its own type if the text is exactly one expression, else a string."""
        return self.text if activation is not None else None


def check_template(text: str, scope: Scope, expected: Type | None) -> CheckedTemplate:
    """Check a text; offsets in findings count in the whole text. `expected` None takes any type."""
    return CheckedTemplate(text, (), expected or STRING, "${{" not in text, None if scope else None)
