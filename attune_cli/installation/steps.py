"""Steps: what an installation does to a host, one value a thing; a plan is a sequence of them.

Made by `planning`, printed by `render/installation`, carried out by `local/installing`, each in order.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class MakeUser:
    """A system user and the group of its name; one that is there stays as it is."""

    name: str
    home: Path

    @property
    def argv(self) -> tuple[str, ...]:
        """Return the command that makes it."""
        shell = "/usr/sbin/nologin"
        return ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(self.home), "--shell", shell, self.name)


@dataclass(frozen=True, kw_only=True)
class MakeFolder:
    """A directory with its owner and mode."""

    path: Path
    mode: int
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, kw_only=True)
class WriteFile:
    """A file with its whole content, written beside and put in its place."""

    path: Path
    text: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, kw_only=True)
class Allow:
    """The owner and mode of a file that somebody else wrote."""

    path: Path
    mode: int
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, kw_only=True)
class SetLink:
    """A symbolic link, which changes its target in one step."""

    path: Path
    target: Path


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """A command; a failure ends the installation."""

    argv: tuple[str, ...]
    user: str = "root"
    #: Given on standard input, and never shown.
    token: bool = False
    #: Only when a step before it has changed something.
    after_changes: bool = False


@dataclass(frozen=True, kw_only=True)
class Remove:
    """A file, a link, or a directory with all that is in it; nothing where it is gone already."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What systemd thinks of what a unit may do; it is told, and where it cannot be asked nothing is."""

    unit: str
    #: Why it may do what it may.
    why: str
    #: From 0 (nothing) to 10, and the word for it; None: it was not asked yet.
    exposure: float | None = None
    rating: str = ""

    @property
    def argv(self) -> tuple[str, ...]:
        """Return the command that says it."""
        return ("systemd-analyze", "security", "--no-pager", self.unit)


Step: TypeAlias = MakeUser | MakeFolder | WriteFile | Allow | SetLink | RunCommand | Remove | Rate
