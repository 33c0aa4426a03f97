"""GitLab's secret token: X-Gitlab-Token is the secret itself (docs.gitlab.com, "Webhooks").

One of `table`; nothing is signed. GitLab's newer signing token is the scheme `standard-webhooks`, to be preferred where there is one.
"""

from attune_core.models.webhook import WebhookDocument
from attune_core.webhooks.scheme import Fields, Plain, Sending, single
from attune_core.webhooks.token import Shown

_HEADER = "x-gitlab-token"


class Gitlab(Plain):
    """How GitLab shows a secret token."""

    #: The same for each attempt; GitLab before 17.4 sends none.
    delivery = '${{ headers[?"idempotency-key"].orValue("") }}'

    def headers(self, _document: WebhookDocument, /) -> frozenset[str]:
        """Return where the token stands."""
        return frozenset({_HEADER})

    def proof(self, fields: Fields, _document: WebhookDocument, _now: float, /) -> Shown:
        """Read the token."""
        return Shown(single(fields, _HEADER))

    def sign(self, sending: Sending, _document: WebhookDocument, /) -> dict[str, str]:
        """Return GitLab's headers but for the event's name."""
        return {_HEADER: sending.secret.decode("latin-1"), "idempotency-key": sending.delivery}
