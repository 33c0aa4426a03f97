"""The key of an environment: a digest over everything that decides what is in it, and nothing else.

Computed by `environments`; the first 16 digits name its folder, the parts stand in its READY record. Attune's own version is no part:
upgrading Attune rebuilds nothing.
"""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from attune_core.values import JsonObject, digest_of

#: How much of the digest names the folder.
SHOWN = 16


@dataclass(frozen=True)
class EnvironmentKey:
    """What the environment is made from, and the digest (sha256, hex) over it."""

    parts: JsonObject
    digest: str

    @property
    def folder(self) -> str:
        """Return the name of its folder."""
        return self.digest[:SHOWN]


def key_of(
    ecosystem: str, *, files: Mapping[str, bytes], settings: Mapping[str, str], versions: Mapping[str, str], machine: Mapping[str, str]
) -> EnvironmentKey:
    """Return the key over manifest and lock bytes, declared settings, exact toolchain and installer versions, and the machine."""
    parts: JsonObject = {
        "ecosystem": ecosystem,
        "files": {name: sha256(content).hexdigest() for name, content in files.items()},
        "settings": dict(settings),
        "versions": dict(versions),
        "machine": dict(machine),
    }
    return EnvironmentKey(parts, digest_of(parts))


@cache
def this_machine() -> Mapping[str, str]:
    """Return operating system, architecture and C library, because compiled packages fit only one of each."""
    release = platform.freedesktop_os_release() if _has_release() else {}
    return {
        "os": f"{sys.platform} {release.get('ID', '')} {release.get('VERSION_ID', '')}".strip(),
        "arch": platform.machine(),
        "libc": _libc(),
    }


def _has_release() -> bool:
    return any(os.access(path, os.R_OK) for path in ("/etc/os-release", "/usr/lib/os-release"))


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "other"
    except (ValueError, OSError):  # musl has no such name
        return "other"
