"""The grammar of names and references; used wherever a name enters (documents, API, enrolment)."""

import re
from typing import Annotated

from pydantic import StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
REFERENCE_PATTERN = r"^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$"
#: A trigger is a declared one (`pack.name`) or an action's completion (`pack.action.completed`).
TRIGGER_PATTERN = r"^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}(\.completed)?$"
AGENT_NAME_PATTERN = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Reference = Annotated[str, StringConstraints(pattern=REFERENCE_PATTERN)]
TriggerReference = Annotated[str, StringConstraints(pattern=TRIGGER_PATTERN)]
AgentName = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]

_NAME = re.compile(NAME_PATTERN + r"\Z")
_TRIGGER = re.compile(TRIGGER_PATTERN + r"\Z")
_AGENT_NAME = re.compile(AGENT_NAME_PATTERN + r"\Z")


def is_name(text: str) -> bool:
    """Tell whether a text is a name; `$` alone would accept a trailing newline."""
    return _NAME.match(text) is not None


def is_agent_name(text: str) -> bool:
    """Tell whether a text is the name of an agent."""
    return _AGENT_NAME.match(text) is not None


def is_trigger(text: str) -> bool:
    """Tell whether a text is a reference to a trigger."""
    return _TRIGGER.match(text) is not None
