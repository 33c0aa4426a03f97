"""The Host port: starting, stopping, awaiting and re-attaching to attempts, whoever hosts them.

The attempt code and the environment builder call it; `executor_link.ExecutorLink` is the real one, simulations bring their own.
At most one start happens per (execution, attempt), whatever crashes (reliability.md G5): asking again answers the present state.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

#: Returns when a start may begin, raises if it is not to; asked again, it says the same.
Word: TypeAlias = Callable[[], Awaitable[None]]


class Kind(StrEnum):
    """Whose uid and which rules the processes get."""

    ATTEMPT = "attempt"  # a slot's own uid, umask 077
    BUILD = "build"  # the build user, umask 022, both output streams in the log `stdout`
    SENSOR = "sensor"  # as an attempt, but in no slot, for as long as it likes, and with its stdout in a spool


class How(StrEnum):
    """How an attempt ended; the agent maps it to an Outcome and a Reason."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NOT_EXECUTABLE = "not_executable"  # `detail` has the errno text; nothing ran
    NOT_STARTED = "not_started"  # the host lacked processes, memory or files; nothing ran, the next attempt number may
    LOST = "lost"  # `detail`: executor_died or keeper_died


class ResultState(StrEnum):
    """What was found where the Result should be."""

    MISSING = "missing"
    OK = "ok"
    NOT_REGULAR = "not_regular"
    TOO_LARGE = "too_large"


class ResultSource(StrEnum):
    """Where the Result is taken from."""

    FILE = "file"  # the file named by ATTUNE_RESULT
    STDOUT = "stdout"  # the first `result_limit` bytes of stdout (the log gets them too)
    NONE = "none"


class InputVia(StrEnum):
    """How the Input reaches the action."""

    STDIN = "stdin"
    FILE = "file"  # 0600, named by ATTUNE_INPUT; see `Greeting.inputs_in_memory` before secrets are in it


class AttemptState(StrEnum):
    """Where the executor has an attempt."""

    ACCEPTED = "accepted"  # the start record is durable
    RUNNING = "running"
    ENDED = "ended"


class Mode(StrEnum):
    """Whether attempts have uids of their own."""

    UIDS = "uids"
    UNPRIVILEGED = "unprivileged"


class Limit(StrEnum):
    """Which of its limits an attempt has hit."""

    NONE = ""
    MEMORY = "memory"
    PROCESSES = "processes"


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """What the executor says of itself at each connection."""

    protocol: int
    state_id: str  # of its state directory: store it before a start may begin, name it in the StartRequest
    life: str  # of its process; attempts of an earlier life that had not ended are LOST
    mode: Mode
    slots: int
    inputs_in_memory: bool
    limits: tuple[Limit, ...] = ()  # what of an attempt it bounds together, and tells when it is hit
    awaits_word: bool = False  # a start may wait for its word; else it is asked for when that has come
    sensors: int = 0  # how many it hosts at the same time; 0 as well: it is of a release that knows none


@dataclass(frozen=True, kw_only=True)
class LogBounds:
    """Bytes on disk per stream: the first `head`, and the last `segments` times `segment`."""

    head: int = 1 << 20
    segment: int = 8 << 20
    segments: int = 4


@dataclass(frozen=True, kw_only=True)
class SpoolBounds:
    """Bytes of one segment of a sensor's stdout, and how many may wait before the sensor has to."""

    segment: int
    segments: int


