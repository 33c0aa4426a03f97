"""A plan as one comment on a pull request: a hidden line by which a program finds it again, a summary, and the rest folded.

Called by `attune plan --format markdown`; everything from events and the repository becomes character references, so it stays text.
"""

import sys
from collections.abc import Iterator, Sequence

from attune_cli.comparing import Compared
from attune_cli.render import plan_words as words
from attune_cli.render.markdown import markdown_text
from attune_core.effects.forecast import Counts, Forecast, Group, Turn
from attune_core.rules.recorded import RecordedEvent

#: The first line of the comment.
MARKER = "<!-- attune plan -->"
#: Characters of a whole comment: less than the 65,536 that forges take.
LIMIT = 60_000


def write_plan_markdown(compared: Compared) -> None:
    """Print the comment."""
    sys.stdout.write(plan_markdown(compared))


def plan_markdown(compared: Compared) -> str:
    """Return the comment; groups that have no room any more are counted."""
    forecast = compared.forecast
    events = f"{words.counted(forecast.events, 'event')} from {compared.source}{words.span_of(forecast)}"
    text = (
        f"{MARKER}\n### Attune plan: {markdown_text(words.summary(compared))}\n\n"
        f"{_code(compared.base.text())} → {_code(compared.head.text())}, {_code(events)}\n"
        + (f"\n{markdown_text(unseen)}\n" if (unseen := words.unseen(forecast)) else "")
    )
    blocks = [*_shifts(forecast), *(_group(forecast, group) for group in forecast.groups()), *(_turn(turn) for turn in forecast.turns())]
    for number, block in enumerate(blocks):
        if len(text) + len(block) > LIMIT:
            return f"{text}\n{words.counted(len(blocks) - number, 'more part')} of this plan: see the output of the job.\n"
        text += f"\n{block}"
    return text


def _group(forecast: Forecast, group: Group) -> str:
    head = f"{markdown_text(words.title(group))}: {markdown_text(words.headline(forecast, group))}"
    lines = [*_why(words.why(group))]
    for example in group.examples:
        lines += _example(example.event, words.effect_lines(example.effect))
    return _folded(head, lines)


def _turn(turn: Turn) -> str:
    lines = [*_why(words.tallied(turn.reasons))]
    for event in turn.examples:
        lines += _example(event, ())
    return _folded(markdown_text(words.turn_line(turn)), lines)


def _folded(head: str, lines: Sequence[str]) -> str:
    """Return a part that is shown on demand; the list needs an empty line around it to be one."""
    return f"<details><summary>{head}</summary>\n\n" + "".join(f"{line}\n" for line in lines) + "\n</details>\n"


def _why(rows: Sequence[tuple[str, int]]) -> Iterator[str]:
    for text, count in rows:
        yield f"- {count:,}: {_code(text)}"


def _example(event: RecordedEvent, lines: Sequence[str]) -> Iterator[str]:
    yield f"- {_code(words.event_name(event))}"
    for line in lines:
        yield f"  - {_code(line)}"


def _code(text: str) -> str:
    """Return text in which a forge finds no mention, issue or commit to link either: it looks for none inside code."""
    return f"<code>{markdown_text(text, limit=500)}</code>"


def _shifts(forecast: Forecast) -> Iterator[str]:
    shifts = forecast.shifts()
    if not shifts:
        return
    words = [*Counts().by_word()]
    if not any(one.base.lapsed or one.head.lapsed for one in shifts):
        words.remove("lapsed")
    rows = [f"| rule | {' | '.join(words)} |", "|---" * (1 + len(words)) + "|"]
    for one in shifts:
        pairs = ((one.base.by_word()[word], one.head.by_word()[word]) for word in words)
        cells = [f"{before:,} → {after:,}" if before != after else f"{after:,}" for before, after in pairs]
        rows.append(f"| {markdown_text(one.rule or 'manual runs')} | {' | '.join(cells)} |")
    yield "\n".join(rows) + "\n"
