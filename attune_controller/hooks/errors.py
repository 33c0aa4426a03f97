"""Why the controller cannot take what is sent to a webhook; answered as problem+json, and nothing of such a request is stored.

AttuneError
└── HttpRefusal               ATT401
    ├── HookUnknown           ATT420   404
    └── HookNotReady          ATT422   503

Raised by `receive`; what the request itself gets wrong is in attune_core.webhooks.errors.
"""

from attune_controller.http.errors import HttpRefusal
from attune_core.errors import Blame


class HookUnknown(HttpRefusal):
    """The active revision declares no webhook of this name."""

    code, blame, status = "ATT420", Blame.AUTHOR, 404
    remedy = "add webhooks/NAME.yaml to the repository, or correct the address at the sender"


class HookNotReady(HttpRefusal):
    """The controller does not have the secret of this webhook, so it can believe nobody."""

    code, blame, status = "ATT422", Blame.HOST, 503
    remedy = "put the secret into <state>/secrets/NAME with mode 0600; the sender may then deliver again"
