"""What stands in a host's agent.yaml: what the host grants and how it reaches the world; the controller cannot override it.

Read by the agent's `settings`, and by `app` again for `paused`. `slots`, `uids` and the directories reach the executor as flags of its own,
because it reads no YAML.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from attune_agent.contact import OFFLINE_LIMIT
from attune_agent.ecosystems.credentials import PLAIN, Credential, credential
from attune_agent.preparation_errors import HostSettingsRefused
from attune_agent.regular_file import read_regular
from attune_core.addresses import Listen
from attune_core.catalog.documents import read_document
from attune_core.catalog.findings import Findings
from attune_core.catalog.model_problems import read_model
from attune_core.marks import NOTE_LIMIT
from attune_core.models.base import DocumentModel, MemorySize, PositiveDuration, UserName, read_size
from attune_core.names import Name, Reference
from attune_core.safe_text import safe_text

DEFAULT_FILE = Path("/etc/attune/agent.yaml")
DEFAULT_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_SIZE_LIMIT = 1 << 20
_CREDENTIALS = re.compile(r"//[^/\s]*@")
_SET_BY_EXECUTOR = frozenset({"HOME", "TMPDIR", "PATH", "LANG"})


def _absolute(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or re.search(r"[:\0\n]", path):
        raise ValueError(f"{path[:80]!r} is no absolute path without `..` and `:`")
    return path


def _without_credentials(text: str) -> str:
    """Everything in here ends in the environment of an installer, where no credential may stand (design §3)."""
    if _CREDENTIALS.search(text):
        raise ValueError(
            "an address with a user or password would stand in an environment, which is no place for a secret; see `network.credentials`"
        )
    return text


AbsolutePath = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_absolute)]
_Open = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$"), AfterValidator(_without_credentials)]
_Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class Login(DocumentModel):
    """Who installers are at one registry; the password is a secret of this host, by its name."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:[0-9]{1,5})?$")]
    username: Annotated[str, StringConstraints(max_length=256), StringConstraints(pattern=PLAIN)]
    password: Name


class Network(DocumentModel):
    """How installers (and nothing else) reach package registries."""

    #: PEM bundle of the authorities to trust, for hosts behind a private one.
    ca_file: AbsolutePath | None = None
    #: `http://host:port`.
    proxy: Annotated[_Open, StringConstraints(pattern=r"^https?://")] | None = None
    #: Variables such as UV_DEFAULT_INDEX or npm_config_registry.
    environment: dict[_Variable, _Open] = Field(default_factory=dict, max_length=100)
    #: For registries that ask who one is.
    credentials: Annotated[tuple[Login, ...], Field(strict=False, max_length=100)] = ()

    @model_validator(mode="after")
    def _refuse_ours(self) -> Self:
        if taken := sorted(name for name in self.environment if name in _SET_BY_EXECUTOR or name.startswith("ATTUNE_")):
            raise ValueError(f"{', '.join(taken)} cannot be set for installers")
        return self

    def variables(self) -> dict[str, str]:
        """Return what installers get, the CA file aside, which each of them wants under another name."""
        proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
        return {**(dict.fromkeys(proxies, self.proxy) if self.proxy else {}), **self.environment}

    def logins(self, secret: Callable[[str], str]) -> tuple[Credential, ...]:
        """Return the credentials with the passwords that `secret` reads now; `SecretMissing`, `SecretRefused`."""
        return tuple(credential(one.host, one.username, one.password, secret(one.password)) for one in self.credentials)


class Allow(DocumentModel):
    """Which actions and sensors this host runs at all: those of the packs, and the single ones; without any of these, all."""

    packs: Annotated[tuple[Name, ...], Field(strict=False, max_length=1000)] | None = None
    actions: Annotated[tuple[Reference, ...], Field(strict=False, max_length=10_000)] | None = None
    sensors: Annotated[tuple[Reference, ...], Field(strict=False, max_length=10_000)] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.packs is None and self.actions is None and self.sensors is None


class StoreSettings(DocumentModel):
    """What environments may take of this host."""

    #: All of them together; the least recently used go first, never one in use.
    size: Annotated[int, Field(ge=1 << 20), BeforeValidator(read_size)] = 10 << 30


class Grant(DocumentModel):
    """Which actions and sensors may run as a user: those of the packs, and the single ones; without any of these, none."""

    packs: Annotated[tuple[Name, ...], Field(strict=False, max_length=1000)] = ()
    actions: Annotated[tuple[Reference, ...], Field(strict=False, max_length=10_000)] = ()
    sensors: Annotated[tuple[Reference, ...], Field(strict=False, max_length=10_000)] = ()
    #: Whether programs that give more privileges, such as sudo, give them to these actions.
    privileges: bool = False


class HostLimits(DocumentModel):
    """What one attempt has at most; an action's own limits only make it less."""

    memory: MemorySize | None = None
    processes: Annotated[int, Field(ge=1, le=1 << 20)] = 512
    time: PositiveDuration | None = None


