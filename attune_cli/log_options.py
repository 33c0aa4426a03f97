"""What the options of `attune execution logs` mean: which streams, which part of them, and how it is printed.

Called by that command and `attune sensor logs`; `log_reader` reads the part, `render.log_lines` prints it.
"""

from collections.abc import Callable
from math import ceil

from attune_cli.errors import BadArgument
from attune_cli.log_reader import Part
from attune_cli.render.log_lines import BytesPrinter, Printer, lines_as_json, lines_as_text
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.regex import compiled
from attune_core.moments import parse_rfc3339
from attune_core.quantities import parse_duration

STREAMS = {"stdout": ("stdout",), "stderr": ("stderr",), "build": ("build",), "both": ("stdout", "stderr")}


def streams_of(name: str) -> tuple[str, ...]:
    """Return the streams that are meant; `BadArgument`."""
    if name not in STREAMS:
        raise BadArgument(f"there is no stream {name!r}", hint=f"--stream takes {', '.join(STREAMS)}")
    return STREAMS[name]


def log_part(*, attempt: int, offset: int, tail: int | None, since: str | None) -> Part:
    """Return the part that is wanted; a duration counts by the clock of the host where the log is. `BadArgument`."""
    if since is None:
        return Part(attempt=attempt, offset=offset, tail=tail)
    try:
        return Part(attempt=attempt, offset=offset, tail=tail, ago=max(1, ceil(parse_duration(since))))
    except ValueError:
        pass
    try:
        parse_rfc3339(since)
    except ValueError as error:
        raise BadArgument(f"--since: {since!r} is no time", hint="write 30s, 10m, 1h30m, or a time such as 2026-10-01T12:00:00Z") from error
    return Part(attempt=attempt, offset=offset, tail=tail, since=since)


def log_printer(stream: str, grep: str | None, *, raw: bool, json: bool) -> Printer:
    """Return what prints it; `BadArgument` for a pattern that is none."""
    named = len(streams_of(stream)) > 1
    if json:
        return lines_as_json(_filter(grep))
    if named or grep is not None:
        return lines_as_text(_filter(grep), raw=raw, named=named)
    return BytesPrinter(raw=raw)


def _filter(grep: str | None) -> Callable[[bytes], bool]:
    if grep is None:
        return lambda _line: True
    try:
        pattern = compiled(grep)
    except ExpressionFailed as error:
        raise BadArgument(f"--grep: {error}", hint="patterns are RE2's: no look-around, no back-references") from error
    return lambda line: pattern.search(line) is not None
