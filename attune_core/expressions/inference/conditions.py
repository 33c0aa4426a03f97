"""What must be a bool: the terms of && and ||, the test before `?`, the conditions of macros, and a rule's condition itself.

Called by `infer`, `macros` and `check`.
"""

from attune_core.expressions.finding import Code
from attune_core.expressions.inference.facts import Facts, possible
from attune_core.expressions.syntax import nodes
from attune_core.expressions.types import BOOL, Double, Int, String, Type, type_name


def expect_bool(facts: Facts, node: nodes.Node, where: str) -> None:
    """Refuse what can never be a bool, and a secret."""
    found = facts.plain(node)
    if not possible(found, BOOL):
        facts.report(
            Code.OPERAND_TYPES,
            f"{where} takes bool, but {facts.text(node)} is {type_name(found)}",
            node,
            bool_hint(facts, node, found),
        )


def bool_hint(facts: Facts, node: nodes.Node, found: Type) -> str | None:
    """Return how to make a condition of a value."""
    if not isinstance(node, nodes.Name | nodes.Select | nodes.Index | nodes.Call):
        return None
    if isinstance(found, String):
        return f'compare it: {facts.code(node)} == "..."'
    return f"compare it: {facts.code(node)} > 0" if isinstance(found, Int | Double) else None
