"""What a webhook's request can get wrong; the controller answers with the status, and nothing of such a request is stored.

AttuneError
├── SignatureRefused        ATT421   401
├── DeliveryInvalid         ATT423   400
├── EventNotAllowed         ATT424   403
├── DeliveryStale           ATT668   401
└── SecretMalformed         ATT669   the controller's own mistake, told to its operator alone

Raised by the schemes and by `delivery`.
"""

from attune_core.errors import AttuneError, Blame


class SignatureRefused(AttuneError):
    """The request is not signed as this webhook demands, or with another secret."""

    code, blame = "ATT421", Blame.AUTHOR
    remedy = "give the sender the secret that the controller has, and let it sign as `verify` of the webhook's document says"


class DeliveryInvalid(AttuneError):
    """The verified request does not say which delivery and which kind of event it is."""

    code, blame = "ATT423", Blame.AUTHOR
    remedy = "send what `trigger`, `id` and `headers` of the webhook's document read, each header once"


class EventNotAllowed(AttuneError):
    """The webhook's document does not allow events of this kind."""

    code, blame = "ATT424", Blame.AUTHOR
    remedy = "add the kind to `allow` in the webhook's document, or do not let the sender send it"


class DeliveryStale(AttuneError):
    """The time that the sender signed is too far from the controller's: an old request sent again, or a wrong clock."""

    code, blame = "ATT668", Blame.AUTHOR
    remedy = "let the sender send it again, which signs it anew; set the clocks of both, or a larger `tolerance`"


class SecretMalformed(AttuneError):
    """The controller's file with the secret of a webhook does not have the form that its scheme needs."""

    code, blame = "ATT669", Blame.HOST
    remedy = "put the secret into the file as the service shows it, such as whsec_ and base64"
