"""A `start` request read from JSON and held to its bounds by the executor, and the Order that it makes of one for a keeper.

The executor runs as root and the agent does not: every name that becomes part of a path is of a closed grammar, every number bounded.
A keeper is a fork of its executor, so an Order goes down to it in Python's own format, read once and checked once; what comes up from
a keeper, which lives as the action's uid, is JSON.
"""

import marshal
import re
from math import inf
from typing import NamedTuple

from attune_agent.executor import fields as read
from attune_agent.executor.bounded_log import Bounds
from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.executor.log_index import MOST_SEGMENTS
from attune_agent.executor.protocol import InputVia, Kind, ResultSource
from attune_agent.executor.sandbox import Sandbox
from attune_agent.executor.spool import SpoolBounds

_EXECUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_ENVIRONMENT_KEY = re.compile(r"[a-z0-9]{16}", re.ASCII)
#: A path below HOME: no `..`, nothing absolute, and so nothing that leads out of the empty folder.
_HOME_FILE = re.compile(r"\.?[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})*(/\.?[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})*){0,3}", re.ASCII)
_ACTION = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}", re.ASCII)
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", re.ASCII)
_RESERVED = frozenset({"HOME", "TMPDIR", "ATTUNE_RESULT", "ATTUNE_INPUT"})

MOST_INPUT = 2 << 20
MOST_HOME = 1 << 20
MOST_RESULT = 2 << 20
MOST_SECONDS = 366 * 86_400.0
_KINDS: tuple[Kind, ...] = ("attempt", "build", "sensor")
_MOST_SPOOLED = 4 << 30
_VIAS: tuple[InputVia, ...] = ("stdin", "file")
_SOURCES: tuple[ResultSource, ...] = ("file", "stdout", "none")


class StartCommand(NamedTuple):
    """One attempt or build to start."""

    execution: str
    attempt: int
    kind: Kind
    argv: tuple[str, ...]
    environment_variables: dict[str, str]
    folder: str
    timeout: float
    grace: float
    input: bytes
    input_via: InputVia
    result_from: ResultSource
    result_limit: int
    masks: tuple[bytes, ...]
    memory: int | None
    processes: int | None
    open_files: int | None
    user: str
    action: str
    uses: str
    environment: str | None
    fresh: bool
    home: dict[str, bytes]
    #: Of a sensor: how long it may run without being renewed, seconds.
    lease: float
    logs: Bounds
    sandbox: Sandbox | None
    #: Of a sensor: where its stdout goes.
    spool: SpoolBounds | None

    def __repr__(self) -> str:
        """Show which one it is, and nothing that may be secret."""
        return f"StartCommand({self.execution}, {self.attempt})"


class Order(NamedTuple):
    """What a keeper is told to prepare: the command, its private directory, and the tree of the environment that is built."""

    command: StartCommand
    private: str
    tree: str


def pack(order: Order) -> bytes:
    """Return the order's bytes; slices, because only what has no names of its own can be written."""
    command = order.command
    sandbox = None if command.sandbox is None else command.sandbox[:]
    spool = None if command.spool is None else command.spool[:]
    return marshal.dumps((order.private, order.tree, command[:-3], command.logs[:], sandbox, spool))


def unpack(content: bytes) -> Order:
    """Return the order that the executor has packed."""
    private, tree, plain, logs, sandbox, spool = marshal.loads(content)  # noqa: S302 - of our own parent, which is the more privileged one
    named = Bounds(*logs), None if sandbox is None else Sandbox(*sandbox), None if spool is None else SpoolBounds(*spool)
    return Order(StartCommand._make((*plain, *named)), private, tree)


def parse_key(fields: Fields) -> tuple[str, int]:
    """Return which attempt a request is about."""
    execution = read.text(fields, "execution")
    if not _EXECUTION.fullmatch(execution):
        raise FieldWrong("execution: letters, digits, _ . - are needed, at most 64")
    return execution, read.whole(fields, "attempt", 1, 1_000_000)


