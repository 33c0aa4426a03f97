"""A text with `${{ }}` cut into its literal parts and its expressions.

Called by `template`; `$${{` stands for the three characters `${{`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from attune_core.expressions.finding import Code, Finding, NotAnExpression, finding
from attune_core.expressions.syntax.lexer import Token, tokens_until_braces
from attune_core.expressions.syntax.nodes import Node
from attune_core.expressions.syntax.parser import parse

#: Expressions in one text.
MAX_EXPRESSIONS = 100

_OPENING = re.compile(r"\$?\$\{\{")


@dataclass(frozen=True, eq=False)
class Embedded:
    """One `${{ }}`: its tree, or why there is none, and the offsets of the whole of it with its braces."""

    tree: Node | Finding
    start: int
    end: int


@lru_cache(maxsize=1024)  # a repository says `${{ event.data.unit }}` again and again; trees and findings are never changed
def parse_template(text: str) -> tuple[tuple[str | Embedded, ...], Finding | None]:
    """Return a text's parts in order, or nothing and the finding that keeps it from being cut."""
    parts: list[str | Embedded] = []
    literal, place, expressions = "", 0, 0
    while (opening := _OPENING.search(text, place)) is not None:
        literal += text[place : opening.start()]
        place = opening.end()
        if opening[0] == "$${{":
            literal += "${{"
            continue
        expressions += 1
        if expressions > MAX_EXPRESSIONS:
            message = f"more than {MAX_EXPRESSIONS} expressions in one text"
            return (), finding(Code.TOO_LARGE, message, opening.start(), opening.end())
        try:
            tokens, place = tokens_until_braces(text, opening.end())
        except NotAnExpression as mistake:
            return (), mistake.found
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(Embedded(_tree(tokens), opening.start(), place))
    literal += text[place:]
    if literal or not parts:
        parts.append(literal)
    return tuple(parts), None


def _tree(tokens: Sequence[Token]) -> Node | Finding:
    try:
        return parse(tokens)
    except NotAnExpression as mistake:
        return mistake.found
