"""Here: which of Attune's programs live on this host, by what it was told and by what is found at the usual places.

Made by `attune doctor`, read by everything in `gathering`; settings that cannot be read are facts, too.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attune_agent.executor.protocol import SOCKET_NAME
from attune_agent.layout import DEFAULT_RUN, DEFAULT_STATE, Layout
from attune_cli.doctor.facts import Document
from attune_cli.doctor.findings import Unseen
from attune_cli.errors import NothingToExamine, NotLoggedIn, ProfileBroken
from attune_cli.profiles import Profile, load_profile, profile_directory, profile_name
from attune_core.errors import AttuneError

if TYPE_CHECKING:
    from attune_agent.host_settings import HostSettings
    from attune_agent.join import ControllerRecord
    from attune_controller.settings import ControllerSettings

CONTROLLER_STATE, CONTROLLER_SETTINGS = Path("/var/lib/attune-controller"), Path("/etc/attune/controller.yaml")
AGENT_SETTINGS = Path("/etc/attune/agent.yaml")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the command line says; empty: look for it."""

    controller: bool = False
    agent: bool = False
    state: Path | None = None
    run: Path | None = None
    settings: Path | None = None
    config: Path | None = None
    profile: str | None = None


@dataclass(frozen=True, kw_only=True)
class ControllerHere:
    """A controller on this host; no settings: none were found, or they have a mistake."""

    state: Path
    settings: "ControllerSettings | None" = None


@dataclass(frozen=True, kw_only=True)
class AgentHere:
    """An agent and its executor on this host."""

    layout: Layout
    executor_state: Path
    settings: "HostSettings"
    #: Whom it calls; None: it has not joined, or that is not for us to read.
    controller: "ControllerRecord | None" = None
    proxy: str = ""

    @property
    def socket(self) -> Path:
        """Where its executor listens."""
        return self.layout.run / SOCKET_NAME


@dataclass(frozen=True, kw_only=True)
class ProfileHere:
    """A profile of the user who asks."""

    name: str
    profile: Profile


@dataclass(kw_only=True)
class Here:
    """All of it, and the documents that it was read from."""

    controller: ControllerHere | None = None
    agent: AgentHere | None = None
    profile: ProfileHere | None = None
    documents: list[Document | Unseen] = field(default_factory=list)
    #: What was looked up once already, by its address.
    now: float = field(default_factory=time.time)

    @property
    def programs(self) -> Sequence[str]:
        """Return the names of what is here."""
        return [name for name in ("controller", "agent", "profile") if getattr(self, name) is not None]


def look_around(told: Told) -> Here:
    """Return what lives here; `NothingToExamine`."""
    here = Here()
    told = replace(told, state=told.state.absolute() if told.state else None)
    chosen = told.controller or told.agent
    if told.controller or (not chosen and _has_controller(told)):
        here.controller = _controller(told, here.documents)
    if told.agent or (not chosen and _has_agent(told)):
        here.agent = _agent(told, here.documents)
    if told.profile or not (chosen or told.state or told.settings or told.config):
        here.profile = _profile(told.profile, here.documents)
    if not here.programs and not here.documents:
        raise NothingToExamine("there is no controller, no agent and no profile on this host")
    return here


def split_url(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address; `ValueError`."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def _has_controller(told: Told) -> bool:
    if told.settings is not None:
        return True
    if told.state is not None:
        if not os.access(told.state, os.X_OK):
            return told.state.exists()  # an agent's state lets everybody through
        return any((told.state / name).exists() for name in ("store", "ca", "listening.json"))
    return not told.config and (CONTROLLER_STATE.exists() or CONTROLLER_SETTINGS.exists())


def _has_agent(told: Told) -> bool:
    if told.config is not None or told.run is not None:
        return True
    if told.state is not None:
        return _is_agents(told.state)
    if told.settings is not None:
        return False
    return "ATTUNE_AGENT_STATE" in os.environ or (DEFAULT_STATE / "agent").exists() or AGENT_SETTINGS.exists()


def _is_agents(state: Path) -> bool:
    return os.access(state, os.X_OK) and (state / "agent").exists()


def _controller(told: Told, documents: list[Document | Unseen]) -> ControllerHere:
    state = told.state if told.state is not None and not _is_agents(told.state) else None
    path = told.settings or (CONTROLLER_SETTINGS if state is None and CONTROLLER_SETTINGS.exists() else None)
    if path is None:
        why = "no settings file was found or named: ports and names of the settings are not looked at"
        documents.append(Unseen(program="controller", about="its settings", why=why, remedy="attune doctor --settings FILE"))
        return ControllerHere(state=state or CONTROLLER_STATE)
    settings = None
    try:
        from attune_controller.settings_file import read_settings

        settings = read_settings(path, environ=os.environ)
        documents.append(Document(program="controller", path=str(path)))
    except ImportError:
        documents.append(Unseen(program="controller", about=str(path), why="the controller is not installed with this command"))
    except AttuneError as error:
        documents.append(_refused("controller", path, error))
    return ControllerHere(state=state or (settings.state if settings else CONTROLLER_STATE), settings=settings)


def _agent(told: Told, documents: list[Document | Unseen]) -> AgentHere:
    from attune_agent.host_settings import HostSettings, read_host_settings
    from attune_agent.join import read_controller

    def place(given: Path | None, name: str, usual: Path) -> Path:
        return (given or Path(os.environ.get(f"ATTUNE_AGENT_{name}") or usual)).absolute()

    config = place(told.config, "CONFIG", AGENT_SETTINGS)
    chosen = told.state if told.state and (_is_agents(told.state) or not told.controller) else None
    state = place(chosen, "STATE", DEFAULT_STATE)
    layout = Layout(state=state, run=place(told.run, "RUN", DEFAULT_RUN))
    settings = HostSettings()
    try:
        settings = read_host_settings(config, required=told.config is not None)
        documents.append(Document(program="agent", path=str(config), there=config.exists()))
    except AttuneError as error:
        documents.append(_refused("agent", config, error))
    controller = None
    if os.access(layout.agent, os.X_OK):
        try:
            controller = read_controller(layout)
        except AttuneError:
            controller = None  # `agent.joined` says it
    return AgentHere(
        layout=layout,
        executor_state=state.with_name(f"{state.name}-executor"),
        settings=settings,
        controller=controller,
        proxy=os.environ.get("ATTUNE_AGENT_PROXY", ""),
    )


def _profile(chosen: str | None, documents: list[Document | Unseen]) -> ProfileHere | None:
    name = profile_name(chosen)
    path = profile_directory() / f"{name}.json"
    try:
        found = ProfileHere(name=name, profile=load_profile(name))
    except NotLoggedIn:
        if chosen:
            raise
        return None
    except ProfileBroken as error:
        documents.append(_refused("profile", path, error))
        return None
    documents.append(Document(program="profile", path=str(path)))
    return found


def _refused(program: str, path: Path, error: AttuneError) -> Document:
    return Document(program=program, path=str(path), trouble=f"{error.message} ({error.code})", remedy=error.hint)