class Metrics(DocumentModel):
    """The listener for those who watch: /metrics, /health, /ready; plain HTTP, without a token."""

    listen: Listen = "127.0.0.1:9465"


class HostSettings(DocumentModel):
    """The document."""

    KIND: ClassVar[str] = "host"

    slots: Annotated[int, Field(ge=1, le=256)] = 4
    #: Sensors at the same time, beside the slots; without it 8, or as many as `uids` has room for.
    sensors: Annotated[int, Field(ge=0, le=256)] | None = None
    #: What may wait on disk of one sensor while the controller is away; then the sensor itself waits.
    spool: Annotated[int, Field(ge=2 << 20, le=4 << 30), BeforeValidator(read_size)] = 64 << 20
    #: `first-last`, the range that the executor takes its attempt uids from; the first one builds.
    uids: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,9}-[1-9][0-9]{0,9}$")] | None = None
    #: Where programs are looked for: interpreters, tools, and what actions call.
    path: Annotated[tuple[AbsolutePath, ...], Field(strict=False, min_length=1, max_length=64)] = DEFAULT_PATH
    #: Where the secrets' files are, when not in the agent's state directory.
    secrets: AbsolutePath | None = None
    network: Network = Network()
    environments: StoreSettings = StoreSettings()
    allow: Allow = Allow()
    #: User of the host -> the actions that may run as it.
    users: dict[UserName, Grant] = Field(default_factory=dict, max_length=100)
    limits: HostLimits = HostLimits()
    #: `strict`: every action runs in a sandbox, whatever its document says.
    sandbox: Literal["none", "strict"] = "none"
    #: Why this host starts nothing new; read again on SIGHUP.
    paused: Annotated[str, StringConstraints(max_length=NOTE_LIMIT)] = ""
    #: How long the host goes on with what it has while the controller is not heard; then it starts nothing new.
    offline_limit: PositiveDuration = OFFLINE_LIMIT
    #: Off unless it is there.
    metrics: Metrics | None = None
    #: Take a state directory on a network file system all the same.
    allow_network_state: bool = False

    def grants(self, user: str, action: str) -> bool:
        """Tell whether an action (`pack.name`) may run as a user of the host."""
        grant = self.users.get(user, Grant())
        return action.partition(".")[0] in grant.packs or action in grant.actions

    def grants_sensor(self, user: str, sensor: str) -> bool:
        """Tell whether a sensor (`pack.name`) may run as a user of the host."""
        grant = self.users.get(user, Grant())
        return sensor.partition(".")[0] in grant.packs or sensor in grant.sensors

    def allows(self, action: str) -> bool:
        """Tell whether this host runs an action (`pack.name`); `rejected(policy_denied)` otherwise."""
        allow = self.allow
        return allow.everything or action.partition(".")[0] in (allow.packs or ()) or action in (allow.actions or ())

    def allows_sensor(self, sensor: str) -> bool:
        """Tell whether this host runs a sensor (`pack.name`)."""
        allow = self.allow
        return allow.everything or sensor.partition(".")[0] in (allow.packs or ()) or sensor in (allow.sensors or ())


def read_host_settings(path: Path, *, required: bool = True) -> HostSettings:
    """Return the settings of a file (without `required`, defaults when it does not exist); `HostSettingsRefused` with line and column."""
    try:
        raw = _read_owned(path)
    except FileNotFoundError as error:
        if not required:
            return HostSettings()
        raise HostSettingsRefused(f"there is no file {path}") from error
    except OSError as error:
        raise HostSettingsRefused(f"{path} cannot be read: {error.strerror}") from error
    findings = Findings()
    document, problems = read_document(str(path), raw)
    findings.add(problems)
    found = read_model(HostSettings, document, findings) if document is not None else None
    if found is None:
        first = findings.sorted()[0]
        raise HostSettingsRefused(safe_text(f"{first.place()}: {first.message}", limit=1000), hint=first.hint)
    return found


def _read_owned(path: Path) -> bytes:
    raw = read_regular(path, _SIZE_LIMIT, judge=lambda found: _refuse_foreign(path, found), follow=True)
    if len(raw) > _SIZE_LIMIT:
        raise HostSettingsRefused(f"{path} has more than {_SIZE_LIMIT >> 20} MiB")
    return raw


def _refuse_foreign(path: Path, found: os.stat_result) -> None:
    """Refuse what somebody else than root and this program's own user could have written."""
    if found.st_uid not in (0, os.geteuid()):
        raise HostSettingsRefused(f"{path} belongs to uid {found.st_uid}", hint=f"chown root {path}")
    if found.st_mode & 0o022:
        raise HostSettingsRefused(f"{path} can be changed by others (mode {stat.S_IMODE(found.st_mode):04o})", hint=f"chmod 644 {path}")
