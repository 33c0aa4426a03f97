"""A field whose enum is wider than the enum that its place takes: some events would be rejected when their input is made.

Called by `check` for expressions without an error. Only a field alone is looked at, and only if the condition does not ask for it:
what else narrows its values is not followed.
"""

from attune_core.expressions.finding import Code, Finding
from attune_core.expressions.inference.facts import Facts
from attune_core.expressions.inference.tested import Implied
from attune_core.expressions.inference.ways import key_of
from attune_core.expressions.syntax.nodes import Index, Node, Select
from attune_core.expressions.types import String, Type
from attune_core.problems import Severity


def warn_of_choices(facts: Facts, node: Node, expected: Type | None, condition: Implied) -> None:
    """Warn of the values of a field that its place does not take, if it takes others."""
    found = facts.types[node]
    if not isinstance(node, Select | Index) or not isinstance(found, String) or not isinstance(expected, String):
        return
    if found.choices is None or expected.choices is None or key_of(facts, node) in condition.asked:
        return
    refused = [choice for choice in found.choices if choice not in expected.choices]
    if refused:
        text = facts.text(node)
        taken = ", ".join(f'"{choice}"' for choice in found.choices if choice in expected.choices)
        message = f'{text} may be "{refused[0]}", which is not taken here'
        hint = f"test it in the condition: {text} in [{taken}]"
        place = {"start": node.start, "end": node.end}
        facts.findings.append(Finding(code=Code.DOES_NOT_FIT, severity=Severity.WARNING, message=message, hint=hint, **place))
