"""The schemes by which senders of webhooks prove themselves, by the word that `verify:` takes.

Read by `receive`; a new scheme is a module like `github` and a line here.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.hooks.github import Github


class Signature(Protocol):
    """A signature over a body that is still arriving."""

    def update(self, chunk: bytes) -> None:
        """Take the next bytes of the raw body."""
        ...

    def finish(self) -> None:
        """Raise `SignatureRefused` unless the body is the sender's."""
        ...


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

    def begin(self, signatures: Sequence[str], secret: bytes) -> Signature:
        """Begin to check; `SignatureRefused` when the header alone is wrong."""
        ...


SCHEMES: Mapping[str, Scheme] = {"github": Github()}
