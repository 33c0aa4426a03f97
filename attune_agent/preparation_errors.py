"""What can be missing or wrong before an attempt starts: environment, pack, secret and host settings (ATT300 to ATT349).

    AttuneError
    ├── EnvironmentFailed          ATT300   reason environment_failed; every environment error is one
    │   ├── EnvironmentUnknown     ATT301   the pack declares no such environment
    │   ├── LockMissing            ATT302
    │   ├── LockRefused            ATT303
    │   ├── InterpreterMissing     ATT304
    │   ├── ToolMissing            ATT305
    │   ├── InstallFailed          ATT306
    │   ├── BuildTimedOut          ATT307
    │   ├── EnvironmentTooLarge    ATT308
    │   ├── EnvironmentUnhealthy   ATT309
    │   ├── InstallerUnusable      ATT310
    │   ├── SourcesRefused         ATT311
    │   ├── HashMismatch           ATT316   final: no policy tries it again
    │   └── CredentialsOnDisk      ATT319
    ├── BuildDelayed               ATT315   passes by itself; the execution waits
    ├── EnvironmentInUse           ATT317   of `attune agent environments`, as the next ones
    ├── EnvironmentNotRemoved      ATT318
    ├── PackMismatch               ATT320   reason pack_mismatch
    │   └── PackUnreadable         ATT321
    ├── PackUnavailable            ATT322   passes by itself
    ├── SecretMissing              ATT330   reason secret_missing
    │   └── SecretRefused          ATT331
    ├── HostSettingsRefused        ATT340
    ├── EnvironmentNotFound        ATT341   of `attune agent environments`
    └── PackNotFound               ATT342

Raised by environments, ecosystems, packs, secrets and host_settings; the attempt turns the first of a branch into its reason.
No message holds output of an installer: that stays in the build log.
"""

from attune_core.errors import AttuneError, Blame

_READ_BUILD_LOG = "read what the installer wrote, above or by: attune execution logs ID --stream build"


class EnvironmentFailed(AttuneError):
    """The environment that the action declares could not be made on this host."""

    code, blame = "ATT300", Blame.HOST
    remedy = _READ_BUILD_LOG


class EnvironmentUnknown(EnvironmentFailed):
    """The action names an environment that its pack does not declare."""

    code, blame = "ATT301", Blame.AUTHOR
    remedy = "declare it under `environments` in the pack's pack.yaml"


class LockMissing(EnvironmentFailed):
    """A file that says what the environment holds (lock file, manifest) is not in the pack."""

    code, blame = "ATT302", Blame.AUTHOR
    remedy = "make the lock file with the ecosystem's own tool (attune pack lock runs it) and commit it with the pack"


class LockRefused(EnvironmentFailed):
    """The lock file does not pin everything with a hash, or asks for more than packages of a registry."""

    code, blame = "ATT303", Blame.AUTHOR
    remedy = "make it again with `attune pack lock`, which calls the ecosystem's own locker; `attune validate` says more"


class InterpreterMissing(EnvironmentFailed):
    """No interpreter on the host setting `path` satisfies the environment and can be executed by the users of actions."""

    code, blame = "ATT304", Blame.HOST
    remedy = "install one where every user can execute it (not below a 0700 home), or name its folder in `path` of agent.yaml"


class ToolMissing(EnvironmentFailed):
    """A tool that the pack requires is not on the host setting `path`, or has another version."""

    code, blame = "ATT305", Blame.HOST
    remedy = "install the tool where every user can execute it, or name its folder in `path` of agent.yaml"


class InstallFailed(EnvironmentFailed):
    """The ecosystem's own installer ended with a failure."""

    code, blame = "ATT306", Blame.HOST
    remedy = _READ_BUILD_LOG


class BuildTimedOut(EnvironmentFailed):
    """The installer was not done within the time limit and was ended."""

    code, blame = "ATT307", Blame.HOST
    remedy = "check that the host reaches its package registry (`network` in agent.yaml), then run the execution again"


