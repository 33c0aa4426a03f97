"""`sandbox: strict`: the action inside namespaces that bubblewrap makes; without them it does not start.

`attempt` makes it, asks for the argv and, at the end, whether the action was ever reached: bubblewrap says so on a descriptor that the
action does not get. Inside, the root is read-only, /tmp, /run, /proc and /dev are its own, other attempts and Attune's state are not
there, and there is no network unless the action declares it.
"""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from attune_agent.executor.spawn import NotSpawned

#: Where bubblewrap is looked for; never along an attempt's PATH, which begins in an environment that a build has made.
PLACES = ("/usr/local/bin/bwrap", "/usr/bin/bwrap", "/bin/bwrap")
_OWN = ("/tmp", "/var/tmp", "/run")  # noqa: S108 - they are covered, not used
_RESOLVER = "/etc/resolv.conf"
#: bubblewrap's own two processes.
PROCESSES = 2
NOT_REACHED = (
    "the sandbox or the program in it could not be started; the attempt's stderr log has bubblewrap's own words. It needs user namespaces "
    "(user.max_user_namespaces above 0; on Ubuntu a profile of AppArmor that allows them to bwrap)"
)


class Sandbox(NamedTuple):
    """What one attempt's sandbox has: whether the network, which folders are covered, and which (below those) are shown again."""

    network: bool
    hide: tuple[str, ...]
    show: tuple[str, ...]


class Bubble:
    """One attempt's sandbox from its start to its end."""

    def __init__(self) -> None:
        """Find bubblewrap; `NotSpawned` where it is missing."""
        self._program = _bubblewrap()
        self._said, self.status = os.pipe2(os.O_CLOEXEC)
        os.set_inheritable(self.status, True)  # noqa: FBT003 - takes no keyword

    def argv(self, sandbox: Sandbox, argv: Sequence[str], folder: str, private: str) -> list[str]:
        """Return the argv that runs `argv` inside."""
        options = ["--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        for path in _covered(sandbox.hide):
            options += ["--tmpfs", path]
        if sandbox.network:
            options.append("--share-net")
            resolver = os.path.realpath(_RESOLVER)
            if resolver != _RESOLVER:
                options += ["--ro-bind-try", resolver, resolver]
        for path in sandbox.show:
            options += ["--ro-bind", path, path]
        options += ["--bind", private, private, "--chdir", folder, "--json-status-fd", str(self.status)]
        return [self._program, *options, "--", *argv]

    def started(self) -> None:
        """Hear that bubblewrap has its end of the pipe."""
        os.close(self.status)
        self.status = -1

    def reached(self) -> bool:
        """Tell whether bubblewrap came to start the action: only then it has told an exit code. Asked once, when all has ended."""
        os.set_blocking(self._said, False)
        try:
            said = os.read(self._said, 65_536)
        except BlockingIOError:
            return False
        return any(_tells_exit_code(line) for line in said.splitlines())

    def close(self) -> None:
        """Close what is open."""
        for descriptor in {self._said, self.status} - {-1}:
            os.close(descriptor)
        self._said = self.status = -1


def _tells_exit_code(line: bytes) -> bool:
    try:
        document: object = json.loads(line)
    except ValueError:
        return False
    return isinstance(document, dict) and "exit-code" in document


def _covered(hide: Sequence[str]) -> Iterator[str]:
    """Walk the folders that get an empty file system over them; what is below one of them needs none of its own."""
    done: list[str] = []
    for path in (*_OWN, *sorted(hide)):
        if not any(path == over or path.startswith(f"{over}/") for over in done) and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir would raise on what may not be looked at
            done.append(path)
            yield path


def _bubblewrap() -> str:
    for place in PLACES:
        try:
            found = Path(place).stat()
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022:
            return place
    raise NotSpawned(
        "ENOENT: the sandbox needs bubblewrap: install the package `bubblewrap` (/usr/bin/bwrap, owned by root)", passing=False
    )
