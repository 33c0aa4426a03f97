"""The types of macros and of the variables they bind.

Called by `infer`: once before the parts are typed, for the variable, and once after, for the whole.
"""

from attune_core.expressions.finding import Code
from attune_core.expressions.functions.optionals import item_of
from attune_core.expressions.functions.table import MACRO_USAGES
from attune_core.expressions.inference.conditions import expect_bool
from attune_core.expressions.inference.facts import Facts, possible
from attune_core.expressions.syntax.nodes import Macro
from attune_core.expressions.types import BOOL, DYN, STRING, Dyn, List, Map, Object, Optional, Type, members, type_name, union

_ON_OPTIONALS = frozenset({"optMap", "optFlatMap"})


def variable_type(facts: Facts, node: Macro) -> Type:
    """Return the type of what the operand holds: a list's items, an object's keys, an optional's value."""
    operand = facts.plain(node.operand)
    if node.name in _ON_OPTIONALS:
        if possible(operand, Optional(DYN)):
            return item_of(operand)
        return _refused(facts, node, operand, "takes an optional value")
    found: list[Type] = []
    for member in members(operand):
        if isinstance(member, List | Dyn):
            found.append(member.item if isinstance(member, List) else member)
        elif isinstance(member, Map | Object):
            found.append(STRING)
    return union(found) if found else _refused(facts, node, operand, "goes through a list or the keys of an object")


def _refused(facts: Facts, node: Macro, operand: Type, does: str) -> Type:
    start, end = node.name_start, node.name_start + len(node.name)
    message = f"{node.name}() {does}, but {facts.text(node.operand)} is {type_name(operand)}"
    return facts.report_at(Code.OPERAND_TYPES, message, start, end, MACRO_USAGES[node.name])


def macro_type(facts: Facts, node: Macro, variable: Type) -> Type:
    """Return the type of the whole, whose parts are typed."""
    result = node.parts[-1]
    if node.name not in {"map", *_ON_OPTIONALS} or len(node.parts) > 1:
        expect_bool(facts, node.parts[0], f"{node.name}()")
    if node.name == "map":
        return List(facts.plain(result))
    if node.name == "filter":
        return List(variable)
    if node.name == "optMap":
        return Optional(facts.plain(result))
    if node.name == "optFlatMap":
        found = facts.plain(result)
        if possible(found, Optional(DYN)):
            return found
        return facts.report(
            Code.OPERAND_TYPES, f"optFlatMap() must give an optional value, not {type_name(found)}", result, "write optMap()"
        )
    return BOOL
