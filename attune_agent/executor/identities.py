"""Which uids this executor uses: one per slot and one for builds when it runs as root, none of its own otherwise."""

import os
import pwd
from dataclasses import dataclass

from attune_agent.executor.confine import Identity
from attune_agent.executor.protocol import Kind

#: systemd's UIDS-GIDS list leaves this range unused.
DEFAULT_UIDS = (60706, 61183)
#: The number of the slot that builds use; attempts have 1, 2, …
BUILD_SLOT = 0


class UidsUnusable(Exception):
    """The range of uids does not serve."""


@dataclass(frozen=True, slots=True)
class Identities:
    """`uids` is None for an executor without privileges."""

    uids: tuple[int, int] | None
    agent_uid: int

    @property
    def mode(self) -> str:
        """Return the word that `hello` uses."""
        return "unprivileged" if self.uids is None else "uids"

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


def choose_identities(uids: tuple[int, int] | None, agent_uid: int | None, slots: int) -> Identities:
    """Return the identities for this process; `UidsUnusable` when the range is too small or holds somebody's uid."""
    me = os.geteuid()
    agent = me if agent_uid is None else agent_uid
    if me != 0:
        return Identities(None, agent)
    first, last = uids or DEFAULT_UIDS
    if last - first < slots:
        raise UidsUnusable(f"{slots} slots and the build user need {slots + 1} uids, {first}-{last} has {max(0, last - first + 1)}")
    if first <= max(agent, 0) <= last or first <= 0 or last >= 2**32 - 2:
        raise UidsUnusable(f"{first}-{last} must hold neither root nor the agent's uid {agent}")
    for entry in pwd.getpwall():
        if first <= entry.pw_uid <= last:
            raise UidsUnusable(f"uid {entry.pw_uid} of {first}-{last} belongs to the user {entry.pw_name}")
    return Identities((first, last), agent)


def kind_of_slot(slot: int) -> Kind:
    """Return what a slot hosts."""
    return "build" if slot == BUILD_SLOT else "attempt"
