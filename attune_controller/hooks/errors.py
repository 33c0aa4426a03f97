"""What a webhook's request can get wrong; answered as problem+json, and nothing of such a request is stored.

AttuneError
└── HttpRefusal               ATT401
    ├── HookUnknown           ATT420   404
    ├── HookNotReady          ATT422   503
    ├── DeliveryInvalid       ATT423   400
    └── EventNotAllowed       ATT424   403

Raised by `receive`; a request that is not believed is one of attune_core.webhooks.errors.
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


class DeliveryInvalid(HttpRefusal):
    """The verified request does not say which delivery and which kind of event it is."""

    code, blame, status = "ATT423", Blame.AUTHOR, 400
    remedy = "send what `trigger`, `id` and `headers` of the webhook's document read, each header once"


class EventNotAllowed(HttpRefusal):
    """The webhook's document does not allow events of this kind."""

    code, blame, status = "ATT424", Blame.AUTHOR, 403
    remedy = "add the kind to `allow` in the webhook's document, or do not let the sender send it"
