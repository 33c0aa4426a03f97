"""Text that wants more than to be read, in every field of a document, and what a terminal shows of it; used by tests of terminal safety."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
import types
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from io import StringIO, TextIOWrapper
from typing import Annotated, Literal, TypeVar, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from attune_cli.main import main

Model = TypeVar("Model", bound=BaseModel)

#: One of each that has harmed somebody: colours, a title, a link, the clipboard, 8-bit controls, a bell, directions, nothing to see, rich's
#: and a CI system's commands, lines and tabs, wide and combining characters. None of it is what we ourselves send to a terminal.
EVIL = (
    "H!\x1b[7;35mred\x1b[0m\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\x1b]52;c;cm0gLXJmIC8=\x07"
    "\x9b31m\x9d0;c1\x9c\x00\x08\x08\x7f\r\n\x0b\x0c\tnext \u202eesrever\u202c \u2066\u2069\u200f\u061c\u200b\u2060\ufeff\u00ad "
    "[bold]loud[/bold] [/nope] [link=file:///etc]x[/link] ##[error]bad ::error::bad 🟥 網路 e\u0301\u0301 \U000e0041\u2028\u2029"
)
#: What may not reach a terminal: everything but text, once our own colours and ends of lines are taken out.
_OURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33|34|36|1;31|1;33|1;36)m")
_HARM = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def harm_in(shown: str) -> list[str]:
    """Return what of a captured screen is more than text, with what stands before it."""
    text = _OURS.sub("", shown.replace("\r\n", "\n"))
    return [repr(text[max(0, found.start() - 30) : found.end() + 10]) for found in _HARM.finditer(text)]


def filled(kind: type[Model], **given: object) -> Model:
    """Return a document whose every text is hostile; nothing is checked, as if the other side had never heard of a limit."""
    values = {name: _value(field.annotation, name) for name, field in kind.model_fields.items()}
    return kind.model_construct(None, **{**values, **given})


def _value(annotation: object, name: str) -> object:  # noqa: PLR0911 - a case for each shape of a type
    if isinstance(annotation, TypeAliasType):
        return {"key": EVIL, EVIL: [EVIL, {EVIL: EVIL}]}  # JsonValue
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(inner[0], name)
    if origin is Literal:
        return inner[0]
    if origin in (Union, types.UnionType):
        return _value(next(one for one in inner if one is not type(None)), name)
    if origin in (list, tuple, Sequence) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return [_value(inner[0], name)] * 2
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {EVIL: _value(inner[1], name), "plain": _value(inner[1], name)}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return filled(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if annotation is str:
        return (
            "2026-11-27T02:00:00.000000Z"
            if name.endswith("_at") or name in ("now", "due", "time", "since", "opened", "last_due", "next_due", "until")
            else EVIL
        )
    plain: dict[object, object] = {bool: True, int: 7, float: 7.0, datetime: datetime.fromtimestamp(0, tz=UTC)}
    return plain.get(annotation, EVIL)


class Shown:
    """What a command of this process showed: on a terminal stdout, beside it stderr, and how it ended."""

    def __init__(self, screen: str, beside: str, code: int) -> None:
        self.screen, self.beside, self.code = screen, beside, code

    @property
    def harm(self) -> list[str]:
        """What of both is more than text."""
        return harm_in(self.screen) + harm_in(self.beside)


def on_terminal(*words: str, columns: int = 80, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Run one command here, its stdout on a terminal; stderr is none, so that there are no bars."""
    with monkeypatch.context() as patch:
        out, err = _Terminal(columns), StringIO()
        patch.setattr(sys, "stdout", out.stream)
        patch.setattr(sys, "stderr", err)
        patch.setenv("TERM", "xterm")
        try:
            main(words)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        finally:
            screen, beside = out.close(), err.getvalue()
    return Shown(screen, beside, code)


class _Terminal:
    """A terminal that remembers everything."""

    def __init__(self, columns: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = TextIOWrapper(open(slave, "wb", buffering=0), encoding="utf-8", write_through=True)  # noqa: PTH123, SIM115 - a descriptor
        self._seen = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self._master, 65_536):
                self._seen += piece
        except OSError:  # the other end is closed
            return

    def close(self) -> str:
        self.stream.close()
        self._reader.join(10)
        os.close(self._master)
        return self._seen.decode("utf-8", "backslashreplace")
