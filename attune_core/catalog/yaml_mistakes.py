"""What the YAML parser's refusals mean to somebody who wrote a rule: its message, its place and what to write instead.

Called by `documents` with the parser's own error; the texts on the left are libyaml's.
"""

import re
from typing import Protocol, runtime_checkable

from attune_core.catalog.source_text import span_at
from attune_core.problems import Problem, Severity


class _Mark(Protocol):
    line: int
    column: int
    index: int


@runtime_checkable
class _Marked(Protocol):
    """PyYAML's MarkedYAMLError, which every scanner and parser error is."""

    problem: str | None
    problem_mark: _Mark | None
    context_mark: _Mark | None


#: libyaml's text -> (ours, what to do).
_MEANINGS = {
    "mapping values are not allowed in this context": ("`: ` stands inside an unquoted text", "quote the text"),
    "found unexpected end of stream": ("a quote or bracket is not closed before the file ends", "close it"),
    "could not find expected ':'": ("a line without `:` stands where keys are", "write `key: value`, or quote the text"),
    "did not find expected key": (
        "this line does not fit the lines above it",
        "indent it like its neighbours; quote texts that hold quotes",
    ),
    "did not find expected <document start>": ("text follows where the document has ended", "quote the whole value, or indent the line"),
    "did not find expected ',' or '}'": ("a comma or } is missing", "inside { } quote expressions and texts"),
    "did not find expected ',' or ']'": ("a comma or ] is missing", "inside [ ] quote expressions and texts"),
    "did not find expected '-' indicator": ("a list item does not start with `-`", "indent it like its neighbours"),
    "block sequence entries are not allowed in this context": ("a list cannot start here", "start it on its own line, below the key"),
    "did not find expected alphabetic or numeric character": ("`*` or `&` starts an unquoted text", "quote the text"),
    "found unknown escape character": (
        "a backslash in double quotes starts an unknown escape",
        "use single quotes, or double the backslash",
    ),
    "found character that cannot start any token": ("this character cannot start an unquoted text", "quote the text"),
}
_EXPRESSION = re.compile(r"\$\{\{|&&|\|\||==|!=|\s\?\s|\b(?:when|key)\s*:")


def explain(error: Exception, path: str, text: str) -> Problem:
    """Return the parser's error as a Problem."""
    if not isinstance(error, _Marked) or error.problem_mark is None:
        return _problem("ATT106", f"not YAML: {str(error).splitlines()[0][:200]}", path=path, text=text, index=0, hint=None)
    libyaml, index = error.problem or "", error.problem_mark.index
    lines = [_line(text, index)]
    if error.context_mark is not None:
        lines.append(_line(text, error.context_mark.index))
    if "tab character" in libyaml or (libyaml.startswith("found character") and text.startswith("\t", index)):
        return _problem("ATT114", "a tab stands where YAML takes only spaces", path=path, text=text, index=index, hint="indent with spaces")
    said, hint = _MEANINGS.get(libyaml, (f"not YAML: {libyaml[:200]}", None))
    if any(_EXPRESSION.search(line) for line in lines):
        hint = "quote the expression: put it between single quotes"
        return _problem("ATT115", f"{said}, so this is not one value", path=path, text=text, index=index, hint=hint)
    return _problem("ATT106", said, path=path, text=text, index=index, hint=hint)


def _line(text: str, index: int) -> str:
    start = text.rfind("\n", 0, index) + 1
    stop = text.find("\n", index)
    return text[start : stop if stop >= 0 else len(text)]


def _problem(code: str, message: str, *, path: str, text: str, index: int, hint: str | None) -> Problem:
    return Problem(code=code, severity=Severity.ERROR, message=message, path=path, span=span_at(text, index), hint=hint)
