"""One rule and one event, decided on this machine from a working copy; used by `attune rule test`."""

from pathlib import Path

from attune_cli.errors import BadArgument
from attune_cli.json_argument import read_raw
from attune_cli.loading import load_or_show
from attune_cli.pack_repository import repository_root
from attune_cli.render.rule_trial import show_trial, show_trial_json
from attune_core.expressions.suggestion import suggestion
from attune_core.ports import rfc3339
from attune_core.rule_tests.course import START
from attune_core.rule_tests.trial import try_rule
from attune_core.rules.completions import whole_data
from attune_core.rules.recorded import RecordedEvent, read_event
from attune_core.values import JsonRefused, JsonValue, parse_json

_HINT = 'give one JSON document: the data of an event such as \'{"unit": "web_1"}\', or @FILE'


def try_here(path: Path, ref: str, given: str, *, line: int | None, json: bool) -> int:
    """Decide, show, and return 0 if the rule fires, 1 if it does not or the repository has an error."""
    loaded = load_or_show(repository_root(path), json=json)
    if loaded.catalog is None:
        return 1
    rule = loaded.catalog.rules.get(ref)
    if rule is None:
        raise BadArgument(f"there is no rule {ref!r}", hint=suggestion(ref, loaded.catalog.rules))
    event = event_of(_parsed(_raw(given, line)), rule.trigger)
    trial = try_rule(rule, event, loaded.catalog)
    (show_trial_json if json else show_trial)(trial)
    return 0 if trial.fires else 1


def event_of(value: JsonValue, trigger: str) -> RecordedEvent:
    """Return a whole event as it was written down, or one of the trigger with these data."""
    if isinstance(value, dict) and "specversion" in value:
        return read_event({"time": rfc3339(START), **value})
    if not isinstance(value, dict):
        raise BadArgument("the event is neither a CloudEvents document nor an object of data")
    return RecordedEvent(
        id="event-1", source="attune:test", type=trigger, subject="", time=START, received_at=START, data=whole_data(trigger, value)
    )


def _parsed(raw: bytes) -> JsonValue:
    try:
        return parse_json(raw)
    except JsonRefused as error:
        several = len(raw.splitlines()) > 1
        raise JsonRefused(error.message, hint="of a file with one event a line choose one: --line 1" if several else _HINT) from error


def _raw(given: str, line: int | None) -> bytes:
    raw = read_raw(given)
    if line is None:
        return raw
    lines = raw.splitlines()
    if line > len(lines):
        raise BadArgument(f"there is no line {line}; there are {len(lines)}")
    return lines[line - 1]
