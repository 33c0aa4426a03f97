"""Facts: what was seen of the machine and the other side, as plain values that say nothing about good or bad.

Filled by `gathering`, read by `judging`; `program` is controller, agent, executor, host or profile. Times are seconds since the epoch.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What all facts share: the program that it concerns."""

    program: str


@dataclass(frozen=True, kw_only=True)
class KernelClock(Fact):
    """Whether the kernel counts this machine's clock as synchronised, and the error in seconds that it admits."""

    synchronised: bool
    most_error: float


@dataclass(frozen=True, kw_only=True)
class Resolved(Fact):
    """A name of the settings and the addresses it has; `own`: others look for this very host by it."""

    name: str
    addresses: tuple[str, ...]
    trouble: str = ""
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Handshake(Fact):
    """What came of a connection: `trouble` of TCP, `plain` without TLS, `chain` of the authority, `refused` after the handshake."""

    endpoint: str
    host: str
    seconds: float = 0.0
    trouble: str = ""
    tls: bool = True
    #: The other side speaks the other one of TLS and plain HTTP.
    other_speech: bool = False
    chain: str = ""
    begins: float | None = None
    ends: float | None = None
    names: tuple[str, ...] = ()
    refused: str = ""
    #: The Date header, and when it came here.
    date: float | None = None
    now: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Certificate(Fact):
    """One on this host's disk; `what` names it, `renewal` is how a new one is had."""

    path: str
    what: str
    renewal: str
    begins: float = 0.0
    ends: float = 0.0
    now: float = 0.0
    #: What stands there instead of a certificate.
    trouble: str = ""
    #: Of so many days left it is said.
    due_days: int = 10


@dataclass(frozen=True, kw_only=True)
class Git:
    """How the controller stands with its repository: the revision that is live, and at which step the newest one fails, and why."""

    repository: str
    branch: str
    live: str = ""
    step: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Answered(Fact):
    """How the controller answered the profile's token: its version and how it stands with git, or the code and words of a refusal."""

    about: str
    version: str = ""
    ours: str = ""
    git: Git | None = None
    code: str = ""
    message: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Port(Fact):
    """An address of the settings; `holders` are the pids that have it, none known: somebody whose are not shown to us."""

    setting: str
    address: str
    held: bool
    holders: tuple[tuple[int, str], ...] = ()
    #: The pid of the program whose port it is; None: it does not run.
    runs: int | None = None


@dataclass(frozen=True, kw_only=True)
class Disk(Fact):
    """The file system below a directory."""

    path: str
    total: int
    free: int
    inodes: int
    inodes_free: int
    network: str = ""
    #: The settings take a network file system.
    network_allowed: bool = False


@dataclass(frozen=True, kw_only=True)
class Reserve(Fact):
    """The space that a controller keeps for when its disk is full."""

    path: str
    there: bool


@dataclass(frozen=True, kw_only=True)
class Inputs(Fact):
    """Where inputs of attempts are written."""

    path: str
    on_memory: bool


@dataclass(frozen=True, kw_only=True)
class Format(Fact):
    """The number of what is on disk, and the newest that this program reads."""

    path: str
    what: str
    found: str
    number: int | None
    newest: int


@dataclass(frozen=True, kw_only=True)
class Installed(Fact):
    """The version of a program that runs, and of the one that is installed."""

    running: str
    installed: str
    restart: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file or directory with owner and mode as found and as they should be; `open_to` are bits that others need."""

    path: str
    mode: int
    owner: int
    wanted_mode: int
    wanted_owner: int
    open_to: int = 0


@dataclass(frozen=True, kw_only=True)
class Entries(Fact):
    """All entries of a program that are there."""

    about: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Passage(Fact):
    """The folders above a path that attempts' uids cannot pass."""

    path: str
    closed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class User(Fact):
    """To whom a state directory belongs; no name: there is no such user."""

    path: str
    uid: int
    name: str


@dataclass(frozen=True, kw_only=True)
class UidRange(Fact):
    """The uids of attempts, and who else has some: (where, who, first, last)."""

    first: int
    last: int
    others: tuple[tuple[str, str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Tool(Fact):
    """A program of an ecosystem on the host's path; `trouble` is why it does not serve."""

    ecosystem: str
    name: str
    path: str = ""
    version: str = ""
    trouble: str = ""
    #: The folder that attempts' uids cannot pass.
    closed: str = ""


@dataclass(frozen=True, kw_only=True)
class Socket(Fact):
    """What the executor's socket answered to a hello."""

    path: str
    there: bool = True
    #: dead (nobody listens), denied (by the file's mode), dropped (by the executor, for our uid), silent, or empty.
    trouble: str = ""
    peer: int | None = None
    #: What it refused with, such as the protocol.
    refused: str = ""
    protocol: int | None = None
    ours: int = 1
    mode: str = ""
    slots: int = 0
    wanted_slots: int = 0
    limits: tuple[str, ...] = ()
    inputs_in_memory: bool = True


@dataclass(frozen=True, kw_only=True)
class Limits(Fact):
    """Limits of a process that runs."""

    pid: int
    files: int | None
    core: int | None


@dataclass(frozen=True, kw_only=True)
class Dumps(Fact):
    """Where the kernel sends the memory of a program that crashes."""

    pattern: str


@dataclass(frozen=True, kw_only=True)
class Pids(Fact):
    """How many processes the kernel allows, and how many attempts may have together."""

    most: int
    wanted: int


@dataclass(frozen=True, kw_only=True)
class Groups(Fact):
    """Which controllers of cgroups there are."""

    version: int
    controllers: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, kw_only=True)
class Document(Fact):
    """A file of settings and what is wrong with it; without one the defaults hold."""

    path: str
    there: bool = True
    trouble: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Membership(Fact):
    """Whether an agent has joined, and is connected, as far as it says."""

    path: str
    name: str = ""
    runs: bool = False
    connected: bool = False
