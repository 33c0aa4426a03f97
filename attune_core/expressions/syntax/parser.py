"""From tokens to a tree: a Pratt parser, so that precedence is one table.

Called by `check` and `template`; the tree goes to `inference`. Source: the CEL language definition, "Grammar".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attune_core.expressions.finding import Code, NotAnExpression, refuse
from attune_core.expressions.syntax import nodes
from attune_core.expressions.syntax.lexer import Token
from attune_core.expressions.syntax.string_literals import bytes_value, string_value
from attune_core.values import INT64_MAX, INT64_MIN

#: Brackets, unary operators and `?:` inside each other; CEL asks for at least 12.
MAX_NESTING = 50
#: The longest way from the top to a leaf, chains of operators included (CEL asks for 24): bounds recursion of everything after the parser.
MAX_HEIGHT = 100

_CONDITIONAL, _OR, _AND, _RELATION, _SUM, _PRODUCT, _UNARY, _MEMBER = range(1, 9)
_POWER: Mapping[str, int] = {
    "?": _CONDITIONAL,
    "||": _OR,
    "&&": _AND,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), _RELATION),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%"), _PRODUCT),
    **dict.fromkeys((".", "["), _MEMBER),
}
_CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
#: The macros that bind a variable, and the numbers of arguments with which they do.
MACROS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("all", "exists", "exists_one", "filter", "optMap", "optFlatMap"), (2,)),
    "map": (2, 3),
}
_OPTIONALS = frozenset({"optional.of", "optional.ofNonZeroValue", "optional.none"})
_RESERVED = frozenset(
    "as break const continue else for function if import let loop package namespace return var void while".split()  # noqa: SIM905 - reads as the list in CEL's grammar
)
_WORDS = {"and": "&&", "or": "||", "not": "!", "is": "==", "True": "true", "False": "false", "None": "null"}


def parse(tokens: Sequence[Token]) -> nodes.Node:
    """Return the tree of an expression; `NotAnExpression` with the first mistake. `tokens` end with the end token."""
    return _Parser(tokens).whole()


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._next, self._nesting = tokens, 0, 0

    def whole(self) -> nodes.Node:
        if self._peek().kind == "end":
            raise refuse(Code.SYNTAX, "the expression is empty", self._tokens[0].start, self._tokens[0].end)
        node = self._expression(_CONDITIONAL)
        if self._peek().kind != "end":
            raise self._unexpected("an operator or the end")
        return node

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _at(self, sign: str) -> bool:
        token = self._peek()
        return token.text == sign and token.kind == "sign"

    def _skipped(self, sign: str) -> bool:
        """Tell whether this sign is next, and go past it."""
        found = self._at(sign)
        self._next += found
        return found

    def _expect(self, sign: str, after: Token) -> Token:
        if self._at(sign):
            return self._take()
        if self._peek().kind == "end":
            raise refuse(Code.SYNTAX, f"'{sign}' is missing for this '{after.text}'", after.start, after.end)
        raise self._unexpected(f"'{sign}'")

    def _unexpected(self, wanted: str) -> NotAnExpression:
        token = self._peek()
        if token.kind == "end":
            before = self._tokens[self._next - 1] if self._next else token
            return refuse(Code.SYNTAX, f"the expression ends where {wanted} is expected", before.start, before.end)
        message = f"'{_clipped(token.text)}' stands where {wanted} is expected"
        return refuse(Code.SYNTAX, message, token.start, token.end, self._instead(token, wanted))

    def _instead(self, token: Token, wanted: str) -> str | None:
        """Return what is written for a word of other languages, also of the one before, and for a list in round brackets."""
        words = (token.text, self._tokens[self._next - 1].text if self._next else "")
        word = next((one for one in words if one in _WORDS), None)
        if word:
            return f"write {_WORDS[word]} for '{word}'"
        return "a list is written [a, b]" if (token.text, wanted) == (",", "')'") else None

    def _expression(self, power: int) -> nodes.Node:
        """Parse everything that binds at least as tightly as `power`."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            token = self._peek()
            raise refuse(Code.TOO_LARGE, f"nested deeper than {MAX_NESTING}", token.start, token.end)
        node = self._prefix()
        while (binds := self._binds()) >= power:
            node = self._infix(node, binds)
            if node.height > MAX_HEIGHT:
                raise refuse(Code.TOO_LARGE, f"a chain or nesting of more than {MAX_HEIGHT} operations", node.start, node.end)
        self._nesting -= 1
        return node

    def _binds(self) -> int:
        token = self._peek()
        return _POWER.get(token.text, 0) if token.kind in {"sign", "name"} else 0

    def _prefix(self) -> nodes.Node:
        token = self._take()
        match token.kind:
            case "int" | "float":
                return self._number(token, "", token.start)
            case "string":
                value = bytes_value if token.text[0] in "bB" else string_value
                return nodes.Literal(token.start, token.end, 1, value(token.text, token.start))
            case "name":
                return self._word(token)
            case "sign" if token.text in {"(", "[", "{", "-", "!"}:
                return self._opening(token)
        self._next -= 1
        raise self._unexpected("a value")

    def _opening(self, token: Token) -> nodes.Node:
        match token.text:
            case "(":
                inner = self._expression(_CONDITIONAL)
                return _widened(inner, token.start, self._expect(")", token).end)
            case "[":
                items = self._sequence("]", token)
                return nodes.ListLiteral(token.start, self._take().end, _above(*items), items)
            case "{":
                return self._map(token)
            case "-" if self._peek().kind in {"int", "float"}:
                return self._number(self._take(), "-", token.start)
        operand = self._expression(_UNARY)
        return nodes.Unary(token.start, operand.end, _above(operand), token.text, operand)

    def _word(self, token: Token) -> nodes.Node:
        if token.text in _CONSTANTS:
            return nodes.Literal(token.start, token.end, 1, _CONSTANTS[token.text])
        if token.text in _RESERVED or token.text == "in":
            raise refuse(Code.SYNTAX, f"'{token.text}' is a reserved word", token.start, token.end)
        if self._at("("):
            return self._call(token, None)
        if self._at("{"):
            raise refuse(Code.NOT_SUPPORTED, "messages cannot be built", token.start, token.end, 'write a map: {"name": value}')
        return nodes.Name(token.start, token.end, 1, token.text)

    def _number(self, token: Token, sign: str, start: int) -> nodes.Literal:
        after = self._peek()
        if after.start == token.end and after.kind in {"name", "int", "float", "string", "quoted"}:
            if after.text in {"u", "U"}:
                raise refuse(Code.NOT_SUPPORTED, "unsigned integers are not supported", start, after.end, f"write {token.text}")
            raise refuse(Code.SYNTAX, f"'{_clipped(token.text + after.text)}' is not a number", start, after.end)
        if token.kind == "float":
            double = float(sign + token.text)
            if double in {float("inf"), float("-inf")}:
                raise refuse(Code.CONSTANT_FAILS, "the number is too large for a double", start, token.end)
            return nodes.Literal(start, token.end, 1, double)
        digits, base = token.text.removeprefix("0x"), 16 if token.text.startswith("0x") else 10
        #: The longest int64 has 19 digits; a text of thousands is not converted (quadratic).
        short = len(digits.lstrip("0")) <= 19
        number = int(sign + digits, base) if short else INT64_MAX + 1
        if not INT64_MIN <= number <= INT64_MAX:
            raise refuse(Code.CONSTANT_FAILS, "the number is outside the 64-bit integers", start, token.end, "write it as a double: 1e20")
        return nodes.Literal(start, token.end, 1, number)

    def _sequence(self, closing: str, opening: Token) -> tuple[nodes.Node, ...]:
        """Parse expressions between commas, up to the closing bracket, which stays; only `]` and `}` may follow a comma."""
        items: list[nodes.Node] = []
        while not self._at(closing):
            self._refuse_optional()
            items.append(self._expression(_CONDITIONAL))
            if not self._at(","):
                break
            self._take()
            if closing == ")" and self._at(")"):
                raise self._unexpected("a value")
        self._expect(closing, opening)
        self._next -= 1
        return tuple(items)

    def _refuse_optional(self) -> None:
        if self._at("?"):
            token = self._peek()
            hint = "say what it is without a value: a.orValue(...)"
            raise refuse(Code.NOT_SUPPORTED, "optional items and entries are not supported", token.start, token.end, hint)

    def _map(self, opening: Token) -> nodes.Node:
        entries: list[tuple[nodes.Node, nodes.Node]] = []
        while not self._at("}"):
            self._refuse_optional()
            key = self._expression(_CONDITIONAL)
            self._expect(":", opening)
            entries.append((key, self._expression(_CONDITIONAL)))
            if not self._at(","):
                break
            self._take()
        end = self._expect("}", opening).end
        return nodes.MapLiteral(opening.start, end, _above(*(node for entry in entries for node in entry)), tuple(entries))

    def _infix(self, left: nodes.Node, power: int) -> nodes.Node:
        token = self._take()
        if power == _MEMBER:
            return self._index(left, token) if token.text == "[" else self._member(left, token)
        if power == _CONDITIONAL:
            return self._conditional(left, token)
        if power in {_AND, _OR}:
            return self._logic(left, token, power)
        right = self._expression(power + 1)
        return nodes.Binary(left.start, right.end, _above(left, right), token.text, left, right)

    def _logic(self, left: nodes.Node, token: Token, power: int) -> nodes.Node:
        terms = [left, self._expression(power + 1)]
        while self._at(token.text):
            self._take()
            terms.append(self._expression(power + 1))
        return nodes.Logic(left.start, terms[-1].end, _above(*terms), token.text, tuple(terms))

    def _conditional(self, test: nodes.Node, question: Token) -> nodes.Node:
        dot = self._peek()
        if self._at(".") and dot.start == question.end:
            raise refuse(Code.SYNTAX, "'?.' is not an operator", question.start, dot.end, "an optional field is read with .? as in a.?b")
        yes = self._expression(_OR)
        self._expect(":", question)
        no = self._expression(_CONDITIONAL)
        return nodes.Conditional(test.start, no.end, _above(test, yes, no), test, yes, no)

    def _index(self, operand: nodes.Node, opening: Token) -> nodes.Node:
        make = nodes.OptionalIndex if self._skipped("?") else nodes.Index
        index = self._expression(_CONDITIONAL)
        end = self._expect("]", opening).end
        return make(operand.start, end, _above(operand, index), operand, index)

    def _member(self, operand: nodes.Node, dot: Token) -> nodes.Node:
        make = nodes.OptionalSelect if self._skipped("?") else nodes.Select
        token = self._peek()
        if token.kind not in {"name", "quoted"} or token.text in {"in", "true", "false", "null"}:
            if token.kind == "name":
                raise refuse(Code.SYNTAX, f"'{token.text}' is a reserved word", token.start, token.end, f'write ["{token.text}"]')
            raise self._unexpected("a field's name")
        self._take()
        if token.kind == "quoted":
            return make(operand.start, token.end, _above(operand), operand, token.text[1:-1], token.start)
        if self._at("("):
            if make is nodes.OptionalSelect:
                raise refuse(
                    Code.SYNTAX, "a method is not called with .?", dot.start, dot.end, "see optMap() for a call on an optional value"
                )
            return self._call(token, operand)
        return make(operand.start, token.end, _above(operand), operand, token.text, token.start)

    def _call(self, name: Token, target: nodes.Node | None) -> nodes.Node:
        opening = self._take()
        arguments = self._sequence(")", opening)
        end = self._take().end
        if target is None:
            if name.text == "has":
                return _has(name.start, end, arguments)
            return nodes.Call(name.start, end, _above(*arguments), name.text, name.start, None, arguments)
        if isinstance(target, nodes.Name) and f"{target.name}.{name.text}" in _OPTIONALS:
            full_name = f"{target.name}.{name.text}"
            return nodes.Call(target.start, end, _above(*arguments), full_name, target.start, None, arguments)
        height = _above(target, *arguments)
        if len(arguments) in MACROS.get(name.text, ()) and isinstance(variable := arguments[0], nodes.Name):
            return nodes.Macro(target.start, end, height, name.text, name.start, target, variable.name, arguments[1:])
        return nodes.Call(target.start, end, height, name.text, name.start, target, arguments)


def _has(start: int, end: int, arguments: tuple[nodes.Node, ...]) -> nodes.Node:
    selected = arguments[0] if len(arguments) == 1 else None
    if not isinstance(selected, nodes.Select):
        hint = 'for a key in brackets write "key" in object'
        raise refuse(Code.SYNTAX, "has() takes one field, as in has(event.data.unit)", start, end, hint)
    return nodes.Has(start, end, _above(selected), selected)


def _widened(node: nodes.Node, start: int, end: int) -> nodes.Node:
    """Give a node the place of the brackets around it, so that texts cut from the source are balanced."""
    return replace(node, start=start, end=end)


def _above(*children: nodes.Node) -> int:
    return 1 + max((child.height for child in children), default=0)


def _clipped(text: str) -> str:
    return text if len(text) <= 24 else text[:21] + "..."
