"""Completions written down by hand: the data of a `pack.action.completed` event, with defaults for what is not said; pure.

Used by rule tests, where a case gives only what matters, such as the outcome and the result.
"""

from attune_core.states import Outcome
from attune_core.values import JsonObject

_ENDING = ".completed"


def is_completion(trigger: str) -> bool:
    """Tell whether a trigger is an action's completion."""
    return trigger.count(".") == 2 and trigger.endswith(_ENDING)


def whole_completion(trigger: str, given: JsonObject) -> JsonObject:
    """Return the data of a completion: those of a success without a result, and over them what is given."""
    succeeded = given.get("outcome", Outcome.SUCCEEDED.value) == Outcome.SUCCEEDED.value
    return {
        "execution": "01980000-0000-7000-8000-000000000001",
        "number": 1,
        "action": trigger.removesuffix(_ENDING),
        "rule": "",
        "agent": "agent_1",
        "outcome": Outcome.SUCCEEDED.value,
        "reason": None,
        "exit_code": 0 if succeeded else None,
        "result": None,
        "parent_event": None,
        **given,
    }
