"""Internal events: what the controller itself has to tell, as triggers that rules can be on; each with its meaning and its data's schema.

The one table of them: read by the catalog, so that rules on `core.…` are checked like all others, by `attune trigger list`,
`attune schema explain` and docs/internal-events.md; the controller's `internal_events` makes them, and a test checks each against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from attune_core.dead_letters import DeadReason
from attune_core.json_schema import SchemaValidator
from attune_core.rules.completions import FINISHED, SECRET_MISSING, completion_schema
from attune_core.values import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class InternalEvent:
    """One of them; `once` says how it is kept from becoming many."""

    ref: str
    description: str
    schema: JsonObject
    once: str = ""


def _object(**properties: JsonValue) -> JsonObject:
    return {"type": "object", "additionalProperties": False, "required": [*properties], "properties": properties}


def _text(description: str, **more: JsonValue) -> JsonObject:
    return {"type": "string", "description": description, **more}


def _moment(description: str) -> JsonObject:
    return _text(description, format="date-time")


_AGENT = _text("The agent's name.")
_BY = _text("The name of the operator's token.")
_NOTE = _text("Why, in the operator's words.")
_LABELS: JsonObject = {"type": "object", "additionalProperties": {"type": "string"}, "description": "The agent's labels."}
_ACTION = _text("The action's reference.")
_KEY: JsonObject = {"type": ["string", "null"], "description": "The queue's key as canonical JSON; null: all queues of the action."}
_SENSOR = _text("The sensor's reference.")
_REASON: JsonObject = {"enum": [reason.value for reason in DeadReason], "description": "Why it is a dead letter."}
_MARKED = _object(agent=_AGENT, by=_BY, note=_NOTE)
_HELD = _object(action=_ACTION, key=_KEY, by=_BY, note=_NOTE)
_LETTER: Mapping[str, JsonValue] = {
    "source": _text("The event's source."),
    "id": _text("The event's id."),
    "type": _text("The event's type."),
    "reason": _REASON,
}
_TABLE = (
    InternalEvent(
        ref=FINISHED,
        description="An execution has ended, whatever its action and outcome. It is the completion itself, `pack.action.completed`, "
        "which is heard under this name too: in lists it stands under its own type.",
        schema=completion_schema(None),
    ),
    InternalEvent(
        ref=SECRET_MISSING,
        description="An execution has ended because its agent does not have a secret. As `core.execution_finished`, it is the completion.",
        schema=completion_schema(None),
    ),
    InternalEvent(
        ref="core.queue_full",
        description="An execution was rejected because its queue holds as many as it takes.",
        schema=_object(
            place=_text("The agent whose queue it is; `*`: the fleet's."),
            action=_ACTION,
            key=_text("The queue's key as canonical JSON."),
            limit={"type": "integer", "description": "How many executions it takes."},
            event=_text("The position of the event whose execution did not fit."),
        ),
        once="once a minute and queue",
    ),
    InternalEvent(
        ref="core.agent_joined",
        description="A host has enrolled, for the first time or again.",
        schema=_object(agent=_AGENT, labels=_LABELS),
    ),
    InternalEvent(
        ref="core.agent_unreachable",
        description="An agent has been away for 30 seconds: its stream ended and it has not come back.",
        schema=_object(
            agent=_AGENT,
            labels=_LABELS,
            last_seen={"type": ["string", "null"], "format": "date-time", "description": "When it was last heard of; null: never."},
        ),
        once="once until it is back, also over restarts of the controller",
    ),
    InternalEvent(
        ref="core.agent_reachable",
        description="An agent that was said to be unreachable is connected again.",
        schema=_object(agent=_AGENT, labels=_LABELS, since=_moment("Since when it was said to be unreachable.")),
        once="once after each `core.agent_unreachable`",
    ),
    InternalEvent(ref="core.agent_forgotten", description="An operator gave an agent up.", schema=_MARKED),
    InternalEvent(ref="core.agent_cordoned", description="An operator lets an agent get no new placements.", schema=_MARKED),
    InternalEvent(ref="core.agent_paused", description="An operator lets an agent start nothing new.", schema=_MARKED),
    InternalEvent(ref="core.agent_draining", description="An operator lets an agent finish what it has and get no more.", schema=_MARKED),
    InternalEvent(ref="core.agent_uncordoned", description="An operator ended an agent's cordon or drain.", schema=_MARKED),
    InternalEvent(ref="core.agent_resumed", description="An operator ended an agent's pause.", schema=_MARKED),
    InternalEvent(
        ref="core.agent_merged",
        description="An agent has said what it holds to a controller that came out of a backup.",
        schema=_object(agent=_AGENT, incarnation=_text("The identity of the controller's new life.")),
        once="once for each agent and restore",
    ),
    InternalEvent(ref="core.queue_paused", description="An operator paused a queue, or all of an action.", schema=_HELD),
    InternalEvent(ref="core.queue_resumed", description="An operator ended such a pause.", schema=_HELD),
    InternalEvent(
        ref="core.sensor_failing",
        description="A sensor has not been running as it should for a minute, or was restarted five times.",
        schema=_object(
            sensor=_SENSOR,
            agent=_AGENT,
            since=_moment("Since when it fails."),
            restarts={"type": "integer", "description": "How often it was started again since then."},
            error=_text("What it last ended with."),
        ),
        once="once until it recovers",
    ),
    InternalEvent(
        ref="core.sensor_recovered",
        description="A sensor that was said to be failing runs again.",
        schema=_object(sensor=_SENSOR, agent=_AGENT, since=_moment("Since when it had been failing.")),
        once="once after each `core.sensor_failing`",
    ),
    InternalEvent(
        ref="core.revision_applied",
        description="A revision went live.",
        schema=_object(revision=_text("Its commit."), previous=_text("The commit that was live before; empty: none.")),
    ),
    InternalEvent(
        ref="core.revision_refused",
        description="A revision was not made live; the one before stays.",
        schema=_object(
            revision=_text("Its commit."),
            active=_text("The commit that is live; empty: none."),
            step=_text("The step that refused it."),
            code=_text("The error's code, for `attune explain`."),
            message=_text("What is wrong; the first of several."),
            problems={"type": "integer", "description": "How many Problems were found."},
        ),
        once="once for each commit and code",
    ),
    InternalEvent(
        ref="core.certificate_expiring",
        description="A certificate ends within a sixth of its life, and within 30 days at most.",
        schema=_object(
            of={"enum": ["agent", "controller", "authority"], "description": "Whose it is: an agent's, a listener's, or the CA's own."},
            name=_text("The agent's name, or the listener's."),
            expires_at=_moment("When it ends."),
            fingerprint=_text("sha256 over its DER form, hex."),
        ),
        once="once for each certificate",
    ),
    InternalEvent(
        ref="core.dead_letter",
        description="An event was kept as a dead letter: no rule was asked. There is none for a dead letter of this type itself.",
        schema=_object(**_LETTER, detail=_text("What exactly is wrong.")),
        once="ten a minute and source at most",
    ),
    InternalEvent(
        ref="core.dead_letter_retried",
        description="An operator had a dead letter judged anew, and it got a new position.",
        schema=_object(**_LETTER, position=_text("Its position now."), was=_text("Its position before."), by=_BY, note=_NOTE),
    ),
    InternalEvent(
        ref="core.dead_letter_dropped",
        description="An operator dropped a dead letter: its data are gone, its id stays known.",
        schema=_object(**_LETTER, position=_text("Its position."), by=_BY, note=_NOTE),
    ),
)

#: The internal events by their names.
INTERNAL_EVENTS: Mapping[str, InternalEvent] = {one.ref: one for one in _TABLE}


@cache
def validator_of(ref: str) -> SchemaValidator:
    """Return what checks the data of one."""
    return SchemaValidator(INTERNAL_EVENTS[ref].schema)
