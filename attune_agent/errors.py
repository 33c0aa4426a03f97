"""What can go wrong in the agent program itself (ATT370 to ATT399); packs, environments and the executor have their own.

AttuneError
├── State…       ATT370-374  what the agent keeps on its disk
├── Join…        ATT375-379  becoming a known agent
└── Session…     ATT380-389  talking to the controller; ATT390-399 running one action without it; ATT253 an input that needs a tmpfs
"""

from attune_core.errors import AttuneError, Blame


class StateUnwritable(AttuneError):
    """The agent's database does not take writes: the disk is full, read-only or broken."""

    code, blame = "ATT370", Blame.HOST
    remedy = "free space or repair the disk below the state directory; nothing new starts until then, and the agent goes on by itself"


class StateFormatUnknown(AttuneError):
    """The state directory was written in a format that this version does not read."""

    code, blame = "ATT371", Blame.HOST
    remedy = "run the version of attune-agent that wrote it, or a later one; a state directory is never converted backwards"


class StateUnreadable(AttuneError):
    """The agent's database is damaged or is not a database."""

    code, blame = "ATT372", Blame.HOST
    remedy = "`attune store check` says what is damaged; keep a copy, then `attune agent forget` and join again in an empty state directory"


class StateInUse(AttuneError):
    """Another agent process uses this state directory."""

    code, blame = "ATT373", Blame.HOST
    remedy = "stop the other attune-agent, or give this one a state directory of its own with --state"


class StateOnNetwork(AttuneError):
    """The state directory lies on a network file system, whose locks and syncs do not hold what an agent must not forget."""

    code, blame = "ATT657", Blame.HOST
    remedy = "move it to a disk of this host; `allow_network_state: true` in agent.yaml takes the risk of starting something twice"


class NotJoined(AttuneError):
    """This state directory has no identity, so there is no controller to call."""

    code, blame = "ATT375", Blame.HOST
    remedy = "get a token with `attune agent token NAME` and run `attune agent join URL` on this host"


class AlreadyJoined(AttuneError):
    """This state directory already has an identity."""

    code, blame = "ATT376", Blame.HOST
    remedy = "use --force to replace it (the old identity cannot be had back), or another --state"


class AuthorityMismatch(AttuneError):
    """The controller at that address shows another certificate authority than the one the join token was made for."""

    code, blame = "ATT378", Blame.HOST
    remedy = "check the URL; if it is right, somebody stands between this host and the controller: do not join, tell its operator"


class JoinRefused(AttuneError):
    """The controller did not accept the enrolment."""

    code, blame = "ATT379", Blame.AUTHOR
    remedy = "make a new token for this agent's name; a token is valid once, for one name, and for 15 minutes at most"


class ControllerUnreachable(AttuneError):
    """No connection to the controller could be made, or it broke."""

    code, blame = "ATT380", Blame.PASSING
    remedy = "the agent tries again by itself and goes on with what it has; if it lasts, check address, network and proxy"


class ControllerUntrusted(AttuneError):
    """TLS between agent and controller failed: one side's certificate is not accepted by the other."""

    code, blame = "ATT381", Blame.HOST
    remedy = "compare the clocks of both hosts; if they agree, the authority or this agent's certificate has changed: join again"


class SessionEnded(AttuneError):
    """The controller ended the session or was silent for three pings."""

    code, blame = "ATT382", Blame.PASSING
    remedy = "nothing to do: the agent opens a new session by itself"


class SessionRefused(AttuneError):
    """The controller knows this agent and does not want it: locked as a clone, forgotten, or of another protocol."""

    code, blame = "ATT383", Blame.HOST
    remedy = "the message says why; a clone needs `attune agent join` with a new token in an empty state directory"


class LifeOver(SessionRefused):
    """The controller has forgotten this agent, or its name was given to a newer enrolment: nothing more of what is held here starts."""

    code, blame = "ATT652", Blame.HOST
    remedy = "see the message; to use this host again, remove the agent's state directory and join anew: attune agent invite NAME"


class FrameRefused(AttuneError):
    """The other side sent a frame that protocol 1 does not have, or one beyond the bounds."""

    code, blame = "ATT384", Blame.DEFECT
    remedy = "install agent and controller of releases that speak the same protocol; if they do, please report it"


class PackNotServed(AttuneError):
    """The controller does not have the pack that an execution was accepted with."""

    code, blame = "ATT385", Blame.HOST
    remedy = "check that the pack repository still holds the execution's revision; the execution waits at the head of its queue"


class SettingsRefused(AttuneError):
    """A setting of the agent has a value that cannot be used."""

    code, blame = "ATT386", Blame.HOST
    remedy = "correct the flag or environment variable that the message names; `attune-agent run --help` lists them"


class PolicyDenied(AttuneError):
    """The host's own settings do not let this action run here."""

    code, blame = "ATT387", Blame.HOST
    remedy = "name the action or its pack under `allow` in the host's agent.yaml, or let the rule choose other agents"


class InputOnDisk(PolicyDenied):
    """The action wants its input with secrets in a file, and the executor's run directory does not lie in memory (tmpfs)."""

    code, blame = "ATT253", Blame.HOST
    remedy = "start attune-executor with a --run directory on a tmpfs, as /run is; or let the action read standard input"


class UserDenied(PolicyDenied):
    """The host's own settings do not let this action run as the user that it names."""

    code, blame = "ATT388", Blame.HOST
    remedy = "grant it in the host's agent.yaml: `users: {NAME: {actions: [pack.action]}}`, or let the rule choose other agents"


class LocalRunRefused(AttuneError):
    """The action cannot be run locally as asked."""

    code, blame = "ATT390", Blame.AUTHOR
    remedy = "name a pack folder, one of its actions and an input that fits the action's parameters"
