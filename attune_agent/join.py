"""Joining: a host makes its own key, trusts the one authority that the join token names, and gets its first certificate.

Called by `attune agent join`, which reads the token from a prompt, a file or standard input; afterwards `attune-agent run` connects.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from attune_agent.errors import AlreadyJoined, AuthorityMismatch, NotJoined, StateFormatUnknown, StateUnreadable
from attune_agent.layout import Layout
from attune_agent.link import enrol, fetch_authority
from attune_agent.state.schema import open_database
from attune_core.names import AgentName
from attune_core.pki import expires_at, fingerprint, make_key, make_signing_request
from attune_core.wire.enrolment import Enrolment
from attune_core.wire.join_token import JoinTokenText, read_join_token


class ControllerRecord(BaseModel):
    """`controller.json`: whom this agent calls, and as whom."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: AgentName
    agent_url: str
    labels: dict[str, str] = {}
    #: End of the certificate's life, seconds since the epoch; kept here because reading it takes a large library.
    certificate_expires_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What came of it, for people."""

    name: str
    agent_url: str
    labels: dict[str, str]


def join(layout: Layout, token: str, *, force: bool = False, proxy: str = "") -> Joined:
    """Enrol this state directory. Blocks.

    `AlreadyJoined`, `JoinTokenUnreadable`, `AuthorityMismatch`, `JoinRefused`, `ControllerUnreachable`, `ControllerUntrusted`. An identity
    that is there is replaced only at the very end, so a refusal leaves it whole.
    """
    if layout.controller.exists() and not force:
        raise AlreadyJoined(f"{layout.agent} holds an identity")
    permission = read_join_token(token)
    layout.prepare()
    authority = fetch_authority(permission.url, proxy=proxy)
    try:
        shown = fingerprint(authority)
    except ValueError:
        shown = "no certificate"
    if shown != permission.authority:
        raise AuthorityMismatch(f"{permission.url} shows {shown[:64]}, the token names {permission.authority}")
    key = make_key()
    request = Enrolment(token=permission.secret, name=permission.name, csr=make_signing_request(key, permission.name).decode("ascii"))
    enrolled = enrol(permission.url, request, authority=authority, proxy=proxy)
    if fingerprint(enrolled.authority) != permission.authority:
        raise AuthorityMismatch("the controller's enrolment names another authority than the token")
    if not _same_agent(layout, permission):
        _forget_life(layout)
    write_private(layout.key, key)
    write_private(layout.authority, enrolled.authority.encode("ascii"))
    write_private(layout.certificate, enrolled.certificate.encode("ascii"))
    record = ControllerRecord(
        name=enrolled.name,
        agent_url=enrolled.agent_url,
        labels=enrolled.labels,
        certificate_expires_at=expires_at(enrolled.certificate),
    )
    write_private(layout.controller, record.model_dump_json().encode())  # last: with it the identity is whole
    return Joined(name=record.name, agent_url=record.agent_url, labels=record.labels)


def read_controller(layout: Layout) -> ControllerRecord:
    """Return whom this agent calls; `NotJoined`."""
    try:
        return ControllerRecord.model_validate_json(layout.controller.read_bytes())
    except FileNotFoundError as error:
        raise NotJoined(f"{layout.agent} holds no identity") from error
    except (OSError, ValidationError) as error:
        raise NotJoined(f"{layout.controller} cannot be read") from error


def write_private(path: Path, content: bytes) -> None:
    """Write a 0600 file whole or not at all, durably."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _same_agent(layout: Layout, permission: JoinTokenText) -> bool:
    """Tell whether this directory is already this agent's: then it keeps what it acknowledged, and only key and certificate are new."""
    try:
        return read_controller(layout).name == permission.name and fingerprint(layout.authority.read_text("ascii")) == permission.authority
    except (NotJoined, OSError, ValueError):
        return False


def _forget_life(layout: Layout) -> None:
    """Another agent is another instance: the queues of the old one are its controller's to settle (`attune agent forget`)."""
    if layout.database.exists():
        with contextlib.suppress(StateUnreadable, StateFormatUnknown):
            open_database(layout.database).close()  # `StateInUse`: the agent runs
    for path in (layout.controller, *layout.agent.glob(f"{layout.database.name}*")):
        path.unlink(missing_ok=True)
