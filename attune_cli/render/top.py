"""`attune top` on the screen: the overview as a screen of constant height, and as lines for pipes."""

import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.live import Live
from rich.text import Text

from attune_cli.client import Client
from attune_cli.looking import looks
from attune_cli.render.colours import STYLES, has_colours
from attune_cli.render.log_lines import write_json_line
from attune_cli.render.output import note, show_line
from attune_core.moments import parse_rfc3339
from attune_core.safe_text import safe_text
from attune_core.wire.overview import OverviewView

#: Seconds between two looks: on a screen, and in lines.
SCREEN, LINES = 0.5, 2.0
_BARS = " ▁▂▃▄▅▆▇█"
_NEVER = threading.Event()


def write_lines(client: Client, *, count: int, json: bool) -> None:
    """Write a line at each look."""
    for number, seen in enumerate(looks(client), 1):
        if isinstance(seen, str):
            note(seen)
        elif json:
            write_json_line(seen.model_dump(mode="json"))
        else:
            show_line(_line(seen))
        sys.stdout.flush()
        if number == count:
            return
        _NEVER.wait(LINES)


def draw(client: Client, *, count: int) -> None:
    """Draw until q or Ctrl-C."""
    console = Console(no_color=not has_colours(), highlight=False, markup=False, emoji=False)
    began, number = time.monotonic(), 0
    seen: OverviewView | str = ""
    shown: OverviewView | None = None
    with suppress(KeyboardInterrupt), _keys() as key_within, Live(console=console, screen=True, auto_refresh=False) as live:
        for number, seen in enumerate(looks(client), 1):
            shown = seen if isinstance(seen, OverviewView) else shown
            if shown is not None:
                live.update(_screen(shown, seen if isinstance(seen, str) else "", console.width, console.height), refresh=True)
            if number == count or key_within(SCREEN) in ("q", "Q", "\x03"):
                break
    if shown is not None:
        show_line(f"{number} looks in {time.monotonic() - began:.0f} s; {_line(shown)}")


@contextmanager
def _keys() -> Iterator["_Keys"]:
    """Let keys come without Enter and unseen, as long as stdin is a terminal."""
    if not sys.stdin.isatty():
        yield _Keys(None)
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield _Keys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class _Keys:
    """Waits for a key."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def __call__(self, seconds: float) -> str:
        if self._descriptor is None:
            _NEVER.wait(seconds)
            return ""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        return os.read(self._descriptor, 1).decode(errors="replace") if ready else ""


def _line(seen: OverviewView) -> str:
    ends = {outcome: sum(series[-6:]) for outcome, series in seen.outcomes.items()}
    ended = ", ".join(f"{count} {outcome}" for outcome, count in ends.items() if count) or "none ended"
    connected = sum(agent.state == "connected" for agent in seen.agents)
    return (
        f"{seen.now[11:19]}  {seen.events_per_second:.1f} events/s  {seen.running} running  {seen.unsettled} unsettled  "
        f"in a minute: {ended}  agents {connected}/{len(seen.agents) + seen.more_agents}"
    )


def _screen(seen: OverviewView, trouble: str, width: int, height: int) -> Text:
    """Return exactly as many lines as the terminal has."""
    free = height - 8
    some = max(free // 3, 1)
    lines = [
        _styled(f"attune {seen.version}  {seen.sync.branch} {seen.sync.active_revision[:8]}  {seen.now[11:19]}", "bold"),
        _trouble(seen, trouble),
        Text(f"events     {seen.events_per_second:7.1f}/s  {_spark(seen.events, width - 22)}"),
        _outcomes(seen),
        Text(f"executions {seen.running} running, {seen.unsettled} unsettled; {seen.events_waiting} events wait"),
        *_block("queues", [_queue(seen, number) for number in range(len(seen.queues))], seen.more_queues, some),
        *_block("agents", [_agent(seen, number) for number in range(len(seen.agents))], seen.more_agents, some),
        *_block("failures", [_failure(seen, number) for number in range(len(seen.failures))], 0, max(free - 2 * some, 1)),
    ]
    lines = lines[: height - 1]
    lines += [Text("")] * (height - 1 - len(lines))
    lines.append(_styled("q ends", "dim"))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(lines)


def _block(name: str, rows: list[Text], more: int, room: int) -> list[Text]:
    """Return a heading and `room` lines."""
    hidden = max(len(rows) - room, 0) + more
    head = _styled(f"{name}{f' (and {hidden} more)' if hidden else ''}", "bold")
    shown = rows[:room] or [_styled("  none", "dim")]
    return [head, *shown, *[Text("")] * (room - len(shown))]


def _queue(seen: OverviewView, number: int) -> Text:
    one = seen.queues[number]
    depth = one.waiting + one.in_hand + one.running + one.returning
    key = "" if one.key == "null" else f" {one.key}"
    state = "  paused" if one.paused else f"  {one.waiting_for}" if one.waiting_for else ""
    return Text(safe_text(f"  {depth:5} {_age(seen.now, one.oldest_at):>5}  {one.action}{key} at {one.place}{state}"))


def _agent(seen: OverviewView, number: int) -> Text:
    one = seen.agents[number]
    labels = ",".join(f"{name}={value}" for name, value in one.labels.items())
    marks = " ".join(mark.kind for mark in one.marks)
    text = Text(safe_text(f"  {one.name}  {one.busy}/{one.slots}  {one.waiting} wait  "))
    return text.append_text(_styled(one.state, STYLES.get(one.state, ""))).append(safe_text(f"  {labels}  {marks}".rstrip()))


def _failure(seen: OverviewView, number: int) -> Text:
    one = seen.failures[number]
    outcome = one.outcome.value if one.outcome else ""
    text = Text(f"  {one.number:6} {_age(seen.now, one.settled_at):>5}  ").append_text(_styled(outcome, STYLES.get(outcome, "")))
    return text.append(safe_text(f"  {one.action}{f' on {one.agent}' if one.agent else ''}  {one.reason.value if one.reason else ''}"))


def _outcomes(seen: OverviewView) -> Text:
    text = Text("last minute")
    for outcome, series in seen.outcomes.items():
        if count := sum(series[-6:]):
            text.append("  ").append_text(_styled(f"{count} {outcome}", STYLES.get(outcome, "")))
    return text


def _trouble(seen: OverviewView, trouble: str) -> Text:
    sync = f"{seen.sync.code} {seen.sync.message}" if seen.sync.code else ""
    words = "; ".join(filter(None, [trouble, *seen.alarms, sync]))
    return _styled(words, "red") if words else _styled("in order", "green")


def _spark(series: list[int], width: int) -> str:
    shown = series[-max(width, 1) :]
    most = max(shown, default=0) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in shown)


def _age(now: str, then: str) -> str:
    if not then:
        return ""
    seconds = max(parse_rfc3339(now) - parse_rfc3339(then), 0.0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def _styled(text: str, style: str) -> Text:
    return Text(safe_text(text), style=style)
