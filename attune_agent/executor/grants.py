"""Which users of the host an attempt may run as, for which actions: the `--grant` flags, which the root-owned unit passes.

`main` reads them once, `starting` asks for each attempt that names a user. What an attempt names as its action is the agent's word: a grant
opens the user to the agent's process as such, and no other user but the granted ones (docs/guarantees.md).
"""

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attune_agent.executor.confine import Identity, User
from attune_agent.executor.identities import Identities, UidsUnusable


class NotGranted(Exception):
    """The action may not run as that user here."""


@dataclass(frozen=True, slots=True)
class Grants:
    """User -> the actions (`pack.name`, or `pack.*`) that may run as it."""

    users: Mapping[str, User]
    actions: Mapping[str, frozenset[str]]

    def identity(self, user: str, action: str) -> Identity:
        """Return whom the attempt's keeper is to be."""
        granted = self.actions.get(user, frozenset())
        if action not in granted and f"{action.partition('.')[0]}.*" not in granted:
            raise NotGranted(f"the executor was not given `--grant {user}={action}`")
        return Identity(None, self.users[user])


def read_grants(granted: Sequence[tuple[str, frozenset[str]]], privileged: Sequence[str], identities: Identities, slots: int) -> Grants:
    """Look the users up once, because that may ask a directory on the network; `UidsUnusable` for one that cannot be granted."""
    actions: dict[str, frozenset[str]] = {}
    for user, some in granted:
        actions[user] = actions.get(user, frozenset()) | some
    if actions and identities.uids is None:
        raise UidsUnusable("only an executor that runs as root can start actions as other users: take out --grant")
    if strange := set(privileged) - set(actions):
        raise UidsUnusable(f"--privileged {min(strange)}: that user has no --grant")
    return Grants({user: _user(user, identities, slots, privileges=user in privileged) for user in actions}, actions)


def _user(name: str, identities: Identities, slots: int, *, privileges: bool) -> User:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise UidsUnusable(f"--grant {name}: there is no such user on this host") from None
    if found.pw_uid == identities.agent_uid != 0 or found.pw_uid in identities.own_uids(slots):
        raise UidsUnusable(f"--grant {name}: the agent's own user and the attempts' uids cannot be granted")
    return User(name, found.pw_uid, found.pw_gid, tuple(os.getgrouplist(name, found.pw_gid)), privileges)
