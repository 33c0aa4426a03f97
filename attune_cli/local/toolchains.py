"""Asking the ecosystems' programs on the host's path for their versions, as the uid that builds environments where root asks.

Called by the doctor; nothing of it is remembered, and an executor is not needed.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.environments.probes import programs_named

#: Ecosystem, program, how it is asked for its version.
PROGRAMS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("python", "python3", ("-I", "-V")),
    ("node", "node", ("--version",)),
    ("node", "npm", ("--version",)),
    ("go", "go", ("version",)),
    ("rust", "rustc", ("--version",)),
    ("rust", "cargo", ("--version",)),
    ("rust", "cc", ("--version",)),
    ("java", "javac", ("-J-XX:-UsePerfData", "--version")),
    ("java", "mvn", ("--version",)),
    ("sandbox", "bwrap", ("--version",)),
)
_LIMIT = 15.0
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A program that was found (path empty: none), its version, or why it does not say it."""

    ecosystem: str
    name: str
    path: str = ""
    version: str = ""
    trouble: str = ""


def asked(path: Sequence[str], uid: int | None, *, serves: Callable[[str], bool]) -> Iterator[Asked]:
    """Ask the first of each name that can serve, else the first, as this uid; None: as ourselves."""
    for ecosystem, name, arguments in PROGRAMS:
        there = list(programs_named(name, path))
        program = next(filter(serves, there), there[0] if there else None)
        if program is None:
            yield Asked(ecosystem=ecosystem, name=name)
        else:
            version, trouble = _version((program, *arguments), path, uid)
            yield Asked(ecosystem=ecosystem, name=name, path=program, version=version, trouble=trouble)


def _version(argv: Sequence[str], path: Sequence[str], uid: int | None) -> tuple[str, str]:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": ":".join(path), "LANG": "C.UTF-8", "HOME": "/nonexistent", "GOTOOLCHAIN": "local"},
            timeout=_LIMIT,
            check=False,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer in {_LIMIT:.0f} s"
    except OSError as error:
        return "", error.strerror or str(error)
    said = done.stdout[:4096].decode("utf-8", "replace").strip()
    found = _NUMBER.search(said)
    if done.returncode == 0 and found:
        return found[0], ""
    if Path(argv[0]).resolve().name == "rustup":
        return "", "it is rustup's stand-in, which needs a home: name the toolchain's own `bin` folder in `path`"
    return "", said.splitlines()[0][:200] if said else f"exit code {done.returncode}"


def builder(uids: tuple[int, int]) -> int | None:
    """Return the uid that builds, if we can be it."""
    return uids[0] if os.geteuid() == 0 else None
