"""Installing: carries out the steps of an installation on this host, one after the other, and says which of them changed something.

Called by the commands `install` and `uninstall` of `attune agent` and `attune controller`; what the steps are is decided in
`attune_cli.installation`. A step that is interrupted is done again by the next installation.
"""

import grp
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from attune_cli.errors import BadArgument, InstallationStepFailed, VersionInUse
from attune_cli.installation.planning import build
from attune_cli.installation.programs import PROGRAMS
from attune_cli.installation.steps import Allow, MakeFolder, MakeUser, Rate, Remove, RunCommand, SetLink, Step, WriteFile
from attune_cli.local.installed import in_use, is_whole, require_root_and_systemd, version_of

#: Of what a failed command said, so many characters are shown.
_SHOWN = 4096
#: The last line of `systemd-analyze security UNIT`.
_EXPOSURE = re.compile(r"Overall exposure level for \S+: ([0-9]+\.[0-9]+) ([A-Z]+)", re.ASCII)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def carry_out(steps: Sequence[Step], tell: Callable[[Step], None], *, token: Callable[[], str]) -> None:
    """Do each step, and tell of the commands and of what was different before; `InstallationStepFailed`."""
    os.umask(0o022)
    changed = False
    for step in steps:
        if isinstance(step, Rate):
            if (rated := _rated(step)) is not None:
                tell(rated)
            continue
        if not isinstance(step, RunCommand):
            if not _change(step):
                continue
            changed = True
        elif step.after_changes and not changed:
            continue
        else:
            _run(step.argv, user=step.user, given=token() if step.token else "")
        tell(step)


def build_version(wheels: Path, tell: Callable[[Step], None]) -> Path:
    """Make the folder of the version in a directory of wheels, unless it is there; `WheelsUnusable`, `VersionInUse`."""
    require_root_and_systemd()
    version = PROGRAMS / version_of(wheels)
    if is_whole(version) or Path(sys.prefix) == version:
        return version
    if in_use(version):
        raise VersionInUse(f"{version} was not made by this command, and something runs from it")
    carry_out(build_steps(wheels.resolve(), version), tell, token=str)
    return version


def build_steps(wheels: Path, version: Path) -> Sequence[Step]:
    """Return how a version's folder is made, with the uv that came with these programs and an interpreter that every user may run."""
    try:
        from uv import find_uv_bin

        uv = Path(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise BadArgument("these programs came without uv, which --wheels needs", hint="install attune with its extra `agent`") from error
    return build(wheels, version, uv=uv, python=_interpreter())


def go_on_as(version: Path, words: Sequence[str]) -> None:
    """Become the attune of another version, which knows its own units; what stands on standard input is its to read."""
    program = str(version / "bin" / "attune")
    os.execv(program, [program, *words])  # noqa: S606 - a fixed program of our own, no shell


def _interpreter() -> Path:
    """Return the system's python3 where it will do, because services run as users who cannot look into anybody's home."""
    found = shutil.which("python3", path=_PATH)
    return Path(found) if found else Path(sys.executable).resolve()


def _change(step: MakeUser | MakeFolder | WriteFile | Allow | SetLink | Remove) -> bool:
    """Do one step; tell whether anything was different before."""
    try:
        match step:
            case MakeUser():
                _run(step.argv)
                return True
            case MakeFolder(path=path):
                return _make_folder(path) | _own(path, step.mode, step.owner, step.group, kind=os.O_DIRECTORY)
            case Allow(path=path):
                return _own(path, step.mode, step.owner, step.group)
            case WriteFile(path=path):
                return _write(path, step.text) | _own(path, step.mode, step.owner, step.group)
            case SetLink(path=path, target=target):
                return _link(path, target)
            case Remove(path=path):
                return _remove(path)
    except OSError as error:
        raise InstallationStepFailed(f"{error.filename or step}: {error.strerror}") from error
    except KeyError as error:  # a user of our name is there, and no group
        raise InstallationStepFailed(str(error.args[0])) from error


def _make_folder(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        return False
    path.mkdir(mode=0o700)
    return True


def _own(path: Path, mode: int, owner: str, group: str, *, kind: int = 0) -> bool:
    """Give a path its owner and mode, not through a link; the agent may write where some of them are, so nothing else is opened for it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | kind)
    try:
        found, owner_id, group_id = os.fstat(descriptor), pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
        if (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (owner_id, group_id, mode):
            return False
        os.fchown(descriptor, owner_id, group_id)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
    return True


def _write(path: Path, text: str) -> bool:
    content = text.encode()
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return False
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return True


def _link(path: Path, target: Path) -> bool:
    if path.is_symlink() and path.readlink() == target:
        return False
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)
    return True


def _remove(path: Path) -> bool:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_mount():  # a disk of its own is emptied, and stays mounted
        removed = [_remove(entry) for entry in list(path.iterdir())]
        return bool(removed)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        return False
    return True


def _run(argv: Sequence[str], *, user: str = "root", given: str = "") -> None:
    """Run a command; what it says is shown only if it fails."""
    entry = pwd.getpwnam(user)
    home = {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": entry.pw_dir}
    try:
        done = subprocess.run(
            argv,
            input=given,
            env=home,
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            user=entry.pw_uid,
            group=entry.pw_gid,
            extra_groups=[],
        )
    except OSError as error:
        raise InstallationStepFailed(f"{argv[0]}: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-_SHOWN:] or "it said nothing"
        raise InstallationStepFailed(f"`{' '.join(argv)}` ended with {done.returncode}: {said}", hint=_hint(argv))


def _rated(step: Rate) -> Rate | None:
    """Return a unit's rating; None: there is nobody to say it."""
    try:
        said = subprocess.run(
            step.argv, env={"PATH": _PATH, "LANG": "C.UTF-8"}, capture_output=True, text=True, errors="replace", check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _EXPOSURE.search(said.stdout)
    return replace(step, exposure=float(found[1]), rating=found[2]) if found else None


def _hint(argv: Sequence[str]) -> str:
    if argv[0] == "systemctl" and argv[-1].endswith(".service"):
        return f"see `journalctl --unit {argv[-1]} --lines 20`, then run this command again"
    return "repair what it says, then run this command again: what is done already stays"
