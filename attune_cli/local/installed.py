"""Installed: what of Attune's services is on this host, as `installation.planning` wants to know it; changes nothing.

Called by `installing`. Which version a process is of stands in its command line: the interpreter in the folder of its version.
"""

import os
import pwd
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attune_cli.errors import InstallerNotRoot, NoSystemd, ProgramsMisplaced, WheelsUnusable
from attune_cli.installation.planning import COMPLETE, Host
from attune_cli.installation.programs import ALL, PROGRAMS, UNITS, Program

_WHEEL = re.compile(r"attune-([0-9][0-9A-Za-z.+!]*)-py3-none-any\.whl", re.ASCII)


def require_root_and_systemd() -> None:
    """`InstallerNotRoot`, `NoSystemd`: neither users nor units can be made."""
    if os.geteuid() != 0:
        raise InstallerNotRoot
    if not Path("/run/systemd/system").is_dir():  # sd_booted(3)
        raise NoSystemd


def own_version() -> Path:
    """Return the version's folder that this very program runs from; `ProgramsMisplaced`."""
    place = Path(sys.prefix)
    if place.parent != PROGRAMS:
        raise ProgramsMisplaced(f"this attune runs from {place}, and services are started from a version's folder below {PROGRAMS}")
    return place.resolve()


def version_of(wheels: Path) -> str:
    """Return the version that a directory of wheels has; `WheelsUnusable`."""
    if not wheels.is_dir():
        raise WheelsUnusable(f"{wheels} is no directory")
    found = [match[1] for path in wheels.iterdir() if (match := _WHEEL.fullmatch(path.name))]
    if len(found) != 1:
        raise WheelsUnusable(f"{wheels} holds {len(found) or 'no'} wheels of attune, and one is needed")
    if not (wheels / "requirements.txt").is_file():
        raise WheelsUnusable(f"{wheels} holds no requirements.txt with the hashes of its wheels")
    return found[0]


def is_whole(version: Path) -> bool:
    """Tell whether a version's folder was built to its end."""
    return (version / COMPLETE).is_file()


def in_use(version: Path) -> bool:
    """Tell whether a process runs from a version's folder."""
    return version in set(_running())


def look(program: Program, version: Path) -> Host:
    """Return what is there."""
    folders = [path for path in PROGRAMS.glob("*") if path.is_dir() and not path.is_symlink()] if PROGRAMS.is_dir() else []
    links = [one.link.resolve() for one in ALL.values() if one.link.is_symlink()]
    return Host(
        version=version,
        users=frozenset(user.pw_name for user in pwd.getpwall()),
        used=frozenset([*links, *_running(), Path(sys.prefix)]),
        versions=frozenset(folders),
        installed=frozenset(one.name for one in ALL.values() if (UNITS / one.units[-1]).exists()),
        settings=program.settings.exists(),
        joined=program.name != "agent" or (program.state / "agent" / "controller.json").exists(),
        executor_runs=executor_version() is not None,
    )


def executor_version() -> Path | None:
    """Return the version's folder that the present executor runs from."""
    return next(_running("attune-executor"), None)


def _running(program: str = "") -> Iterator[Path]:
    """Yield the folders of versions that processes run from; of the named program, or of any."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            interpreter, _, rest = entry.read_bytes().partition(b"\0")
            place = Path(os.fsdecode(interpreter))
            if place.parts[:3] == (*PROGRAMS.parts,) and len(place.parts) > 3 and (not program or f"/{program}\0".encode() in rest):
                yield Path(*place.parts[:4])
