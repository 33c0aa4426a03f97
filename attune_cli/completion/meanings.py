"""What each argument and option of a command names, as a literal table; and where the names of each kind come from.

Read by `answering`; a test compares the tables with the commands, so that none of them names what is not there.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from attune_cli.completion import working_files
from attune_cli.completion.live_names import items
from attune_cli.completion.offer import Offer
from attune_cli.profiles import profile_directory
from attune_core.values import JsonObject

#: Gives what a kind offers, asking the controller of a profile where files do not tell.
Names = Callable[[str | None], Iterator[Offer]]


def _local(kind: str) -> Names:
    return lambda _profile: working_files.documents(kind)


def _live(path: str, key: str, *about: str) -> Names:
    """Return what offers one field of a list's items, and says some others."""
    return lambda profile: (Offer(str(item[key]), _about(item, about)) for item in items(path, profile) if _names(item.get(key)))


def _both(*sources: Names) -> Names:
    return lambda profile: chain.from_iterable(source(profile) for source in sources)


def _words(text: str) -> Names:
    return lambda _profile: (Offer(word) for word in text.split())


def _names(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _about(item: JsonObject, keys: tuple[str, ...]) -> str:
    return " ".join(str(item[key]) for key in keys if item.get(key))


def _profiles(_profile: str | None) -> Iterator[Offer]:
    return (Offer(place.stem, "profile") for place in sorted(profile_directory().glob("*.json")))


def _labels(profile: str | None) -> Iterator[Offer]:
    """Yield what stands before and after `=` to choose agents."""
    for item in items("/v1/agents", profile):
        yield Offer(f"name={item.get('name')}", "agent")
        labels = item.get("labels")
        yield from (Offer(f"{name}={value}", "label") for name, value in (labels if isinstance(labels, dict) else {}).items())


def _codes(_profile: str | None) -> Iterator[Offer]:
    from attune_cli.explanations import all_explanations

    return (Offer(name, one.title or one.kind.value) for name, one in all_explanations().items())


def _kinds_of_documents(_profile: str | None) -> Iterator[Offer]:
    from attune_cli.schema_words import schema_kinds

    return (Offer(word) for word in ("explain", "write", *schema_kinds()))


_EXECUTIONS = _live("/v1/executions?limit=50", "number", "action", "agent", "outcome")
_EVENTS = _live("/v1/events?limit=50", "position", "type", "status")
_AGENTS = _live("/v1/agents?limit=200", "name", "state")
_ACTIONS = _both(_local("action"), _live("/v1/rules?limit=200", "action"))
_TRIGGERS = _both(_local("trigger"), _live("/v1/rules?limit=200", "trigger"))
_LETTERS = _live("/v1/events?limit=50&status=dead_letter", "position", "type", "dead_reason")

#: Parameter -> what it names, in whichever command it stands.
PARAMETERS: Mapping[str, Names] = {
    "execution": _EXECUTIONS,
    "event": _EVENTS,
    "events": _EVENTS,
    "action": _ACTIONS,
    "rule": _both(_local("rule"), _live("/v1/rules?limit=200", "ref", "trigger")),
    "sensor": _both(_local("sensor"), _live("/v1/sensors?limit=200", "ref")),
    "timer": _both(_local("timer"), _live("/v1/timers?limit=200", "ref", "schedule")),
    "trigger": _TRIGGERS,
    "kind": _TRIGGERS,
    "agent": _AGENTS,
    "label": _labels,
    "pack": lambda _profile: working_files.packs(),
    "profile": _profiles,
    "language": _words("shell python javascript typescript go rust java"),
    "stream": _words("stdout stderr build both"),
    "scope": _words("events:send read operate admin"),
}
#: Command (and the first word of a list, where that says what follows) and parameter -> what it names; None: nothing that there is already.
EXCEPTIONS: Mapping[tuple[str, str], Names | None] = {
    ("rule test", "event"): None,
    ("action new", "action"): lambda _profile: (Offer(f"{one.word}.", "pack") for one in working_files.packs()),
    ("sensor new", "sensor"): lambda _profile: (Offer(f"{one.word}.", "pack") for one in working_files.packs()),
    ("sensor run", "sensor"): _local("sensor"),
    ("sensor show", "sensor"): _live("/v1/sensors?limit=200", "ref"),
    ("sensor logs", "sensor"): _live("/v1/sensors?limit=200", "ref"),
    ("rule show", "rule"): _live("/v1/rules?limit=200", "ref"),
    ("timer show", "timer"): _live("/v1/timers?limit=200", "ref"),
    ("webhook show", "name"): lambda _profile: working_files.webhooks(),
    ("agent invite", "label"): None,
    ("up", "label"): None,
    ("login", "profile"): None,
    ("up", "profile"): None,
    ("agent cordon", "name"): _AGENTS,
    ("agent uncordon", "name"): _AGENTS,
    ("agent pause", "name"): _AGENTS,
    ("agent resume", "name"): _AGENTS,
    ("agent drain", "name"): _AGENTS,
    ("agent forget", "name"): _AGENTS,
    ("controller token remove", "name"): _live("/v1/tokens", "name"),
    ("webhook test", "name"): lambda _profile: working_files.webhooks(),
    ("webhook send", "name"): lambda _profile: working_files.webhooks(),
    ("execution list", "state"): _words(
        "accepted queued assigned preparing started settled succeeded failed timed_out cancelled lost rejected"
    ),
    ("event list", "status"): _words("accepted planned dead_letter dropped"),
    ("event dead-letter show", "event"): _LETTERS,
    ("event dead-letter retry", "events"): _LETTERS,
    ("event dead-letter drop", "events"): _LETTERS,
    ("explain", "what"): _both(_words("event execution agent"), _codes, _EXECUTIONS, _EVENTS, _AGENTS),
    ("explain event", "what"): _EVENTS,
    ("explain execution", "what"): _EXECUTIONS,
    ("explain agent", "what"): _AGENTS,
    ("schema", "what"): _kinds_of_documents,
}


def names_of(command: str, parameter: str, first: str) -> Names | None:
    """Return what offers the names for a parameter of a command; None where there is nothing to offer. `first`: a list's first word."""
    for said in (f"{command} {first}", command):
        if (said, parameter) in EXCEPTIONS:
            return EXCEPTIONS[said, parameter]
    return PARAMETERS.get(parameter)
