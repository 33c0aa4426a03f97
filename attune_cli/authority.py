"""Authority: a controller's fingerprint, and what its state directory tells a user of the same host; called by login and local."""

import hashlib
import json
import ssl
from pathlib import Path

from attune_cli.errors import BadArgument
from attune_cli.profiles import Profile


def fingerprint_of(pem: str) -> str:
    """Return sha256 (hex) over the first certificate's DER."""
    end = "-----END CERTIFICATE-----"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[: pem.index(end) + len(end)].strip() + "\n")).hexdigest()


def normal_fingerprint(text: str) -> str:
    """Return a fingerprint as people paste it (`sha256:`, colons, capitals) in its one form."""
    return text.strip().lower().removeprefix("sha256:").replace(":", "")


def local_access(state: Path) -> Profile:
    """Return the profile of the first admin token in a controller's state directory."""
    try:
        listening = json.loads((state / "listening.json").read_text(encoding="utf-8"))
        return Profile(
            url=str(listening["public"]),
            authority=(state / "ca" / "ca.pem").read_text(encoding="utf-8"),
            token=(state / "admin-token").read_text(encoding="utf-8").strip(),
        )
    except (OSError, ValueError, KeyError) as error:
        raise BadArgument(f"{state} is no state directory of a running controller that you may read: {error}") from error
