"""Checking timers: exactly one schedule, and one that can be followed; each gives a trigger, typed by its data.

Called by `load` before the rules, whose expressions take their types from here. Nothing here asks what time it is: CI and controller agree.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from attune_core.catalog.catalog import Timer, Trigger
from attune_core.catalog.nodes import Place
from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.suggestion import suggestion
from attune_core.json_schema import SchemaValidator
from attune_core.models.timer import TimerDocument
from attune_core.problems import Severity, Span
from attune_core.quantities import show_duration
from attune_core.timers.cron import Cron, NotCron, parse_cron
from attune_core.timers.schedule import Schedule
from attune_core.values import JsonObject, JsonValue, canonical_json
from attune_core.zone_rules import zone_names, zone_rules

_KINDS = ("every", "cron", "at")
#: What a document says of when it is due.
_DECLARED = (*_KINDS, "zone", "start", "end")
#: Times that a jitter is compared with.
_JUDGED = 100


def check_timers(reading: Reading) -> dict[str, Timer]:
    """Check every timer that could be read; the records are complete only if there is no error at all."""
    found: dict[str, Timer] = {}
    for ref, timer in reading.timers.items():
        if path := reading.layout.packs[timer.pack].documents["trigger"].get(timer.name):
            hint = f"rename it, or remove {path}: a timer declares its own trigger"
            reading.findings.at("ATT217", f"the pack has a trigger `{timer.name}` too", timer.document, hint=hint)
        schedule = _Check(reading, timer).schedule()
        if schedule is not None:
            found[ref] = _timer(timer, schedule)
    return found


def timer_trigger(reading: Reading, timer: Read[TimerDocument]) -> Trigger:
    """Return the trigger of a timer's ticks; the controller makes its events, so they fit by construction."""
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "due": {"type": "string", "format": "date-time"},
            "missed": {"type": "integer"},
            "data": _schema_of(timer.model.data),
        },
        "required": ["due", "missed", "data"],
        "additionalProperties": False,
    }
    reading.data_types[timer.ref] = type_of_schema(schema)
    document = timer.document
    return Trigger(ref=timer.ref, path=document.path, span=_span(timer), schema=schema, validator=SchemaValidator(schema))


class _Check:
    """One timer and what is wrong with it."""

    def __init__(self, reading: Reading, timer: Read[TimerDocument]) -> None:
        self._reading, self._timer, self._model = reading, timer, timer.model

    def schedule(self) -> Schedule | None:
        """Return the schedule of a timer without mistakes."""
        before = self._reading.findings.count()
        self._keys()
        self._order()
        self._literals()
        cron, zone = self._cron(), self._zone()
        if self._reading.findings.count() > before:
            return None
        model = self._model
        schedule = Schedule(
            every=int(model.every or 0), cron=cron, zone=zone if cron else None, at=model.at or (), start=model.start, end=model.end
        )
        times = schedule.first(1 if self._model.jitter is None else _JUDGED)
        self._jitter(times)
        if not times:
            hint = "see when it would be due with `attune timer next`"
            self._reading.findings.at(
                "ATT218", "the timer is never due", self._timer.document, self._kind(), hint=hint, severity=Severity.WARNING
            )
        return schedule

    def _kind(self) -> Place:
        return tuple(kind for kind in _KINDS if getattr(self._model, kind) is not None)[:1]

    def _keys(self) -> None:
        """Check that there is one schedule, and that every key does something."""
        given = [kind for kind in _KINDS if kind in self._model.model_fields_set]
        if not given:
            self._say("the timer has no schedule", (), "write one of `every`, `cron` and `at`")
        for kind in given[1:]:
            self._say(f"`{given[0]}` and `{kind}` are two schedules", (kind,), "keep one of them; a rule may have another timer", key=True)
        if self._model.zone is not None and "cron" not in given:
            self._say("`zone` says whose clocks `cron` goes by, and there is none", ("zone",), "remove it", key=True)
        if (self._model.misfire == "all") != (self._model.at_most is not None):
            if self._model.at_most is None:
                self._say("`misfire: all` needs a bound", ("misfire",), "add `at_most`, such as 10")
            else:
                self._say(f"`at_most` does nothing with `misfire: {self._model.misfire}`", ("at_most",), "remove it", key=True)
        if self._model.every is not None and self._model.every % 1:
            self._say("`every` is not a whole number of seconds", ("every",), "write 1s or more, in whole seconds")

    def _order(self) -> None:
        start, end, moments = self._model.start, self._model.end, self._model.at or ()
        if start is not None and end is not None and end <= start:
            self._say("`end` is not after `start`", ("end",), "exchange them")
        for place, (one, next_one) in enumerate(pairwise(moments), 1):
            if next_one <= one:
                what = "the one before it again" if next_one == one else "earlier than the one before it"
                self._say(f"the moment is {what}", ("at", place), "write each once, the first one first")

    def _literals(self) -> None:
        for place, text in _texts(self._model.data, ("data",)):
            if "${{" in text:
                hint = "say it in the `input` of the rule"
                self._say("the data of a timer are literals, and this is an expression", place, hint)

    def _cron(self) -> Cron | None:
        if self._model.cron is None:
            return None
        try:
            return parse_cron(self._model.cron)
        except NotCron as error:
            self._say(str(error), ("cron",), 'write five fields, such as "30 1 * * *", or a name such as @daily')
            return None

    def _zone(self) -> ZoneInfo | None:
        name = self._model.zone or "UTC"
        zone = zone_rules(name)
        if zone is None:
            hint = suggestion(name, zone_names()) or "write a name of the IANA data base, such as Europe/Berlin"
            self._say(f"there is no time zone `{name}`", ("zone",), hint)
        return zone

    def _jitter(self, times: Sequence[int]) -> None:
        least = min((after - before for before, after in pairwise(times)), default=None)
        if self._model.jitter is not None and least is not None and self._model.jitter >= least:
            self._say(f"the jitter is not below the {show_duration(least)} between two times", ("jitter",), "write less")

    def _say(self, message: str, place: Place, hint: str, *, key: bool = False) -> None:
        self._reading.findings.at("ATT216", message, self._timer.document, place, of="key" if key else "value", hint=hint)


def _timer(timer: Read[TimerDocument], schedule: Schedule) -> Timer:
    model = timer.model
    declared: JsonObject = {key: value for key, value in model.model_dump(mode="json").items() if key in _DECLARED and value is not None}
    return Timer(
        ref=timer.ref,
        path=timer.document.path,
        span=_span(timer),
        document=model,
        schedule=schedule,
        declared=canonical_json(declared),
        jitter=model.jitter or 0.0,
        misfire=model.misfire,
        at_most=model.at_most or 0,
    )


def _span(timer: Read[TimerDocument]) -> Span:
    return timer.document.span(("description",), of="key")


def _schema_of(value: JsonValue) -> JsonObject:
    """Return the schema that literal data fit and that says the most of them."""
    if isinstance(value, dict):
        properties: JsonObject = {name: _schema_of(one) for name, one in value.items()}
        return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "prefixItems": [_schema_of(one) for one in value], "items": False} if value else {"type": "array"}
    return {"const": value}


def _texts(value: JsonValue, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list | dict):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(one, (*place, key))
