"""Checking sensors: program, environment, keys that go together, configuration and labels; what passes becomes a Sensor.

Called by `load` after actions; `check_emits` looks for the triggers, `check_unused` for the rules that need them.
"""

from collections.abc import Iterator

from attune_core.catalog.catalog import Sensor
from attune_core.catalog.check_credentials import is_credential
from attune_core.catalog.check_programs import check_environment, check_program
from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.template_parts import Embedded, parse_template
from attune_core.input_documents.errors import InputUnwritable
from attune_core.input_documents.writing import input_document
from attune_core.models.sensor import SensorDocument, secret_of
from attune_core.problems import Severity
from attune_core.quantities import show_duration
from attune_core.values import JsonObject, JsonValue, canonical_json

FOLDER = "sensors"
#: Bytes as JSON; an agent is told of all its sensors in one line of the wire.
CONFIG_LIMIT = 16 << 10
#: Its agent gives a sensor up some pings before another one gets it, so that two never run at once.
SHORTEST_FAILOVER = 120.0
_Place = tuple[str | int, ...]


def check_sensors(reading: Reading) -> dict[str, Sensor]:
    """Check every sensor that could be read; the records are complete, but for their fingerprints, only if there is no error at all."""
    return {ref: _check(reading, sensor) for ref, sensor in reading.sensors.items()}


def _check(reading: Reading, sensor: Read[SensorDocument]) -> Sensor:
    check_program(reading, sensor, FOLDER)
    check_environment(reading, sensor)
    _check_name(reading, sensor)
    _check_together(reading, sensor)
    config, secrets = _config(reading, sensor)
    _check_labels(reading, sensor)
    return Sensor(
        ref=sensor.ref,
        pack=sensor.pack,
        name=sensor.name,
        path=sensor.document.path,
        folder=FOLDER,
        span=sensor.document.span(("run",), of="key"),
        document=sensor.model,
        config=config,
        secrets=secrets,
        fingerprint="",
    )


def _check_name(reading: Reading, sensor: Read[SensorDocument]) -> None:
    """Keep references apart: what a host grants to `pack.name` must not be had by something else that is called so."""
    action = reading.layout.packs[sensor.pack].documents["action"].get(sensor.name)
    if action is not None:
        message = f"`{sensor.ref}` is also an action ({action}), and a host grants users by this name"
        reading.findings.at("ATT198", message, sensor.document, hint="rename one of the two files")


def _check_together(reading: Reading, sensor: Read[SensorDocument]) -> None:
    for key, message, hint in _not_together(sensor.model):
        place = (key,) if sensor.document.at((key,)) is not None else ()
        reading.findings.at("ATT194", message, sensor.document, place, of="key", hint=hint)


def _not_together(sensor: SensorDocument) -> Iterator[tuple[str, str, str]]:
    """Yield key, message and hint for each key that is missing, or does nothing, beside the others."""
    given = sensor.model_fields_set
    if sensor.mode == "poll" and sensor.every is None:
        yield "mode", "`mode: poll` does not say how often it is started", "add `every: 1m`"
    if sensor.mode == "poll" and sensor.silence is not None:
        yield "silence", "`silence` does nothing with `mode: poll`: a run ends by itself, or at its `timeout`", "remove it"
    for key in ("every", "timeout"):
        if sensor.mode == "stream" and key in given:
            yield key, f"`{key}` does nothing with `mode: stream`: the program runs for ever", "remove it, or add `mode: poll`"
    if sensor.failover is not None and sensor.failover < SHORTEST_FAILOVER:
        bound = show_duration(SHORTEST_FAILOVER)
        yield "failover", f"`failover` is shorter than {bound}: an agent is away for less when nothing is wrong", f"write {bound} or more"
    if sensor.run_on == "all" and sensor.failover is not None:
        yield "failover", "`failover` does nothing with `run_on: all`: the others run it already", "remove it"


def _config(reading: Reading, sensor: Read[SensorDocument]) -> tuple[JsonObject, dict[str, str]]:
    """Return the literals and the names of the secrets, both by key."""
    literals: JsonObject = {}
    secrets: dict[str, str] = {}
    for name, value in sensor.model.config.items():
        if (secret := secret_of(value)) is not None:
            secrets[name] = secret
            continue
        literals[name] = _literal(reading, sensor, ("config", name), value)
        if isinstance(value, str) and "${{" not in value and is_credential(name):
            message = f"`{name}` is called like a credential and stands here in the open"
            hint = f"write `{name}: ${{{{ secrets.NAME }}}}` and give the agent that secret; or call it something else"
            reading.findings.at("ATT184", message, sensor.document, ("config", name), of="key", hint=hint, severity=Severity.WARNING)
    try:
        input_document(sensor.model.input.format, {"config": {**literals, **dict.fromkeys(secrets, "")}})
    except InputUnwritable as error:
        reading.findings.at("ATT136", error.message, sensor.document, ("config",), of="key", hint="rename one of the keys")
    if (size := len(canonical_json([literals, {**secrets}]).encode())) > CONFIG_LIMIT:
        hint = "keep it in a file of the pack and give its path"
        message = f"the configuration has {size} bytes as JSON, more than {CONFIG_LIMIT}"
        reading.findings.at("ATT199", message, sensor.document, ("config",), of="key", hint=hint)
    return literals, secrets


def _literal(reading: Reading, sensor: Read[SensorDocument], place: _Place, value: JsonValue) -> JsonValue:
    """Return a value as it is given, `$${{` being the three characters `${{`; nothing is computed for a sensor."""
    if isinstance(value, dict):
        return {key: _literal(reading, sensor, (*place, key), one) for key, one in value.items()}
    if isinstance(value, list):
        return [_literal(reading, sensor, (*place, index), one) for index, one in enumerate(value)]
    if not isinstance(value, str) or "${{" not in value:
        return value
    parts, _ = parse_template(value)
    if any(isinstance(part, Embedded) for part in parts) or not parts:
        hint = "write the value itself, exactly `${{ secrets.NAME }}` as the whole value of a key, or `$${{` for the characters `${{`"
        reading.findings.at("ATT196", "a sensor's configuration takes no expressions", sensor.document, place, hint=hint)
    return "".join(part for part in parts if isinstance(part, str))


def _check_labels(reading: Reading, sensor: Read[SensorDocument]) -> None:
    for label, value in sensor.model.agents.match.items():
        if "${{" in value:
            hint = "write the value that the agent must have"
            message = "the labels of a sensor take no expressions: there is no event yet"
            reading.findings.at("ATT196", message, sensor.document, ("agents", "match", label), hint=hint)