@dataclass(frozen=True, kw_only=True)
class ProcessLimits:
    """Limits of the attempt's processes; None leaves the host's, and a larger one does not pass it."""

    memory: int | None = None
    processes: int | None = None
    open_files: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What an attempt's sandbox has: folders that are covered, and those below them that are shown again."""

    network: bool = False
    hide: tuple[str, ...] = ()
    show: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """One attempt or build to start; `execution` is `[A-Za-z0-9][A-Za-z0-9_.-]{0,63}`, for builds any name such as `build-<key16>`.

    `env` is the whole environment but HOME, TMPDIR, ATTUNE_RESULT (and ATTUNE_INPUT), which the executor sets. `argv[0]` with a `/` is
    relative to `cwd`, else it is looked up along the PATH in `env`. Times are seconds.
    """

    execution: str
    attempt: int
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    timeout: float  # sensors: 0 for none
    grace: float = 10.0
    kind: Kind = Kind.ATTEMPT
    state_id: str | None = None
    input: bytes = field(default=b"", repr=False)
    input_via: InputVia = InputVia.STDIN
    logs: LogBounds = LogBounds()
    result_from: ResultSource = ResultSource.FILE
    result_limit: int = 1 << 20
    masks: tuple[bytes, ...] = field(default=(), repr=False)  # every form to be replaced by `***` in logs and Result
    limits: ProcessLimits = ProcessLimits()
    spool: SpoolBounds | None = None  # sensors
    lease: float | None = None  # sensors: stopped after so long unless renewed; None: never
    user: str | None = None  # not builds: the user of the host to be, if the executor was given a grant for `action`
    action: str | None = None
    sandbox: Sandbox | None = None  # not builds
    uses: str | None = None  # not builds: the key of the environment it runs in
    environment: str | None = None  # builds: `<environments>/<key>/tree` exists and belongs to the build user before it starts
    fresh: bool = False  # builds: that tree is emptied first
    home: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # builds: files below HOME, 0600, removed at the end


@dataclass(frozen=True, kw_only=True)
class StartReply:
    """The start record is durable: from here on the attempt ends in exactly one Ended."""

    state: AttemptState
    log_directory: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The Result as it was found; `body` only when `state` is OK, with this attempt's masks applied."""

    state: ResultState
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an attempt ended; the executor holds it until it is told to forget."""

    execution: str
    attempt: int
    how: How
    exit_code: int | None
    signal: int | None
    detail: str
    limit: Limit = Limit.NONE  # hit while it ran; it may have ended well nevertheless
    result: Result
    stdout_bytes: int
    stderr_bytes: int
    log_directory: str
    started_at: float | None  # wall clock, seconds; a label
    ended_at: float
    duration: float


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One attempt that the executor still holds."""

    execution: str
    attempt: int
    kind: Kind
    state: AttemptState
    condition: str  # empty, or `kill_failed`: a process of it cannot be killed, the attempt has not ended
    log_directory: str
    uses: str | None = None  # the key of the environment it runs in


class Host(Protocol):
    """Hosts attempts. Errors are those of `executor_errors`."""

    async def greeting(self) -> Greeting:
        """Return the executor's latest word about itself, waiting for a connection; `ExecutorUnreachable` after the connect limit."""
        ...

    async def start(self, request: StartRequest, word: Word | None = None) -> StartReply:
        """Start it unless it is known already; with a `word` it may be prepared meanwhile, and begins when that has come.

        `StartRefused`: nothing happened, try again later. `ExecutorUnreachable`: unknown, ask again with the same request (harmless).
        `GrantMissing`: not as that user. `ExecutorReplaced`: `request.state_id` is not this executor's. What the word raises, it raises.
        """
        ...

    async def stop(self, execution: str, attempt: int, *, grace: float) -> None:
        """Cancel: SIGTERM to the whole tree, after `grace` seconds SIGKILL. Twice or after the end is harmless; `AttemptUnknown`."""
        ...

    async def wait(self, execution: str, attempt: int) -> Ended:
        """Return how it ended, across reconnections and executor restarts; `AttemptUnknown` if the executor holds no such attempt."""
        ...

    async def listed(self) -> tuple[Listed, ...]:
        """Return every attempt that is not forgotten, for re-attaching."""
        ...

    async def forget(self, execution: str, attempt: int) -> None:
        """Tell that the outcome is stored here, before whatever is asked next; one that is unknown is fine, a running one stays.

        The word may be lost with the connection: the next start of the agent says it again.
        """
        ...


class SensorHost(Host, Protocol):
    """A Host that hosts sensors, too; what a sensor printed is read from its spool, and there until `trim` or `unspool` lets it go."""

    async def listed_sensors(self) -> tuple[Listed, ...]:
        """Return every run of a sensor that is not forgotten."""
        ...

    async def trim(self, run: str, before: int) -> None:
        """Let go of the spool's segments with lower numbers."""
        ...

    async def unspool(self, run: str) -> None:
        """Let go of the whole spool of a run that has ended."""
        ...

    async def renew(self, run: str, lease: float) -> None:
        """Let it run for so many seconds from now; `AttemptUnknown`."""
        ...
