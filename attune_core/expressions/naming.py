"""Naming: whether an expression names a variable, macros that hide it aside; pure.

Asked by the catalog of conditions and inputs, to know what is to be evaluated when, and what has to be at hand then.
"""

from attune_core.expressions.program import Program
from attune_core.expressions.structure import CheckedStructure
from attune_core.expressions.syntax.lexer import tokens_of
from attune_core.expressions.syntax.nodes import Macro, Name, Node
from attune_core.expressions.syntax.parser import parse
from attune_core.expressions.template import CheckedTemplate
from attune_core.values import JsonValue


def names(program: Program, variable: str) -> bool:
    """Tell whether a compiled expression names a variable."""
    return variable in program.source and _names(parse(tokens_of(program.source)), variable)


def value_names(value: CheckedTemplate | CheckedStructure | JsonValue, variable: str) -> bool:
    """Tell whether an expression in an input's value names a variable."""
    if isinstance(value, CheckedStructure):
        return any(value_names(one, variable) for one in value.templates.values())
    return isinstance(value, CheckedTemplate) and any(isinstance(part, Program) and names(part, variable) for part in value.parts)


def _names(node: Node, variable: str) -> bool:
    if isinstance(node, Name):
        return node.name == variable
    if isinstance(node, Macro) and node.variable == variable:
        return _names(node.operand, variable)
    return any(_names(child, variable) for child in node.children())
