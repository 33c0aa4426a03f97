"""Programs: what can be installed on a host as services: its user, its folders (design §5, State) and its units.

Read by `planning`; the units' texts are the files in `units/`, in which only the place of the programs is filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attune_cli.installation.steps import MakeFolder

#: Every installed version has a folder here, and each program a link to the one that it is started from.
PROGRAMS = Path("/opt/attune")
UNITS = Path("/etc/systemd/system")
SETTINGS = Path("/etc/attune")
#: Why each unit may do what `systemd-analyze security` counts; the page says it at length.
WHY: Mapping[str, str] = {
    "attune-agent.service": "no capability and no new privileges; it talks to the controller, and its own state is all that it can write",
    "attune-controller.service": "no capability and no new privileges; it serves the network, and its own state is all that it can write",
    "attune-executor.service": (
        "actions descend from it and would miss whatever it is denied; its eight capabilities give them uids of their own, own their "
        "files, bound and end them; an action has none of these"
    ),
}
EXPLAINED = "docs/howto/install.md"
#: What people type; links to the programs of the last installation.
TYPED = {name: Path("/usr/local/bin", name) for name in ("attune", "attune-agent", "attune-executor")}


@dataclass(frozen=True, kw_only=True)
class Program:
    """One kind of installation."""

    name: str
    user: str
    state: Path
    settings: Path
    folders: tuple[MakeFolder, ...]
    #: In the order in which they are started; the last one is restarted by an upgrade, the others are not.
    units: tuple[str, ...]
    typed: tuple[str, ...]

    @property
    def link(self) -> Path:
        """Return the link to the version that its units start."""
        return PROGRAMS / self.name


AGENT = Program(
    name="agent",
    user="attune",
    state=Path("/var/lib/attune"),
    settings=SETTINGS / "agent.yaml",
    folders=(
        MakeFolder(path=Path("/var/lib/attune"), mode=0o711, owner="attune", group="attune"),
        MakeFolder(path=Path("/var/lib/attune/agent"), mode=0o700, owner="attune", group="attune"),
        MakeFolder(path=Path("/var/lib/attune/packs"), mode=0o755, owner="attune", group="attune"),
        MakeFolder(path=Path("/var/lib/attune/environments"), mode=0o755, owner="attune", group="root"),
        MakeFolder(path=Path("/var/lib/attune/logs"), mode=0o2750, owner="root", group="attune"),
        MakeFolder(path=Path("/var/lib/attune-executor"), mode=0o700),
    ),
    units=("attune-executor.service", "attune-agent.service"),
    typed=("attune", "attune-agent", "attune-executor"),
)
CONTROLLER = Program(
    name="controller",
    user="attune-controller",
    state=Path("/var/lib/attune-controller"),
    settings=SETTINGS / "controller.yaml",
    folders=(MakeFolder(path=Path("/var/lib/attune-controller"), mode=0o700, owner="attune-controller", group="attune-controller"),),
    units=("attune-controller.service",),
    typed=("attune",),
)
ALL: Mapping[str, Program] = {one.name: one for one in (AGENT, CONTROLLER)}


def unit_text(unit: str, *, link: Path) -> str:
    """Return a unit as it is written, started from the programs behind a link."""
    return (Path(__file__).with_name("units") / unit).read_text(encoding="utf-8").replace("@PROGRAMS@", str(link / "bin"))
