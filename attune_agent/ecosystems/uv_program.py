"""The uv that installs Python environments: the one of the agent's own installation, or a copy of it that the build user can execute.

Called by `python`. An agent installed below a 0700 home has a uv that no other user can reach; it is copied once per version.
"""

import asyncio
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from uv import find_uv_bin

from attune_agent.ecosystems.protocol import HostTools
from attune_agent.environments.durable import sync_folder
from attune_agent.environments.probes import Answer
from attune_agent.environments.stamps import Stamp
from attune_agent.preparation_errors import InstallerUnusable

_VERSION = re.compile(r"uv ([0-9][0-9A-Za-z.+-]{0,40})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Uv:
    """A uv that the build user can execute."""

    program: str
    version: str
    stamp: Stamp


async def usable_uv(host: HostTools) -> Uv:
    """Return the agent's own uv, or its copy; `InstallerUnusable` when neither can be executed."""
    own = _own_uv()
    if (found := await _ask(str(own), host)) is not None:
        return found
    copy = await asyncio.to_thread(_readable_copy, own, host.installers)
    if (found := await _ask(str(copy), host)) is not None:
        return found
    raise InstallerUnusable(f"uv cannot be executed by the build user, neither {own} nor its copy {copy}")


def _own_uv() -> Path:
    try:
        return Path(find_uv_bin())
    except FileNotFoundError as error:
        raise InstallerUnusable("the agent's installation has no uv") from error


async def _ask(program: str, host: HostTools) -> Uv | None:
    answer: Answer | None = await host.probes.ask((program, "--version"), env=host.base_environment())
    found = _VERSION.match(answer.text) if answer is not None and answer.outcome.succeeded else None
    return Uv(program=program, version=found[1], stamp=answer.stamp) if found and answer else None


def _readable_copy(own: Path, installers: Path) -> Path:
    """Return a copy, 0755, in a folder named by its digest; one that is there and whole is used again."""
    content = own.read_bytes()
    digest = sha256(content).hexdigest()
    folder = installers / f"uv-{digest[:16]}"
    copy = folder / "uv"
    if copy.is_file() and sha256(copy.read_bytes()).hexdigest() == digest:
        return copy
    for made in (installers, folder):
        made.mkdir(mode=0o755, exist_ok=True)
        made.chmod(0o755)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".uv-", delete=False) as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), 0o755)
        os.fsync(file.fileno())
    shutil.move(file.name, copy)
    sync_folder(folder)
    return copy
