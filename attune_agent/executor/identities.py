"""Which uids this executor uses: one per slot and one for builds when it runs as root, none of its own otherwise."""

import fcntl
import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from attune_agent.executor.confine import Identity

#: systemd's UIDS-GIDS list leaves this range unused.
DEFAULT_UIDS = (60706, 61183)
DEFAULT_SENSORS = 8


class UidsUnusable(Exception):
    """The range of uids does not serve."""


@dataclass(frozen=True, slots=True)
class Identities:
    """`uids` is None for an executor without privileges."""

    uids: tuple[int, int] | None
    agent_uid: int
    #: How many sensors may be hosted at the same time.
    sensors: int = 0

    @property
    def mode(self) -> Literal["uids", "unprivileged"]:
        """Return the word that `hello` uses."""
        return "unprivileged" if self.uids is None else "uids"

    def own_uids(self, slots: int) -> range:
        """Return the uids that the build user, so many slots, and the sensors have; none without privileges."""
        return range(self.uids[0], self.uids[0] + slots + self.sensors + 1) if self.uids else range(0)

    @property
    def agent_gid(self) -> int:
        """Return the group that may read logs."""
        try:
            return pwd.getpwuid(self.agent_uid).pw_gid
        except KeyError:
            return self.agent_uid

    def of_slot(self, slot: int) -> Identity:
        """Return who hosts this slot's attempts; slot 0 is the build user's."""
        return Identity(None if self.uids is None else self.uids[0] + slot)

    def may_connect(self, uid: int) -> bool:
        """Tell whether a peer of this uid may give orders."""
        return uid in (0, os.geteuid(), self.agent_uid)


def choose_identities(uids: tuple[int, int] | None, agent_uid: int | None, slots: int, sensors: int | None) -> Identities:
    """Return the identities for this process; `UidsUnusable` when the range is too small or holds somebody's uid.

    Without a number of sensors it is 8, or as many as the range has room for: one that was chosen before there were sensors still serves.
    """
    me = os.geteuid()
    agent = me if agent_uid is None else agent_uid
    if me != 0:
        return Identities(None, agent, DEFAULT_SENSORS if sensors is None else sensors)
    first, last = uids or DEFAULT_UIDS
    if sensors is None:
        sensors = max(0, min(DEFAULT_SENSORS, last - first - slots))
    if last - first < slots + sensors:
        needed, there = slots + sensors + 1, max(0, last - first + 1)
        raise UidsUnusable(f"{slots} slots, {sensors} sensors and the build user need {needed} uids, {first}-{last} has {there}")
    if first <= max(agent, 0) <= last or first <= 0 or last >= 2**32 - 2:
        raise UidsUnusable(f"{first}-{last} must hold neither root nor the agent's uid {agent}")
    identities = Identities((first, last), agent, sensors)
    for uid in identities.own_uids(slots):
        if name := _user_name(uid):
            raise UidsUnusable(f"uid {uid} of {first}-{last} belongs to the user {name}")
    return identities


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


class UidClaims:
    """The uids that this process alone uses on this machine: two executors with one in common would kill each other's attempts.

    One record lock on one byte per uid (fcntl(2)), which ends with the process.
    """

    def __init__(self, registry: Path = Path("/run/attune-executor.uids")) -> None:
        self._descriptor = os.open(registry, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def claim(self, first: int, last: int) -> bool:
        """Claim these uids; tell whether nobody else has one of them."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, last - first + 1, first)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Give all of them up."""
        os.close(self._descriptor)


def unclaimed(first: int, last: int) -> bool:
    """Tell whether no executor of this machine uses one of these uids now."""
    claims = UidClaims()
    try:
        return claims.claim(first, last)
    finally:
        claims.close()
