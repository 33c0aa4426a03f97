"""The frame around every screen: who is asked and whether they answer, the tabs, a banner when they do not, and the keys that work here.

Called by each screen with its body, which is told how much room it has.
"""

from collections.abc import Callable, Sequence
from textwrap import wrap

from rich.cells import cell_len

from attune_cli.dashboard.keys import HELP, PALETTE, QUIT, TABS, Key
from attune_cli.dashboard.model import Picture
from attune_cli.dashboard.spans import Line, Span, Tone, apart, filled, fitted, line, width_of
from attune_cli.dashboard.words import age, span_of

#: Less is too little to be read.
LEAST_WIDTH, LEAST_HEIGHT = 60, 16
Body = Callable[[int, int], Sequence[Line]]


def framed(picture: Picture, body: Body, *, tab: str, title: str, keys: Sequence[Key], size: tuple[int, int], now: float) -> list[Line]:
    """Return exactly as many lines as there are, each exactly as wide."""
    width, height = size
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return _too_small(width, height)
    top = [_header(picture, now, width), _tabs(tab, width), *_banner(picture, now, width), _rule(title, width)]
    room = height - len(top) - 1
    content = [filled(one, width) for one in body(width, room)][:room]
    if picture.stale:
        content = [tuple(Span(span.text, _aged(span.tone)) for span in one) for one in content]
    content += [filled((), width)] * (room - len(content))
    return [*top, *content, _footer(picture, keys, now, width)]


def _header(picture: Picture, now: float, width: int) -> Line:
    overview = picture.overview
    left = (Span(" attune ", Tone.STRONG), Span(picture.url, Tone.QUIET))
    if picture.lost:
        right: Line = (Span("✗ no connection ", Tone.BAD),)
    elif overview is None:
        right = (Span("○ asking ", Tone.BUSY),)
    else:
        up = f"up {age(overview.started_at, now)}  " if width >= 80 else ""
        right = (Span(f"{overview.version}  {up}", Tone.QUIET), Span("● live ", Tone.GOOD))
    if picture.readonly:
        right = (Span("read only  ", Tone.ODD), *right)
    return apart(left, right, width)


def _tabs(tab: str, width: int) -> Line:
    found: list[Span] = [Span(" ")]
    for digit, word in TABS:
        found += [Span(f"{digit} {word}", Tone.STRONG if word == tab else Tone.QUIET), Span("  ")]
    return filled(tuple(found), width)


def _rule(title: str, width: int) -> Line:
    name = (Span("─ ", Tone.QUIET), fitted(Span(title, Tone.STRONG), min(cell_len(title), width - 4)), Span(" ")) if title else ()
    return (*name, Span("─" * (width - width_of(name)), Tone.QUIET))


def _banner(picture: Picture, now: float, width: int) -> list[Line]:
    if picture.lost is None:
        return []
    shown = f"; what is shown is {span_of(now - picture.read_at)} old" if picture.read_at else ""
    text = f"no connection for {span_of(now - picture.lost.since)}{shown}: {picture.lost.cause}"
    lines = [*wrap(text, width - 2)[:2], *wrap(f"what to do: {picture.lost.remedy}", width - 2)[:2]]
    return [(fitted(Span(f" {one}", Tone.ALARM), width),) for one in lines]


def _footer(picture: Picture, keys: Sequence[Key], now: float, width: int) -> Line:
    if picture.notice and now < picture.notice_until:
        mark, tone = ("✓", Tone.GOOD) if picture.notice_good else ("✗", Tone.BAD)
        return (fitted(Span(f" {mark} {picture.notice}", tone), width),)
    always = _told([key for key in keys if key in (PALETTE, HELP, QUIT)], width)
    here = _told([key for key in keys if key not in (PALETTE, HELP, QUIT)], width - width_of(always) - 2)
    return apart((Span(" "), *here), always, width)


def _told(keys: Sequence[Key], room: int) -> Line:
    """Return as many keys as have room, each with its word."""
    found: list[Span] = []
    for key in keys:
        need = len(key.shown) + len(key.word) + 3
        if key.word and need <= room:
            found += [Span(key.shown, Tone.STRONG), Span(f" {key.word}  ", Tone.QUIET)]
            room -= need
    return tuple(found)


def _aged(tone: Tone) -> Tone:
    return tone if tone is Tone.CHOSEN else Tone.QUIET


def _too_small(width: int, height: int) -> list[Line]:
    text = (
        f"The dashboard needs a window of {LEAST_WIDTH} columns and {LEAST_HEIGHT} lines, "
        f"better 80 and 24; this one has {width} and {height}. "
        "Make it larger, or leave with q and try: attune top"
    )
    lines = [filled(line(one), width) for one in wrap(text, max(width, 1))]
    return [*lines, *[filled((), width)] * height][:height]
