"""The types of function and method calls, from the overloads in the functions' one table.

Called by `infer`, which has typed target and arguments before.
"""

from collections.abc import Mapping

from attune_core.expressions.finding import Code
from attune_core.expressions.functions.function import Function
from attune_core.expressions.functions.table import FUNCTIONS, MACRO_USAGES, NOT_YET
from attune_core.expressions.inference.facts import Facts, possible
from attune_core.expressions.inference.members import field_of
from attune_core.expressions.syntax.nodes import Call, Name, Node
from attune_core.expressions.syntax.parser import MACROS
from attune_core.expressions.types import Object, String, Type, members, type_name, union

#: Function -> the format of JSON Schema whose texts always make it fail.
_NEVER_READS: Mapping[str, str] = {"duration": "date-time", "timestamp": "duration"}
_FORMS: Mapping[str, str] = {"duration": "PT1H", "date-time": "2026-01-02T03:04:05Z"}


def known_children(node: Call) -> tuple[Node, ...]:
    """Return the nodes below a call; without the arguments of what is no macro here, whose variables may be its own."""
    if node.name in NOT_YET or node.name in MACRO_USAGES or _like_macro(node):
        return () if node.target is None else (node.target,)
    return node.children()


def _like_macro(node: Call) -> bool:
    """Tell whether an unknown method is written as a macro is, so that its variable is not reported as unknown as well."""
    return node.target is not None and node.name not in FUNCTIONS and len(node.arguments) > 1 and isinstance(node.arguments[0], Name)


def call_type(facts: Facts, node: Call) -> Type:
    """Return the type of `name(arguments)` or `target.name(arguments)`."""
    start, end = node.name_start, node.name_start + len(node.name)
    if node.name in NOT_YET:
        return facts.report_at(Code.NOT_SUPPORTED, f"{node.name}() is not supported", start, end, NOT_YET[node.name])
    if node.name in MACRO_USAGES:
        return _macro_mistake(facts, node)
    values = known_children(node)
    types = tuple(facts.plain(value) for value in values)
    function = FUNCTIONS.get(node.name)
    if function is None or not (function.method if node.target else function.plain):
        return _unknown(facts, node, function, types)
    extra = len(values) - len(node.arguments)
    arities = sorted({len(overload.takes) - extra for overload in function.overloads})
    if len(node.arguments) not in arities:
        wanted = " or ".join(str(arity) for arity in arities)
        message = f"{node.name}() takes {wanted} argument{'' if wanted == '1' else 's'}, not {len(node.arguments)}"
        return facts.report(Code.UNKNOWN_FUNCTION, message, node, function.usage)
    found = [
        overload.result(types)
        for overload in function.overloads
        if len(overload.takes) == len(types) and all(possible(one, wanted) for one, wanted in zip(types, overload.takes, strict=True))
    ]
    return _result(facts, node, types, found) if found else _no_overload(facts, node, function, types)


def _result(facts: Facts, node: Call, types: tuple[Type, ...], found: list[Type]) -> Type:
    """Return the type of the call, unless it fails for every text that the schema admits."""
    given = types[0] if types else None
    if isinstance(given, String) and given.format is not None and given.format == _NEVER_READS.get(node.name):
        message = f"{facts.text(node.arguments[0])} is a text as {_FORMS[given.format]}, which {node.name}() never reads"
        return facts.report(Code.OPERAND_TYPES, message, node, FUNCTIONS[node.name].usage)
    return union(found)


def _macro_mistake(facts: Facts, node: Call) -> Type:
    start, end = node.name_start, node.name_start + len(node.name)
    if node.target is None:
        message = f"{node.name} is not a function"
    elif len(node.arguments) in MACROS[node.name]:
        message = f"the first argument of {node.name}() is a name for the item"
        start, end = node.arguments[0].start, node.arguments[0].end
    else:
        message = f"{node.name}() takes {' or '.join(map(str, MACROS[node.name]))} arguments, not {len(node.arguments)}"
    return facts.report_at(Code.UNKNOWN_FUNCTION, message, start, end, MACRO_USAGES[node.name])


def _no_overload(facts: Facts, node: Call, function: Function, types: tuple[Type, ...]) -> Type:
    names = [type_name(one) for one in types]
    shown = f"{names[0]}.{node.name}({', '.join(names[1:])})" if node.target else f"{node.name}({', '.join(names)})"
    return facts.report(Code.OPERAND_TYPES, f"no such overload: {shown}", node, function.usage)


def _unknown(facts: Facts, node: Call, function: Function | None, types: tuple[Type, ...]) -> Type:
    start, end = node.name_start, node.name_start + len(node.name)
    if function is not None:
        kind = "method" if node.target else "function"
        return facts.report_at(Code.UNKNOWN_FUNCTION, f"{node.name} is not a {kind}", start, end, function.usage)
    if node.target is None:
        known = [name for name, known in FUNCTIONS.items() if known.plain]
        return facts.report_at(
            Code.UNKNOWN_FUNCTION, f"there is no function '{node.name}'", start, end, facts.suggest(node.name, [*known, "has"])
        )
    if any(isinstance(member, Object) for member in members(types[0])) and field_of(types[0], node.name) is not None:
        return facts.report_at(Code.UNKNOWN_FUNCTION, f"'{node.name}' is a field, not a method", start, end, "leave out the brackets")
    known = [*(name for name, known in FUNCTIONS.items() if known.method), *MACROS]
    return facts.report_at(Code.UNKNOWN_FUNCTION, f"there is no method '{node.name}'", start, end, facts.suggest(node.name, known))