def parse_start(fields: Fields, document: bytes) -> StartCommand:
    """Return the command; `document` is the decoded Input."""
    execution, attempt = parse_key(fields)
    kind = read.one_of(fields, "kind", _KINDS)
    argv = read.texts(fields, "argv")
    folder = read.text(fields, "cwd")
    environment = read.text(fields, "environment", "")
    limits = read.nested(fields, "limits")
    if not argv or not argv[0] or not folder.startswith("/"):
        raise FieldWrong("argv and an absolute cwd are needed")
    if environment and (kind != "build" or not _ENVIRONMENT_KEY.fullmatch(environment)):
        raise FieldWrong("environment: 16 lower-case letters and digits, for a build, are needed")
    fresh = read.flag(fields, "fresh")
    if fresh and not environment:
        raise FieldWrong("fresh: only an environment's tree is emptied")
    uses = read.text(fields, "uses", "")
    if uses and (kind == "build" or not _ENVIRONMENT_KEY.fullmatch(uses)):
        raise FieldWrong("uses: 16 lower-case letters and digits, not for a build, are needed")
    if len(document) > MOST_INPUT:
        raise FieldWrong(f"input: more than {MOST_INPUT} bytes")
    return StartCommand(
        execution=execution,
        attempt=attempt,
        kind=kind,
        argv=tuple(argv),
        environment_variables=_variables(fields),
        folder=folder,
        timeout=_timeout(fields, kind),
        grace=read.seconds(fields, "grace", 3600.0),
        input=document,
        input_via=read.one_of(fields, "input_via", _VIAS),
        result_from=read.one_of(fields, "result_from", _SOURCES),
        result_limit=read.whole(fields, "result_limit", 0, MOST_RESULT),
        masks=tuple(read.from_base64(mask, "mask_b64") for mask in read.texts(fields, "mask_b64")),
        memory=read.optional_whole(limits, "memory", 1 << 20, 1 << 50),
        processes=read.optional_whole(limits, "processes", 1, 1 << 22),
        open_files=read.optional_whole(limits, "open_files", 8, 1 << 20),
        user=_user(fields, kind),
        action=_action(fields),
        uses=uses,
        environment=environment or None,
        fresh=fresh,
        home=_home(fields, kind),
        lease=read.seconds(fields, "lease", MOST_SECONDS) if "lease" in fields else inf,
        logs=_bounds(read.nested(fields, "logs")),
        sandbox=_sandbox(fields, kind),
        spool=_spool(fields, kind),
    )


def _timeout(fields: Fields, kind: Kind) -> float:
    seconds = read.seconds(fields, "timeout", MOST_SECONDS)
    return inf if kind == "sensor" and not seconds else seconds


def _spool(fields: Fields, kind: Kind) -> SpoolBounds | None:
    if kind != "sensor":
        return None
    said = read.nested(fields, "spool")
    bounds = SpoolBounds(read.whole(said, "segment", 4096, 64 << 20), read.whole(said, "segments", 2, 4096))
    if bounds.segment * bounds.segments > _MOST_SPOOLED:
        raise FieldWrong(f"spool: more than {_MOST_SPOOLED} bytes")
    return bounds


def _variables(fields: Fields) -> dict[str, str]:
    variables = read.text_map(fields, "env")
    if taken := _RESERVED & variables.keys():
        raise FieldWrong(f"env: {', '.join(sorted(taken))} are set by the executor")
    return variables


def _user(fields: Fields, kind: Kind) -> str:
    user = read.text(fields, "user", "")
    if user and (kind == "build" or not _USER.fullmatch(user)):
        raise FieldWrong("user: the name of a user, not for a build, is needed")
    return user


def _action(fields: Fields) -> str:
    action = read.text(fields, "action", "")
    if action and not _ACTION.fullmatch(action):
        raise FieldWrong("action: pack.name is needed")
    return action


def _sandbox(fields: Fields, kind: Kind) -> Sandbox | None:
    if "sandbox" not in fields:
        return None
    said = read.nested(fields, "sandbox")
    sandbox = Sandbox(read.flag(said, "network"), tuple(read.texts(said, "hide")), tuple(read.texts(said, "show")))
    if kind == "build" or not all(path.startswith("/") for path in (*sandbox.hide, *sandbox.show)):
        raise FieldWrong("sandbox: absolute paths, not for a build, are needed")
    return sandbox


def _home(fields: Fields, kind: Kind) -> dict[str, bytes]:
    if "home_b64" not in fields:
        return {}
    files = {name: read.from_base64(text, "home_b64") for name, text in read.text_map(fields, "home_b64").items()}
    if kind != "build" or not all(map(_HOME_FILE.fullmatch, files)):
        raise FieldWrong("home_b64: plain relative paths, for a build, are needed")
    if sum(map(len, files.values())) > MOST_HOME:
        raise FieldWrong(f"home_b64: more than {MOST_HOME} bytes")
    return files


def _bounds(fields: Fields) -> Bounds:
    return Bounds(
        head=read.whole(fields, "head", 4096, 64 << 20),
        segment=read.whole(fields, "segment", 4096, 1 << 30),
        segments=read.whole(fields, "segments", 1, MOST_SEGMENTS),
    )
