"""ControllerSettings: what the person who runs the controller decides, as one strict model; the repository cannot change any of it.

Filled by `settings_file` from the file, the environment and flags, in that order; read by the composition root and nobody else.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from attune_core.addresses import Listen
from attune_core.models.base import DocumentModel, PositiveDuration
from attune_core.names import Name
from attune_core.quantities import parse_size
from attune_core.wire.session import PING_INTERVAL

_URL = re.compile(
    r"https://[^/@\s?#]+/[^\s?#]*|ssh://([A-Za-z0-9._-]+@)?[^/@\s?#]+/[^\s?#]*|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s?#]+", re.ASCII
)
_LOCAL_URL = re.compile(r"(file://)?/[^\0\n]*")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})


def _branch(text: str) -> str:
    if not _BRANCH.fullmatch(text) or ".." in text or text.endswith((".lock", "/", ".")) or "//" in text:
        raise ValueError("this is no name of a branch")
    return text


def _size(value: object) -> int:
    """Take only texts: a bare number would not say its unit."""
    if isinstance(value, str):
        return parse_size(value)
    raise ValueError("a size is a number with a unit, such as 64KiB, 8MiB or 1GiB")


#: Where the listener is reached from outside, when that is not its own address (a proxy, a forwarded port).
Url = Annotated[str, Field(max_length=512, pattern=r"^https?://[^\s/?#@]+$")]
PathText = Annotated[Path, Field(strict=False)]
Texts = Annotated[tuple[str, ...], Field(strict=False, max_length=32)]
EventRate = Annotated[float, Field(strict=False, ge=0.1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1 << 20), BeforeValidator(_size)]


class Repository(DocumentModel):
    """Where the desired state comes from."""

    url: str = Field(max_length=2000)
    branch: Annotated[str, AfterValidator(_branch)] = "main"
    poll: PositiveDuration = 10.0
    #: Hooks whose accepted events make the controller look at once.
    nudged_by: Annotated[tuple[Name, ...], Field(strict=False, max_length=32)] = ()
    #: Take a path on this machine as the url; for tests and `attune up`.
    allow_local: bool = False
    #: Take a rewritten history.
    allow_rewind: bool = False

    @model_validator(mode="after")
    def _url_is_plain(self) -> "Repository":
        """Keep credentials out of argv and messages, and other transports out altogether."""
        if not (_URL.fullmatch(self.url) or (self.allow_local and _LOCAL_URL.fullmatch(self.url))):
            raise ValueError(
                "repository.url is https://host/path without user and password, ssh://git@host/path or git@host:path"
                " (a path on this machine only with allow_local: true)"
            )
        return self


class Tls(DocumentModel):
    """A certificate of one's own for the public listener."""

    cert: PathText
    key: PathText


class Public(DocumentModel):
    """The listener for people, webhooks and enrolment."""

    listen: Listen = "127.0.0.1:7443"
    #: Host names and addresses in its certificate; the first one stands in what agents and people are told.
    names: Texts = ()
    url: Url | None = None
    tls: Tls | None = None
    #: Plain HTTP on loopback, behind a proxy that is trusted.
    plain: bool = False

    @model_validator(mode="after")
    def _plain_stays_home(self) -> "Public":
        if self.plain and self.tls is not None:
            raise ValueError("public.plain and public.tls exclude each other")
        if self.plain and self.listen.rpartition(":")[0] not in _LOOPBACK:
            raise ValueError("public.plain is for loopback only; listen on 127.0.0.1 or use TLS")
        return self


class Agents(DocumentModel):
    """The listener for agents, and what is decided about them."""

    listen: Listen = ":7444"
    names: Texts = ()
    url: Url | None = None
    #: How long an execution waits for an agent that matches.
    wait: PositiveDuration = 600.0
    #: How often both sides say that they are there; three times in silence end the session.
    ping: Annotated[PositiveDuration, Field(ge=0.1, le=PING_INTERVAL)] = PING_INTERVAL


class EventRates(DocumentModel):
    """Events a second that are taken from one source; a tenth at least. Names that end with `*` are the beginnings of sources."""

    #: Of each source that is not named; without it as many as come.
    default: EventRate | None = None
    sources: dict[str, EventRate] = Field(default_factory=dict, max_length=1000)


class Limits(DocumentModel):
    """Bounds of reading a revision, and of what waits; reliability.md §1.5."""

    fetch_time: PositiveDuration = 120.0
    repository_size: Bytes = 512 << 20
    check_time: PositiveDuration = 120.0
    check_memory: Annotated[int, Field(ge=256 << 20), BeforeValidator(_size)] = 2 << 30
    #: Unsettled executions of one queue; more are rejected (queue_full).
    queue: Annotated[int, Field(strict=False, ge=1)] = 10_000
    #: Events to be planned and unsettled executions of all queues; more are refused with 429.
    executions: Annotated[int, Field(strict=False, ge=1)] = 1_000_000
    #: More of a source are refused with 429.
    events_per_second: EventRates = EventRates()


class Retention(DocumentModel):
    """How long what is over is kept; reliability.md §1.5. What is not settled is always kept."""

    #: Also how long a repeated delivery is known as one.
    events: PositiveDuration = 7 * 86_400.0
    #: Dead letters that nobody dropped, at least as long as events.
    dead_letters: PositiveDuration = 30 * 86_400.0
    dead_letters_kept: Annotated[int, Field(strict=False, ge=1)] = 100_000
    executions: PositiveDuration = 30 * 86_400.0
    executions_kept: Annotated[int, Field(strict=False, ge=1)] = 1_000_000


class Metrics(DocumentModel):
    """The listener for those who watch: /metrics, /health, /ready; plain HTTP, without a token."""

    listen: Listen = "127.0.0.1:9464"


class ControllerSettings(DocumentModel):
    """All of it."""

    state: PathText = Path("/var/lib/attune-controller")
    #: Take a state directory on a network file system all the same.
    allow_network_state: bool = False
    repository: Repository
    public: Public = Public()
    agents: Agents = Agents()
    limits: Limits = Limits()
    retention: Retention = Retention()
    #: Off unless it is there.
    metrics: Metrics | None = None
