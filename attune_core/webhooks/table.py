"""The schemes by the word that `verify:` takes; a new one is a module beside this one, a word in the model and a line here.

Read by the catalog's checks, the controller's hooks and `attune webhook send`.
"""

from collections.abc import Mapping

from attune_core.models.webhook import Verification
from attune_core.webhooks.github import Github
from attune_core.webhooks.gitlab import Gitlab
from attune_core.webhooks.scheme import Scheme
from attune_core.webhooks.signed_header import SignedHeader
from attune_core.webhooks.slack import Slack
from attune_core.webhooks.standard_webhooks import StandardWebhooks
from attune_core.webhooks.stripe import Stripe
from attune_core.webhooks.token import Token
from attune_core.webhooks.unverified import Unverified

SCHEMES: Mapping[Verification, Scheme] = {
    "github": Github(),
    "gitlab": Gitlab(),
    "slack": Slack(),
    "stripe": Stripe(),
    "standard-webhooks": StandardWebhooks(),
    "hmac": SignedHeader(),
    "token": Token(),
    "none": Unverified(),
}
