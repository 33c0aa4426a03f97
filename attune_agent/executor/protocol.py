"""The executor's protocol, version 1: message names, shapes and bounds that both ends of `executor.sock` use.

One JSON object a line, at most `LINE_LIMIT` bytes. The agent's `executor_link` asks (`id`, `type`), `answering` reads the question
and answers with the same `id`; messages without an `id` are pushed to every connection.

    hello   {protocol}                       → Greeting
    start   StartMessage                     → {state, log_directory}, once the start record is durable and it may begin
    begin   {execution, attempt}             → nothing; what was asked with `await_word` on this connection begins now, and is answered
    drop    {execution, attempt}             → nothing; it does not begin, nothing is left of it, and it is refused as `dropped`
    stop    {execution, attempt, grace, why} → {state}
    list    {sensors?}                       → {attempts: [ListedMessage]}, those of sensors if asked for
    outcome {execution, attempt}             → {state, outcome?}
    forget  {execution, attempt}             → {}
    trim    {execution, attempt, before}     → {}; segments of a sensor's spool with lower numbers are removed
    unspool {execution, attempt}             → {}; the whole spool of a sensor that has ended is removed
    renew   {execution, attempt, lease}      → {}; a sensor may run on for so many seconds from now
    retire  {now}                            → {}; nothing is started any more, and it ends when no attempt is left (`now`: it ends them)
    pushed  {type: condition | ended, …}
    refused {id, refused: code, detail}
"""

from typing import Literal, NotRequired, TypedDict

PROTOCOL = 1
LINE_LIMIT = 4 << 20
SOCKET_NAME = "executor.sock"

Kind = Literal["attempt", "build", "sensor"]
AttemptState = Literal["accepted", "running", "ended"]
How = Literal["exited", "signalled", "timed_out", "cancelled", "not_executable", "not_started", "lost"]
ResultState = Literal["missing", "ok", "not_regular", "too_large"]
ResultSource = Literal["file", "stdout", "none"]
InputVia = Literal["stdin", "file"]

#: Why a request was refused. `no_slot`, `busy_host` and `journal_full` pass by themselves; nothing was recorded or started.
#: `dropped`: it was to wait for a word, and that was another one, or whoever asked is gone, or the executor is being stopped.
Refusal = Literal[
    "bad_request", "no_slot", "busy_host", "journal_full", "other_state", "unknown", "stopping", "dropped", "protocol", "not_granted"
]

#: Which of its limits an attempt has hit; empty: none.
Limit = Literal["", "memory", "processes"]

HOWS: tuple[How, ...] = ("exited", "signalled", "timed_out", "cancelled", "not_executable", "not_started", "lost")


class Greeting(TypedDict):
    """What the executor says of itself."""

    protocol: int
    state_id: str  # of the state directory; a start may name it and is refused by another
    life: str  # of this process
    mode: Literal["uids", "unprivileged"]
    slots: int
    build: bool
    sensors: NotRequired[int]  # how many are hosted at the same time, beside the slots; executors of before 0.2 know none
    limits: list[Limit]  # what of an attempt is bounded, and told when it is hit
    awaits_word: NotRequired[bool]  # whether a start may wait for one; executors of before 0.2 know none
    inputs_in_memory: bool  # whether the private directories lie on a tmpfs (input by file may then hold secrets)


class LogBoundsMessage(TypedDict):
    """Bytes of the head, of one ring segment, and how many of these, per stream."""

    head: int
    segment: int
    segments: int


class SpoolMessage(TypedDict):
    """Bytes of one segment of a sensor's stdout, and how many there may be before the sensor has to wait."""

    segment: int
    segments: int


class LimitsMessage(TypedDict):
    """Resource limits of the attempt's processes; absent means the host's, which a larger one does not pass either."""

    memory: NotRequired[int]  # bytes, of all its processes together
    processes: NotRequired[int]
    open_files: NotRequired[int]


class SandboxMessage(TypedDict):
    """What an attempt's sandbox has, beside what every one has."""

    network: bool
    hide: list[str]  # folders that are covered; the executor adds its own
    show: list[str]  # folders below those that are shown again, read-only


class StartMessage(TypedDict):
    """One attempt (or build) to start."""

    execution: str
    attempt: int
    kind: Kind
    state_id: NotRequired[str]
    await_word: NotRequired[bool]  # it is recorded and prepared, and begins when `begin` says so
    argv: list[str]
    env: dict[str, str]
    cwd: str
    input_b64: str
    input_via: InputVia
    timeout: float  # kind sensor: 0 for none
    grace: float
    logs: LogBoundsMessage
    result_from: ResultSource
    result_limit: int
    mask_b64: list[str]
    limits: LimitsMessage
    spool: NotRequired[SpoolMessage]  # kind sensor: where stdout goes, instead of a log
    lease: NotRequired[float]  # kind sensor: it is stopped after so many seconds unless they are renewed; absent: never
    user: NotRequired[str]  # not of a build: the user of the host to be; refused unless the executor was given a grant for `action`
    action: NotRequired[str]
    sandbox: NotRequired[SandboxMessage]  # not of a build; absent: none
    uses: NotRequired[str]  # not of a build: the key of the environment it runs in, which must not be removed meanwhile
    environment: NotRequired[str]  # kind build: the key of the environment whose `tree` is made for it
    fresh: NotRequired[bool]  # kind build: empty that tree first
    home_b64: NotRequired[dict[str, str]]  # kind build: files below HOME, 0600, such as credentials of installers


class ResultMessage(TypedDict):
    """What the attempt left as its Result, with this attempt's secrets masked."""

    state: ResultState
    body_b64: str


class OutcomeMessage(TypedDict):
    """How an attempt ended; durable in the journal before anybody is told."""

    execution: str
    attempt: int
    how: How
    exit_code: int | None
    signal: int | None
    detail: str
    result: ResultMessage
    limit: Limit  # hit while it ran; it may have ended well nevertheless
    stdout_bytes: int
    stderr_bytes: int
    log_directory: str
    started_at: float | None
    ended_at: float
    duration: float


class ListedMessage(TypedDict):
    """One attempt that was not yet forgotten."""

    execution: str
    attempt: int
    kind: Kind
    state: AttemptState
    condition: str  # empty, or `kill_failed`
    log_directory: str
    uses: str  # the key of the environment it runs in; empty: none
