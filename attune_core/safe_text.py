"""The one door from untrusted text to a terminal or a log line: control, escape and bidi characters become visible escapes.

Called by attune_cli.render, error messages and the programs' own logs (kubectl CVE-2021-25743 is what happens without it).
"""

import re

#: What CI systems take for a command wherever it stands in a line of a log: `##[error]`, `##vso[task...]`, `##teamcity[...]`.
_COMMAND = re.compile(r"(##[A-Za-z]*)\[")
#: C0 and C1 controls, DEL, line and paragraph separators, zero-width and bidi controls, tags, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def safe_text(text: str | bytes, *, limit: int = 65_536, keep_newlines: bool = False) -> str:
    """Return a text that is only text: at most `limit` characters, one line unless newlines are kept; bytes are read as UTF-8."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "backslashreplace")
    if len(text) > limit:
        text = text[:limit] + "…"
    text = _UNSAFE.sub(lambda found: _visible(found[0], keep_newlines=keep_newlines), text)
    return _COMMAND.sub(r"\1\\x5b", text) if "##" in text else text


def safe_json(text: str) -> str:
    """Return JSON that means the same, in which a terminal finds nothing but text, and a CI system that prints it no command."""
    return _COMMAND.sub(r"\1\\u005b", _UNSAFE.sub(_escaped, text))


def _escaped(found: "re.Match[str]") -> str:
    """Return a character as JSON writes it in a text; between texts there are only ends of lines."""
    if found[0] == "\n":
        return "\n"
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _visible(char: str, *, keep_newlines: bool) -> str:
    if keep_newlines and char in "\n\t":
        return char
    number = ord(char)
    if number < 0x100:
        return {9: "\\t", 10: "\\n", 13: "\\r"}.get(number, f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
