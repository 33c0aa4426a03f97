"""Mac: the proof of all schemes that sign: one or more HMACs, one of which must be that of the signed bytes; and the signed time.

Made by the schemes. The body stays one piece: what is signed around it is fed to the HMAC beside it.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attune_core.webhooks.errors import DeliveryStale, SignatureRefused

#: Signatures in one request, which senders give while they change their secret.
MOST = 16

_STAMP = re.compile(r"[0-9]{10}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+", re.ASCII)


def _same(secret: bytes) -> bytes:
    return secret


@dataclass(frozen=True, kw_only=True)
class Mac:
    """What the headers claim. `once`: the same signed bytes under another id are a replay, because the id is not among them."""

    claimed: Sequence[bytes]
    before: bytes = b""
    after: bytes = b""
    algorithm: str = "sha256"
    once: bool = True
    key: Callable[[bytes], bytes] = _same

    def holds(self, secret: bytes, body: bytes) -> bool:
        """Tell whether one of the claimed HMACs is right; all of them are compared."""
        right = mac_of(self.key(secret), body, before=self.before, after=self.after, algorithm=self.algorithm)
        compared = [hmac.compare_digest(right, one) for one in self.claimed]
        return any(compared)

    def signed(self, body: bytes) -> str:
        """Return the digest of the signed bytes."""
        if not self.once:
            return ""
        found = hashlib.sha256(self.before)
        found.update(body)
        found.update(self.after)
        return found.hexdigest()


def mac_of(key: bytes, body: bytes, *, before: bytes = b"", after: bytes = b"", algorithm: str = "sha256") -> bytes:
    """Return the HMAC of a body between two texts.

    Not by `hmac.digest`: that lets go of Python's lock for however few bytes, and getting it back beside a busy thread costs more.
    """
    found = hmac.new(key, before or body, algorithm)
    if before:
        found.update(body)
    if after:
        found.update(after)
    return found.digest()


def from_hex(text: str, header: str, *, size: int = 32) -> bytes:
    """Return the bytes of hex digits; `SignatureRefused`."""
    if len(text) != 2 * size or not _HEX.fullmatch(text):
        raise SignatureRefused(f"{header} does not have a signature of {2 * size} hex digits")
    return bytes.fromhex(text)


def fresh(stamp: str, *, now: float, tolerance: float) -> None:
    """Refuse a time, in seconds of the epoch, that is not near now; either side's clock may be wrong."""
    if not _STAMP.fullmatch(stamp):
        raise SignatureRefused("the time of the request is not in seconds since 1970")
    away = int(stamp) - now
    if abs(away) > tolerance:
        raise DeliveryStale(
            f"the request was signed {abs(away):.0f} s {'after' if away > 0 else 'before'} it came; allowed are {tolerance:g} s"
        )
