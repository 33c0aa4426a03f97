"""From a checked tree to closures, leaves first; parts without variables are evaluated here, once.

Called by `check` when there is no error; the operand of the top node becomes a `Program`.
"""

from collections.abc import Sequence

from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.finding import Code
from attune_core.expressions.functions.table import FUNCTIONS
from attune_core.expressions.inference.facts import Facts
from attune_core.expressions.runtime import arithmetic, comparison, logic, macros, members
from attune_core.expressions.runtime.equalities import equality, free
from attune_core.expressions.runtime.frame import Frame, Operand, Run, Spot
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.syntax import nodes

_FOLDING_STEPS = 10_000
_PATTERNS = "patterns are those of RE2: https://github.com/google/re2/wiki/Syntax"


def lower(facts: Facts, node: nodes.Node) -> Operand:
    """Return the compiled node; an operation on constants that always fails is reported in `facts`."""
    match node:
        case nodes.Literal():
            return _operand(facts, node, _constantly(node.value), cost=0, constant=True, value=node.value)
        case nodes.Name():
            slot = facts.slots.get(node) if facts.slots else None
            return _way(facts, node, (node.name,), 0) if slot is None else _operand(facts, node, macros.bound(slot), cost=0)
        case _:
            return _lower_parts(facts, node)


def _lower_parts(facts: Facts, node: nodes.Node) -> Operand:
    parts = tuple([lower(facts, child) for child in node.children()])
    if (key := _written_key(node, parts)) is not None and parts[0].keys:
        return _way(facts, node, (*parts[0].keys, key), parts[0].cost)
    run = _closure(facts, node, parts)
    #: The parts of a macro are paid for each time they run.
    operand = _operand(facts, node, run, cost=parts[0].cost if isinstance(node, nodes.Macro) else sum([part.cost for part in parts]))
    operand.free = free(node, parts)
    if isinstance(node, nodes.Binary | nodes.Logic):
        operand.equality = equality(node, parts)
        operand.terms = parts if node.operator == "&&" else ()
    return _folded(facts, operand, parts)


def _operand(
    facts: Facts,
    node: nodes.Node,
    run: Run,
    *,
    cost: int,
    constant: bool = False,
    value: Value = None,
    keys: tuple[str, ...] = (),
) -> Operand:
    return Operand(run, facts.types[node], cost + 1, Spot(facts.source, node.start, node.end), constant, value, keys)


def _way(facts: Facts, node: nodes.Node, keys: tuple[str, ...], cost: int) -> Operand:
    return _operand(facts, node, members.way(keys, Spot(facts.source, node.start, node.end)), cost=cost, keys=keys)


def _written_key(node: nodes.Node, parts: Sequence[Operand]) -> str | None:
    """Return the field's name that `a.b` and `a["b"]` have in common."""
    match node:
        case nodes.Select():
            return node.field
        case nodes.Index():
            value = parts[1].value
            return value if isinstance(value, str) else None
        case _:
            return None


def _closure(facts: Facts, node: nodes.Node, parts: tuple[Operand, ...]) -> Run:
    match node:
        case nodes.ListLiteral():
            return _list(tuple(part.run for part in parts))
        case nodes.Logic():
            return logic.chain(node.operator, parts)
        case nodes.Conditional():
            return logic.conditional(*parts)
        case nodes.Unary(operator="!"):
            return logic.inversion(parts[0])
        case nodes.Binary(operator="==" | "!="):
            return comparison.equality(parts[0], parts[1], negated=node.operator == "!=")
        case _:
            return _located(facts, node, _fallible(facts, node, parts))


def _fallible(facts: Facts, node: nodes.Node, parts: tuple[Operand, ...]) -> Run:  # noqa: PLR0911 - one line per construct
    match node:
        case nodes.MapLiteral():
            return _map(parts)
        case nodes.Select():
            return members.select(parts[0], node.field)
        case nodes.Has():
            return members.has(parts[0], node.selected.field)
        case nodes.Index():
            return members.index(parts[0], parts[1])
        case nodes.OptionalSelect():
            return members.optional_select(parts[0], node.field)
        case nodes.OptionalIndex():
            return members.optional_index(parts[0], parts[1])
        case nodes.Macro():
            return macros.MACROS[node.name](node.name, parts[0], parts[1:], facts.slots[node])
        case nodes.Call():
            return _call(facts, node, parts)
        case nodes.Binary():
            return _binary(node, parts[0], parts[1])
        case _:
            return arithmetic.negation(parts[0])


def _binary(node: nodes.Binary, left: Operand, right: Operand) -> Run:
    if node.operator == "in":
        return comparison.membership(left, right)
    if node.operator in {"<", "<=", ">", ">="}:
        return comparison.order(node.operator, left, right)
    return arithmetic.arithmetic(node.operator, left, right)


def _call(facts: Facts, node: nodes.Call, parts: tuple[Operand, ...]) -> Run:
    function = FUNCTIONS[node.name]
    try:
        return function.build(parts)
    except ExpressionFailed as error:
        hint = _PATTERNS if function.refusal is Code.REGEX else function.usage
        facts.report(function.refusal, error.message, node.arguments[-1], hint)
        return _constantly(None)


def _located(facts: Facts, node: nodes.Node, run: Run) -> Run:
    """Add the place to what fails in an operation itself."""
    spot = Spot(facts.source, node.start, node.end)

    def located(frame: Frame) -> Value:
        try:
            return run(frame)
        except ExpressionFailed as failure:
            raise failure.at(spot.start, spot.end, spot.text())  # noqa: B904 - the same exception, with its place

    return located


def _folded(facts: Facts, operand: Operand, parts: tuple[Operand, ...]) -> Operand:
    """Evaluate an operation on constants now; a part that already failed is none."""
    if not all(part.constant for part in parts):
        return operand
    spot = operand.spot
    if any(found.start >= spot.start and found.end <= spot.end for found in facts.findings):
        return operand
    frame = Frame({}, _FOLDING_STEPS)
    #: A macro inside others expects their variables below its own.
    frame.bound = [None] * len(facts.slots)
    try:
        value = operand.run(frame)
    except ExpressionTooCostly:
        return operand
    except ExpressionFailed as error:
        facts.report_at(Code.CONSTANT_FAILS, f"this always fails: {error.message}", spot.start, spot.end)
        return operand
    return Operand(_constantly(value), operand.type, 1, spot, constant=True, value=value)


def _constantly(value: Value) -> Run:
    return lambda _: value


def _list(items: tuple[Run, ...]) -> Run:
    return lambda frame: [item(frame) for item in items]


def _map(parts: tuple[Operand, ...]) -> Run:
    entries = tuple((parts[place].run, parts[place + 1].run) for place in range(0, len(parts), 2))

    def run(frame: Frame) -> Value:
        made: dict[str, Value] = {}
        for read_key, read_value in entries:
            key = read_key(frame)
            if not isinstance(key, str):
                raise ExpressionFailed("a map's key must be a string")
            if key in made:
                raise ExpressionFailed("a key stands twice in one map")
            made[key] = read_value(frame)
        return made

    return run
