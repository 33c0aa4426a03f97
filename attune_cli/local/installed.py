"""Installed: what of Attune's services is on this host, as `installation.planning` wants to know it; changes nothing.

Called by `installing`. Which version a process is of stands in its command line: the interpreter in the folder of its version. Anybody
can write such a line, so for what a unit runs systemd is asked which process that is.
"""

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attune_cli.errors import InstallerNotRoot, NoSystemd, ProgramsMisplaced, ProgramsUnfit, WheelsUnusable
from attune_cli.installation.planning import COMPLETE, Host
from attune_cli.installation.programs import AGENT, ALL, PROGRAMS, UNITS, Program

_WHEEL = re.compile(r"attune-([0-9][0-9A-Za-z.+!]*)-py3-none-any\.whl", re.ASCII)


def require_root_and_systemd() -> None:
    """`InstallerNotRoot`, `NoSystemd`: neither users nor units can be made."""
    if os.geteuid() != 0:
        raise InstallerNotRoot
    if not Path("/run/systemd/system").is_dir():  # sd_booted(3)
        raise NoSystemd


def own_version() -> Path:
    """Return the version's folder that this very program runs from; `ProgramsMisplaced`, `ProgramsUnfit`."""
    place = Path(sys.prefix)
    if place.parent != PROGRAMS:
        raise ProgramsMisplaced(f"this attune runs from {place}, and services are started from a version's folder below {PROGRAMS}")
    for path in (PROGRAMS, place, place / "bin" / "attune", Path(__file__)):  # all the others were made like them
        found = path.stat()
        if found.st_uid != 0 or found.st_mode & 0o022 or not found.st_mode & 0o004:
            raise ProgramsUnfit(f"{path} is not root's alone to change and everybody's to read")
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
    entries = frozenset(PROGRAMS.iterdir()) if PROGRAMS.is_dir() else frozenset()
    versions = frozenset(path for path in entries if not path.is_symlink() and (path / "pyvenv.cfg").is_file())
    links = [one.link.resolve() for one in ALL.values() if one.link.is_symlink()]
    return Host(
        version=version,
        before=_before(program, version),
        users=frozenset(one.user for one in ALL.values() if _is_user(one.user)),
        used=frozenset([*links, *_running(), Path(sys.prefix)]),
        versions=versions,
        foreign=bool(entries - versions - {one.link for one in ALL.values()}),
        installed=frozenset(one.name for one in ALL.values() if (UNITS / one.units[-1]).exists()),
        settings=_is_there(program.settings),
        joined=program.name != "agent" or _is_there(program.state / "agent" / "controller.json"),
        serving=_version_behind(program.units[-1]),
        executor_runs=executor_version() is not None,
    )


def _before(program: Program, version: Path) -> Path | None:
    """Return another version that the program's unit runs from, or that its link names, if it is still whole enough to be run."""
    linked = program.link.resolve() if program.link.is_symlink() else None
    found = _version_behind(program.units[-1]) or linked
    return found if found and found != version and (found / "bin" / "attune").exists() else None


def executor_version() -> Path | None:
    """Return the version's folder that the present executor runs from."""
    return _version_behind(AGENT.units[0])


def _version_behind(unit: str) -> Path | None:
    """Return the version's folder that a unit's main process runs from; None: it does not run."""
    asked = ["systemctl", "show", "--property", "MainPID", "--value", unit]
    try:
        pid = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return None
    return next(_running(pid), None) if pid.isdecimal() and pid != "0" else None


def _running(process: str = "[0-9]*") -> Iterator[Path]:
    """Yield the folders of versions that processes run from, or that one does."""
    for entry in Path("/proc").glob(f"{process}/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            place = Path(os.fsdecode(entry.read_bytes().partition(b"\0")[0]))
            if place.parts[:3] == (*PROGRAMS.parts,) and len(place.parts) > 3:
                yield Path(*place.parts[:4])


def _is_user(name: str) -> bool:
    """Tell whether there is a user, also one of a directory that lists nobody."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _is_there(path: Path) -> bool:
    """Tell whether a path is there; of what this user may not look into it is supposed."""
    try:
        return path.exists()
    except PermissionError:
        return True
