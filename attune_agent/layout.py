"""Where everything of an agent stands on disk: below its state directory and its run directory (design §5, State).

Built by `settings` and `join`, passed to every part by `app`; the command line and the doctor read the same places.
"""

from dataclasses import dataclass
from pathlib import Path

from attune_agent.errors import StateFormatUnknown
from attune_agent.executor.places import SPOOLS

DEFAULT_STATE = Path("/var/lib/attune")
DEFAULT_RUN = Path("/run/attune")
#: What the `format` file says; another number is refused.
STATE_FORMAT = "1"


@dataclass(frozen=True)
class Layout:
    """The two directories and the names below them."""

    state: Path = DEFAULT_STATE
    run: Path = DEFAULT_RUN

    @property
    def agent(self) -> Path:
        """0700: everything that only the agent may read."""
        return self.state / "agent"

    @property
    def database(self) -> Path:
        """Queues, executions in hand and reports not yet acknowledged."""
        return self.agent / "agent.sqlite"

    @property
    def key(self) -> Path:
        """The private key, 0600, made here and never sent."""
        return self.agent / "key.pem"

    @property
    def certificate(self) -> Path:
        """The certificate that names this agent."""
        return self.agent / "cert.pem"

    @property
    def authority(self) -> Path:
        """The controller's own authority, the only one the agent trusts."""
        return self.agent / "ca.pem"

    @property
    def controller(self) -> Path:
        """Name, URL of the agent listener and labels, as the enrolment answered."""
        return self.agent / "controller.json"

    @property
    def secrets(self) -> Path:
        """One 0600 file a secret."""
        return self.agent / "secrets"

    @property
    def ready(self) -> Path:
        """What the running agent says of itself, for tests and the doctor."""
        return self.agent / "status.json"

    @property
    def absence(self) -> Path:
        """Since when the controller is not heard."""
        return self.agent / "absence.json"

    @property
    def packs(self) -> Path:
        """Read-only copies of packs by digest, 0755."""
        return self.state / "packs"

    @property
    def environments(self) -> Path:
        """Isolated installs by key, 0755."""
        return self.state / "environments"

    @property
    def logs(self) -> Path:
        """Log files, written by the executor, read here."""
        return self.state / "logs"

    @property
    def spools(self) -> Path:
        """What sensors printed and the controller has not acknowledged, written by the executor, read here."""
        return self.logs / SPOOLS

    @property
    def socket(self) -> Path:
        """Where the executor listens."""
        return self.run / "executor.sock"

    def prepare(self) -> None:
        """Make the directories with their modes and the `format` file; `StateFormatUnknown` refuses what a later version wrote."""
        for directory, mode in (
            (self.state, 0o711),
            (self.agent, 0o700),
            (self.secrets, 0o700),
            (self.packs, 0o755),
            (self.environments, 0o755),
        ):
            if not directory.is_dir():
                directory.mkdir(mode=mode, parents=True)
                directory.chmod(mode)  # whatever the umask is
        mark = self.agent / "format"
        if not mark.exists():
            mark.write_text(STATE_FORMAT + "\n", encoding="ascii")
        found = mark.read_text(encoding="ascii", errors="replace").strip()
        if found != STATE_FORMAT:
            raise StateFormatUnknown(f"{mark} says format {found[:16]!r}, this version reads {STATE_FORMAT}")
