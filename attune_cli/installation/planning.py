"""Planning: which steps install a program on a host, and which take it away again, given what is there.

Called by `local/installing` with what it saw; pure, so that `--dry-run` prints exactly what would be done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from attune_cli.installation.programs import ALL, PROGRAMS, SETTINGS, TYPED, UNITS, WHY, Program, unit_text
from attune_cli.installation.steps import Allow, MakeFolder, MakeUser, Rate, Remove, RunCommand, SetLink, Step, WriteFile

#: What becomes of an executor of another version: it goes on, or is replaced when nothing runs, or at once.
Executor: TypeAlias = Literal["keep", "idle", "now"]


@dataclass(frozen=True, kw_only=True)
class Host:
    """What is there already."""

    #: Where the programs are that are to be installed: a folder below /opt/attune.
    version: Path
    #: The version that was there before, if it is another one and can still be run: an upgrade that fails goes back to it.
    before: Path | None = None
    users: frozenset[str] = frozenset()
    #: Versions that the link of a program names, or that a running process is of.
    used: frozenset[Path] = frozenset()
    #: All folders of versions.
    versions: frozenset[Path] = frozenset()
    #: Below /opt/attune there is something that no installation made.
    foreign: bool = False
    #: Programs whose units are there.
    installed: frozenset[str] = frozenset()
    settings: bool = False
    joined: bool = True
    #: The version that the unit which an upgrade restarts runs from.
    serving: Path | None = None
    executor_runs: bool = False


def installation(program: Program, host: Host) -> Sequence[Step]:
    """Return the steps that install or upgrade a program, until it runs; repeated, they change nothing."""
    return list(_install(program, host))


def afterwards(program: Program, host: Host, *, executor: Executor = "keep") -> Sequence[Step]:
    """Return the steps that follow once the program runs: its executor, versions that nothing needs any more, and what its units may do."""
    return list(_follow(program, host, executor))


def way_back(program: Program, host: Host) -> Sequence[Step]:
    """Return the steps from a version that did not start to the one before, which installs itself: it knows its own units.

    The folder of the one that did not start counts as not made to its end, so that the next installation from wheels makes it anew.
    """
    if host.before is None or not host.joined:
        return ()
    return [
        SetLink(path=program.link, target=host.before),
        RunCommand(argv=(str(host.before / "bin" / "attune"), program.name, "install")),
        Remove(path=host.version / COMPLETE),
    ]


def removal(program: Program, host: Host, *, purge: bool, now: bool) -> Sequence[Step]:
    """Return the steps that end a program's units and take it off the host; its state goes only with `purge`."""
    return list(_remove(program, host, purge=purge, now=now))


def build(wheels: Path, version: Path, *, uv: Path, python: Path) -> Sequence[Step]:
    """Return the steps that make the folder of a version from wheels, without a network; the last one says that it is whole."""
    requirements = ("--require-hashes", "--requirement", str(wheels / "requirements.txt"))
    offline = ("--offline", "--no-config", "--no-cache", "--no-index", "--find-links", str(wheels), "--no-deps")
    where = ("--python", str(version / "bin" / "python"))
    return [
        MakeFolder(path=PROGRAMS, mode=0o755),
        Remove(path=version),
        RunCommand(argv=(str(uv), "venv", "--quiet", "--no-config", "--offline", "--python", str(python), str(version))),
        RunCommand(argv=(str(uv), "pip", "install", "--quiet", "--compile-bytecode", *where, *offline, *requirements)),
        RunCommand(argv=("sync", "--file-system", str(version))),
        RunCommand(argv=(str(version / "bin" / "attune"), "--version")),
        WriteFile(path=version / COMPLETE, text=""),
    ]


#: The file in a version's folder that says that it was built to the end.
COMPLETE = "complete"


def _install(program: Program, host: Host) -> Iterator[Step]:
    if program.user not in host.users:
        yield MakeUser(name=program.user, home=program.state)
    yield MakeFolder(path=SETTINGS, mode=0o755)
    if host.settings:
        yield Allow(path=program.settings, mode=0o644)
    yield from program.folders
    yield SetLink(path=program.link, target=host.version)
    for name in program.typed:
        yield SetLink(path=TYPED[name], target=program.link / "bin" / name)
    for unit in program.units:
        yield WriteFile(path=UNITS / unit, text=unit_text(unit, link=program.link))
    yield _systemctl("daemon-reload")
    if not host.joined:
        yield RunCommand(argv=(str(program.link / "bin" / "attune"), "agent", "join"), user=program.user, token=True)
    yield _systemctl("enable", "--quiet", *program.units)
    *kept, renewed = program.units
    for unit in kept:
        yield _systemctl("start", unit)
    yield _systemctl("restart", renewed, after_changes=host.serving in (None, host.version))  # or one that was interrupted has changed it
    yield _systemctl("start", renewed)


def _follow(program: Program, host: Host, executor: Executor) -> Iterator[Step]:
    kept = program.units[:-1]
    if kept and host.executor_runs and executor != "keep":
        yield RunCommand(argv=_stop(program, now=executor == "now"))
        yield _systemctl("start", *kept)
    yield from _unused(host, {host.version})
    for unit in program.units:
        yield Rate(unit=unit, why=WHY[unit])


def _remove(program: Program, host: Host, *, purge: bool, now: bool) -> Iterator[Step]:
    if program.name in host.installed:
        yield from _end(program, host, now=now)
    for unit in reversed(program.units):  # while the last one is there, whatever is left to be ended is ended
        yield Remove(path=UNITS / unit)
    yield _systemctl("daemon-reload")
    others = [ALL[name] for name in sorted(host.installed - {program.name})]
    for name in program.typed:
        heirs = [other for other in others if name in other.typed]
        yield SetLink(path=TYPED[name], target=heirs[0].link / "bin" / name) if heirs else Remove(path=TYPED[name])
    yield Remove(path=program.link)
    if purge:
        for folder in program.folders:
            yield Remove(path=folder.path)
        yield Remove(path=program.settings)
        if program.user in host.users:
            yield RunCommand(argv=("userdel", program.user))
    if not others:
        for path in sorted(host.versions) if host.foreign else [PROGRAMS]:
            yield Remove(path=path)


def _end(program: Program, host: Host, *, now: bool) -> Iterator[Step]:
    *kept, renewed = program.units
    yield _systemctl("disable", "--quiet", "--now", renewed)
    if kept and host.executor_runs:
        yield RunCommand(argv=_stop(program, now=now))
    for unit in kept:
        yield _systemctl("disable", "--quiet", "--now", unit)


def _unused(host: Host, needed: set[Path]) -> Iterator[Step]:
    """Versions that no service is started from and nothing runs of; the one before stays as long as the executor is of it."""
    for version in sorted(host.versions - host.used - needed):
        yield Remove(path=version)


def _stop(program: Program, *, now: bool) -> tuple[str, ...]:
    return (str(program.link / "bin" / "attune-executor"), "stop", *(["--now"] if now else []))


def _systemctl(*words: str, after_changes: bool = False) -> RunCommand:
    return RunCommand(argv=("systemctl", *words), after_changes=after_changes)
