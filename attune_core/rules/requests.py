"""Request: a manual run as it lies in the data of a `core.requested` event.

Read by the controller's intake (to refuse at the door what cannot run) and by `firing` (again, perhaps under a later revision).
"""

from difflib import get_close_matches
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from attune_core.catalog.catalog import Action, Catalog
from attune_core.errors import AttuneError, Blame
from attune_core.names import Reference

#: The type of events that ask for one action.
REQUESTED = "core.requested"


class RequestRefused(AttuneError):
    """The requested action is not there (in the active revision, or in the working copy), or its secrets do not fit its parameters."""

    code, blame = "ATT251", Blame.AUTHOR
    remedy = (
        "an action is a document in its pack's folder `actions`, live once it is merged; secrets go only into parameters declared secret"
    )


class Request(BaseModel):
    """What somebody wants to run; the JSON of api.ManualRun."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: Reference
    input: dict[str, JsonValue] = {}
    secrets: dict[str, str] = {}
    match: dict[str, str] = {}
    pick: Literal["any", "all"] = "any"

    def action_in(self, catalog: Catalog | None) -> Action:
        """Return the action or raise `RequestRefused`."""
        action = catalog.actions.get(self.action) if catalog else None
        if action is None:
            near = get_close_matches(self.action, catalog.actions if catalog else (), n=3)
            raise RequestRefused(f"there is no action {self.action}", hint=f"did you mean {' or '.join(near)}?" if near else None)
        return action

    def check_secrets(self, action: Action) -> None:
        """Raise `RequestRefused` unless exactly secret parameters are given secrets, and every required one has one."""
        declared = {name for name, item in action.document.parameters.items() if item.secret}
        required = {name for name in declared if action.document.parameters[name].required}
        if wrong := sorted(set(self.secrets) - declared):
            raise RequestRefused(f"{wrong[0]} is no secret parameter of {self.action}")
        if missing := sorted(required - set(self.secrets)):
            raise RequestRefused(f"the secret parameter {missing[0]} of {self.action} needs the name of a secret")


def read_request(value: JsonValue) -> Request:
    """Read the data of a `core.requested` event; `RequestRefused` names what is wrong."""
    try:
        return Request.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RequestRefused(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
