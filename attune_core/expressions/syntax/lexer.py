"""From text to tokens, for a whole expression or for one inside `${{ }}`.

Called by `check` and `template`; the tokens go to `parser`. Source: the CEL language definition, "Syntax".
"""

import re
from typing import NamedTuple

from attune_core.expressions.finding import Code, NotAnExpression, refuse

#: Longest expression, in characters.
MAX_SOURCE = 8192

_TOKEN = re.compile(
    r"""
      (?P<space>   [ \t\n\f\r]+ | //[^\n]* )
    | (?P<float>   (?: [0-9]*\.[0-9]+ (?:[eE][+-]?[0-9]+)? ) | [0-9]+[eE][+-]?[0-9]+ )
    | (?P<int>     0x[0-9a-fA-F]+ | [0-9]+ )
    | (?P<string>  [bB]?[rR]\"{3} [\s\S]*? \"{3} | [bB]?[rR]'{3} [\s\S]*? '{3}
                 | [bB]?[rR]\"(?!\"\") [^\"\n\r]* \" | [bB]?[rR]'(?!'') [^'\n\r]* '
                 | [bB]?\"{3} (?: [^\"\\] | \\[\s\S] | \"(?!\"\") )* \"{3} | [bB]?'{3} (?: [^'\\] | \\[\s\S] | '(?!'') )* '{3}
                 | [bB]?\"(?!\"\") (?: [^\"\\\n\r] | \\. )* \" | [bB]?'(?!'') (?: [^'\\\n\r] | \\. )* ' )
    | (?P<name>    [_a-zA-Z][_a-zA-Z0-9]* )
    | (?P<quoted>  `[^`\n\r]*` )
    | (?P<sign>    && | \|\| | [<>=!]= | [-+*/%<>!?:.,()\[\]{}] )
    """,
    re.VERBOSE,
)
_FORBIDDEN = re.compile("[\0\ud800-\udfff]")
_OPENING = re.compile("[bB]?[rR]?([\"'])")
_INSTEAD = {"=": "write == to compare", "&": "write && for 'and'", "|": "write || for 'or'", "`": "close the field's name with `"}


class Token(NamedTuple):
    """One token. `kind` is float, int, string, name, quoted, sign or end."""

    kind: str
    text: str
    start: int
    end: int


def tokens_of(source: str) -> list[Token]:
    """Return the tokens of a whole text; `NotAnExpression` at the first place that is none."""
    if len(source) > MAX_SOURCE:
        raise refuse(Code.TOO_LARGE, f"the expression has {len(source)} characters, more than {MAX_SOURCE}", 0, len(source))
    tokens, _ = _scan(source, 0, embedded=False)
    return tokens


def tokens_until_braces(text: str, start: int) -> tuple[list[Token], int]:
    """Return the tokens from `start` to the `}}` that closes the `${{` before it, and the offset after that `}}`.

    Braces inside strings and map literals do not close it.
    """
    return _scan(text, start, embedded=True)


def _scan(text: str, start: int, *, embedded: bool) -> tuple[list[Token], int]:
    found: list[Token] = []
    place, limit, depth = start, min(len(text), start + MAX_SOURCE), 0
    while place < limit:
        match = _TOKEN.match(text, place, limit)
        if match is None:
            raise _no_token(text, place, limit)
        kind, word = str(match.lastgroup), match[0]
        if embedded and kind == "sign" and word in "{}":
            depth += 1 if word == "{" else -1
            if depth < 0:
                if not text.startswith("}}", place):
                    raise refuse(Code.SYNTAX, "unexpected '}'", place, place + 1, "an expression in a text ends with }}")
                found.append(Token("end", "", place, place))
                return found, place + 2
        if kind != "space":
            _refuse_token(kind, word, place)
            found.append(Token(kind, word, place, match.end()))
        place = match.end()
    if embedded:
        raise _unclosed(text, start, limit)
    found.append(Token("end", "", place, place))
    return found, place


def _refuse_token(kind: str, word: str, place: int) -> None:
    """Refuse the characters that no text of Attune holds."""
    if kind in {"string", "quoted", "space"} and (bad := _FORBIDDEN.search(word)):
        raise refuse(Code.SYNTAX, f"the character U+{ord(bad[0]):04X} cannot stand in a string", place + bad.start(), place + bad.end())


def _unclosed(text: str, start: int, limit: int) -> NotAnExpression:
    if limit < len(text):
        return refuse(Code.TOO_LARGE, f"the expression has more than {MAX_SOURCE} characters, or its }}}} is missing", start - 3, limit)
    return refuse(Code.UNCLOSED, "this ${{ has no matching }}", start - 3, start, "write $${{ for the three characters themselves")


def _no_token(text: str, place: int, limit: int) -> NotAnExpression:
    if _OPENING.match(text, place, limit):
        return refuse(Code.SYNTAX, "this string is not closed", place, limit, "end it with the same quotes it starts with")
    char = text[place]
    shown = f"'{char}'" if char.isprintable() else f"U+{ord(char):04X}"
    hint = 'write text.matches("pattern")' if "~" in text[place : place + 2] else _INSTEAD.get(char)
    return refuse(Code.SYNTAX, f"unexpected character {shown}", place, place + 1, hint)
