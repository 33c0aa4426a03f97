"""The schemes by which senders of webhooks prove themselves, by the word that `verify:` takes.

Read by `receive`; a new scheme is a module like `github` and a line here.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.hooks.github import Github


class Scheme(Protocol):
    """What `receive` asks of a scheme; header names are in lower case."""

    @property
    def signature_header(self) -> str:
        """Where the signature stands."""
        ...

    @property
    def delivery_header(self) -> str:
        """Where the delivery's id stands."""
        ...

    @property
    def event_header(self) -> str:
        """Where the kind of event stands."""
        ...

    def claim(self, signatures: Sequence[str]) -> bytes:
        """Return what the header claims, before the body is read; `SignatureRefused` when the header alone is wrong."""
        ...

    def check(self, claimed: bytes, secret: bytes, body: bytes) -> None:
        """Raise `SignatureRefused` unless the raw body is the sender's."""
        ...


SCHEMES: Mapping[str, Scheme] = {"github": Github()}
