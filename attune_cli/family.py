"""Family: what came of an event: its executions, the events that their ends are, the executions of those, and so on.

Called by `attune execution tree`; bounded, because a rule may answer its own action's end.
"""

from pydantic import JsonValue

from attune_cli.client import Client
from attune_cli.errors import RequestFailed
from attune_core.states import State
from attune_core.values import JsonObject
from attune_core.wire.api import EventView, ExecutionView, Page

#: Events and executions that are asked for.
MOST = 200
#: What the controller answers when there is no such event.
_UNKNOWN = 404


def family(client: Client, name: str, *, of_execution: bool) -> JsonObject:
    """Return the event or execution with what came of it; `cut` when there was more than is shown."""
    asked = _Asked(client)
    if of_execution or not name.isdigit():  # the end of an execution is an event with its id
        try:
            return asked.execution(client.get(f"/v1/executions/{name}", ExecutionView)) | {"cut": asked.cut}
        except RequestFailed as error:
            if error.status != _UNKNOWN or of_execution:
                raise
    return asked.event(name) | {"cut": asked.cut}


class _Asked:
    """The requests of one tree, counted."""

    def __init__(self, client: Client) -> None:
        self._client, self._left, self.cut = client, MOST, False

    def event(self, name: str) -> JsonObject:
        """Return an event with its executions."""
        found = self._client.get(f"/v1/events/{name}", EventView)
        made = self._client.pages("/v1/executions", Page[ExecutionView], {"event": found.position}, most=self._left + 1)
        executions = sorted(made, key=lambda one: one.number)
        self.cut = self.cut or len(executions) > self._left
        shown = executions[: self._left]
        self._left -= len(shown)
        children: list[JsonValue] = [self.execution(one) for one in shown]
        return {"event": found.position, "type": found.type, "source": found.source, "status": found.status, "executions": children}

    def execution(self, one: ExecutionView) -> JsonObject:
        """Return an execution with what its end caused."""
        return {
            "execution": one.number,
            "action": one.action,
            "rule": one.rule,
            "agent": one.agent,
            "state": one.state.value,
            "outcome": one.outcome.value if one.outcome else None,
            "completion": self._completion(one) if one.state is State.SETTLED else None,
        }

    def _completion(self, one: ExecutionView) -> JsonObject | None:
        if self._left <= 0:
            self.cut = True
            return None
        self._left -= 1
        try:
            found = self.event(one.id)
        except RequestFailed as error:
            if error.status == _UNKNOWN:  # it is not kept any more
                return None
            raise
        return found if found["executions"] else None
