"""How the controller answers the profile's token; called by `table`."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from attune_cli.doctor.facts import Answered, Git
from attune_cli.doctor.findings import UNREACHED, Unseen
from attune_cli.doctor.here import Here
from attune_cli.profiles import Profile
from attune_core.errors import AttuneError
from attune_core.version import VERSION

if TYPE_CHECKING:
    from attune_core.wire.api import SyncView


def answers(here: Here) -> Iterator[Answered | Unseen]:
    """Yield the answer to one question, asked once."""
    if here.profile:
        yield _ask(here.profile.profile)


@cache
def _ask(profile: Profile) -> Answered | Unseen:
    from attune_cli.client import Client
    from attune_cli.errors import CertificateRefused, ControllerUnreachable
    from attune_core.wire.api import StatusView

    try:
        with Client(profile, timeout=5.0) as client:
            status = client.get("/v1/status", StatusView)
    except (ControllerUnreachable, CertificateRefused):
        return Unseen(program="profile", about=profile.url, why=UNREACHED)
    except AttuneError as error:
        return Answered(program="profile", about=profile.url, ours=VERSION, code=error.code, message=error.message, remedy=error.hint)
    return Answered(program="profile", about=profile.url, version=status.version, ours=VERSION, git=_git(status.sync))


def _git(sync: "SyncView") -> Git:
    return Git(
        repository=sync.repository,
        branch=sync.branch,
        live=sync.active_revision,
        step=sync.step,
        code=sync.code,
        message=sync.message,
    )
