"""When a timer of a working copy is due, decided on this machine; used by `attune timer next`."""

import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from attune_cli.errors import BadArgument
from attune_cli.loading import load_or_show
from attune_cli.pack_repository import repository_root
from attune_cli.render.output import show_json, show_line, show_table
from attune_core.catalog.catalog import Timer
from attune_core.expressions.suggestion import suggestion
from attune_core.moments import parse_rfc3339
from attune_core.ports import rfc3339
from attune_core.timers.ticking import fires_at, shown
from attune_core.timers.wall_clock import LAST
from attune_core.timers.words import on_the_wall
from attune_core.values import JsonValue


def show_times(path: Path, ref: str, count: int, since: str | None, *, json: bool) -> int:
    """Show the next times; return 1 if the repository has an error."""
    begin = _moment(since)
    loaded = load_or_show(repository_root(path), json=json)
    if loaded.catalog is None:
        return 1
    timer = loaded.catalog.timers.get(ref)
    if timer is None:
        raise BadArgument(f"there is no timer {ref!r}", hint=suggestion(ref, loaded.catalog.timers))
    found = list(islice(timer.schedule.between(begin, LAST), count))
    if json:
        show_json(_report(timer, found))
        return 0
    zone = timer.document.zone or ""
    rows = [(shown(due), on_the_wall(timer, due), _tick(timer, due)) for due in found]
    show_table(("due", f"in {zone}" if zone else "", "ticks at" if timer.jitter else ""), rows, empty=f"{ref} is not due any more")
    if found and len(found) < count:
        show_line("and then no more")
    return 0


def _moment(text: str | None) -> int:
    if text is None:
        return int(time.time())
    try:
        return int(parse_rfc3339(text))
    except ValueError as error:
        raise BadArgument(f"--from {text!r} is no moment with its zone", hint="write one such as 2026-03-28T00:00:00Z") from error


def _tick(timer: Timer, due: int) -> str:
    return datetime.fromtimestamp(fires_at(timer, due), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if timer.jitter else ""


def _report(timer: Timer, found: list[int]) -> JsonValue:
    return [{"due": shown(due), "ticks_at": rfc3339(fires_at(timer, due)), "local": on_the_wall(timer, due)} for due in found]
