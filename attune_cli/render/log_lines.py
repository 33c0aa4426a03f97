"""Log output: one stream byte by byte, or whole lines of one or both: filtered, under their stream's name, or as JSON.

Called by `attune execution logs` with each piece that was read. On a terminal everything is made harmless; a pipe or file gets the bytes
as they are. What was dropped is said on stderr, so that it stands in its place on a terminal and never between the bytes of a file.
"""

import base64
import codecs
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from attune_cli.log_reader import Piece
from attune_cli.render.output import note
from attune_core.safe_text import safe_json, safe_text
from attune_core.values import JsonObject

#: A longer line is shown in parts.
LONGEST_LINE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line without its end, and the offsets of its first byte and of the first one after it."""

    stream: str
    attempt: int
    offset: int
    end: int
    text: bytes


class Printer(Protocol):
    """Shows pieces of logs."""

    def show(self, piece: Piece) -> None:
        """Show a piece."""
        ...

    def finish(self) -> None:
        """Show what was held back."""
        ...


class BytesPrinter:
    """One stream, byte by byte."""

    def __init__(self, *, raw: bool) -> None:
        """`raw`: as they are on a terminal, too."""
        self._raw = raw or not sys.stdout.isatty()  # a dumb terminal is one too
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def show(self, piece: Piece) -> None:
        """Show a piece; its last character when all bytes of it are there."""
        if piece.gap:
            self.finish()
            _tell_gap(piece)
        self._write(piece.data, final=False)

    def finish(self) -> None:
        """Show what was held back."""
        self._write(b"", final=True)

    def _write(self, data: bytes, *, final: bool) -> None:
        if self._raw:
            sys.stdout.buffer.write(data)
        else:
            sys.stdout.write(_harmless(self._decoder.decode(data, final)))
        sys.stdout.flush()


class LinesPrinter:
    """Whole lines, those that match."""

    def __init__(self, matches: Callable[[bytes], bool], write: Callable[[Line], None], tell_gap: Callable[[Piece], None]) -> None:
        """Take the filter, and what writes a line and a gap."""
        self._matches, self._write_line, self._tell_gap = matches, write, tell_gap
        self._begun: dict[str, _Begun] = {}

    def show(self, piece: Piece) -> None:
        """Show the lines that end in this piece."""
        begun = self._begun.setdefault(piece.stream, _Begun())
        if piece.gap or piece.attempt != begun.attempt:
            self._write(begun.rest(piece.stream))
            begun.attempt, begun.offset = piece.attempt, piece.offset
        if piece.gap:
            self._tell_gap(piece)
        *lines, last = (bytes(begun.text) + piece.data).split(b"\n")
        begun.text.clear()
        for text in lines:
            self._write(begun.line(piece.stream, text, 1))
        begun.text += last
        if len(last) > LONGEST_LINE:
            self._write(begun.rest(piece.stream))
        sys.stdout.flush()

    def finish(self) -> None:
        """Show lines that never ended."""
        for stream, begun in self._begun.items():
            self._write(begun.rest(stream))
        sys.stdout.flush()

    def _write(self, line: Line | None) -> None:
        if line is not None and self._matches(line.text):
            self._write_line(line)


@dataclass
class _Begun:
    """A line of a stream that has not ended yet."""

    attempt: int = -1
    offset: int = 0
    text: bytearray = field(default_factory=bytearray)

    def line(self, stream: str, text: bytes, ending: int) -> Line:
        begin, self.offset = self.offset, self.offset + len(text) + ending
        return Line(stream=stream, attempt=self.attempt, offset=begin, end=self.offset, text=text)

    def rest(self, stream: str) -> Line | None:
        text = bytes(self.text)
        self.text.clear()
        return self.line(stream, text, 0) if text else None


def write_log(data: bytes, out: TextIO) -> None:
    """Write a whole log: as text on a terminal, else as it is."""
    if out.isatty():
        out.write(_harmless(data.decode("utf-8", "backslashreplace")))
    else:
        out.buffer.write(data)
    out.flush()


def lines_as_text(matches: Callable[[bytes], bool], *, raw: bool, named: bool) -> LinesPrinter:
    """Return what prints lines for people, with their stream's name if there are two."""
    as_is = raw or not sys.stdout.isatty()

    def write(line: Line) -> None:
        name = f"{line.stream} | " if named else ""
        if as_is:
            sys.stdout.buffer.write(name.encode() + line.text + b"\n")
        else:
            sys.stdout.write(name + _harmless(line.text.decode("utf-8", "backslashreplace")) + "\n")

    return LinesPrinter(matches, write, _tell_gap)


def lines_as_json(matches: Callable[[bytes], bool]) -> LinesPrinter:
    """Return what prints an object for each line and gap; bytes that are no UTF-8 as base64."""

    def write(line: Line) -> None:
        place: JsonObject = {"stream": line.stream, "attempt": line.attempt, "offset": line.offset, "end": line.end}
        try:
            write_json_line(place | {"text": line.text.decode()})
        except UnicodeDecodeError:
            write_json_line(place | {"base64": base64.b64encode(line.text).decode()})

    def tell(piece: Piece) -> None:
        begin = piece.offset - piece.gap
        write_json_line({"stream": piece.stream, "attempt": piece.attempt, "offset": begin, "end": piece.offset, "dropped": piece.gap})

    return LinesPrinter(matches, write, tell)


def write_json_line(content: JsonObject) -> None:
    """Print one object on a line of its own."""
    sys.stdout.write(safe_json(json.dumps(content, ensure_ascii=True)) + "\n")


def _tell_gap(piece: Piece) -> None:
    sys.stdout.flush()
    note(f"… {piece.gap:,} bytes of {piece.stream} dropped …")


def _harmless(text: str) -> str:
    return safe_text(text, limit=len(text), keep_newlines=True)