class EnvironmentTooLarge(EnvironmentFailed):
    """The environment grew beyond the size limit and was removed."""

    code, blame = "ATT308", Blame.AUTHOR
    remedy = "take out dependencies that the actions do not need"


class EnvironmentUnhealthy(EnvironmentFailed):
    """The installer said it was done, but what it left is not whole."""

    code, blame = "ATT309", Blame.HOST
    remedy = _READ_BUILD_LOG


class InstallerUnusable(EnvironmentFailed):
    """The installer itself (uv, npm, mvn), or the sandbox that it needs (bubblewrap), is missing or does not work for the build user."""

    code, blame = "ATT310", Blame.HOST
    remedy = "install what the message names on the host setting `path`; uv comes with `attune[agent]`, npm with node"


class SourcesRefused(EnvironmentFailed):
    """What an environment declares as `sources` is too much, lies outside the folder of its lock file, or is not read by the build."""

    code, blame = "ATT311", Blame.AUTHOR
    remedy = "name the source files of one program, below the folder of its lock file"


class HashMismatch(EnvironmentFailed):
    """What the registry served is not the package whose hash stands in the lock file."""

    code, blame = "ATT316", Blame.HOST
    remedy = "find out who changed the package (registry, mirror, proxy), or make the lock file anew; it is not tried again by itself"


class CredentialsOnDisk(EnvironmentFailed):
    """The host's network settings have credentials, and the executor could hand them to an installer only in a file on a disk."""

    code, blame = "ATT319", Blame.HOST
    remedy = "let the executor's run directory be on a tmpfs (attune-executor run --run /run/attune)"


class BuildDelayed(AttuneError):
    """The executor cannot run the build now."""

    code, blame = "ATT315", Blame.PASSING
    remedy = (
        "nothing is lost, an execution waits at the head of its queue; check attune-executor if it lasts, and --run on the command line"
    )


class EnvironmentInUse(AttuneError):
    """The environment cannot be removed while it is built or used."""

    code, blame = "ATT317", Blame.PASSING
    remedy = "wait for the executions that use it: attune agent environments list"


class EnvironmentNotRemoved(AttuneError):
    """The files of an environment cannot be removed by the build user."""

    code, blame = "ATT318", Blame.HOST
    remedy = "nothing runs in it any more; look who owns what is in its `tree`, and remove that as root"


class PackMismatch(AttuneError):
    """The pack that was received is not the one whose digest the execution names."""

    code, blame = "ATT320", Blame.HOST
    remedy = "run it again; if it happens again, something between controller and agent changes content"


class PackUnreadable(PackMismatch):
    """The pack has the right digest, but holds entries that no pack may have, or documents that this agent cannot read."""

    code, blame = "ATT321", Blame.HOST
    remedy = "check that controller and agent are of the same release"


class PackUnavailable(AttuneError):
    """The pack could not be fetched now."""

    code, blame = "ATT322", Blame.PASSING
    remedy = "nothing is lost, the execution waits at the head of its queue; check the connection to the controller"


class SecretMissing(AttuneError):
    """A secret that the rule names is not on this agent."""

    code, blame = "ATT330", Blame.HOST
    remedy = "write it into a file of that name, mode 0600, in the agent's secrets directory"


class SecretRefused(SecretMissing):
    """A secret's file is readable by others, is no regular file, or is no text of a reasonable size."""

    code, blame = "ATT331", Blame.HOST
    remedy = "make it a regular file of at most 64 KiB, owned by the agent's user, mode 0600"


class HostSettingsRefused(AttuneError):
    """The host's agent.yaml cannot be used."""

    code, blame = "ATT340", Blame.HOST
    remedy = "correct the place that the message names; docs/settings.md lists the keys"


class EnvironmentNotFound(AttuneError):
    """This host has no environment with that key."""

    code, blame = "ATT341", Blame.AUTHOR
    remedy = "see which there are: attune agent environments list"


class PackNotFound(AttuneError):
    """What was named is neither the folder of a pack nor a pack that this agent has fetched."""

    code, blame = "ATT342", Blame.AUTHOR
    remedy = "name a folder with a pack.yaml, or a pack that ran on this host by its name"
