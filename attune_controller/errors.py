"""What can go wrong between the controller, its git repository, its settings and the agents' sessions.

AttuneError
├── SessionError       ATT53x, ATT54x, ATT650   raised by sessions, departing and log_relay; answered as problem+json
├── BacklogFull, TooManyHolds, QueueUnknown, ActionUnknown   ATT425 to ATT428   raised by backlog, holding and the API
├── SensorUnknown      ATT660   raised by the API
├── RuleUnknown, TimerUnknown   ATT790, ATT791   raised by the API
├── SourceTooFast      ATT678   raised by source_rates for intake
├── SyncError          ATT62x   raised by git_source and the reconcile steps; kept in the status
└── StartError         ATT64x   raised while the controller starts; ends it with a message
"""

from attune_core.errors import AttuneError, Blame


class SessionError(AttuneError):
    """Something about an agent's session does not hold."""

    code, blame = "ATT530", Blame.PASSING
    remedy = "the agent starts a new session by itself; see its log if it does not"


class ProtocolUnknown(SessionError):
    """The peer speaks another version of the wire than this controller, or none."""

    code, blame = "ATT531", Blame.HOST
    remedy = "bring agent and controller to versions that share a wire protocol; the header is Attune-Protocol: 1"


class SessionOver(SessionError):
    """The session is not, or no longer, the agent's current one: a newer session, a silence or a restart ended it."""

    code, blame = "ATT532", Blame.PASSING
    remedy = "say hello again; what was not acknowledged is sent again"


class FrameRefused(SessionError):
    """A frame of the agent cannot be taken: unknown type, invalid body, number out of order, or too long."""

    code, blame = "ATT533", Blame.DEFECT
    remedy = "bring the agent to the controller's version; if they are the same, report this with the agent's log"


class AgentCloned(SessionError):
    """Two copies of one agent's state directory are alive; both are locked out, because neither can be trusted to be the real one."""

    code, blame = "ATT534", Blame.HOST
    remedy = "stop both copies, keep one host, remove the agent's state there and let it join anew; the lock ends with the new instance"


class AgentAway(SessionError):
    """The agent has no session now, so nothing can be asked of it."""

    code, blame = "ATT535", Blame.PASSING
    remedy = "see `attune agent list`; try again when the agent is connected"


class AgentSilent(SessionError):
    """The agent is connected and did not answer in time."""

    code, blame = "ATT536", Blame.PASSING
    remedy = "try again; if it stays so, see the agent's own log on its host"


class TooManyQuestions(SessionError):
    """More requests for logs wait for this agent than the controller keeps."""

    code, blame = "ATT537", Blame.PASSING
    remedy = "try again in a moment, with fewer followers of one agent's logs"


class PackUnknown(SessionError):
    """No pack with this digest is stored here."""

    code, blame = "ATT538", Blame.HOST
    remedy = "the execution names content that this controller no longer has; run it again under the active revision"


class ReaderTooSlow(SessionError):
    """The agent does not read its stream, so more waits for it than the controller keeps."""

    code, blame = "ATT539", Blame.PASSING
    remedy = "check the network to the agent and the load of its host; it says hello again by itself"


class AgentFellSilent(SessionError):
    """Nothing was heard of the agent for three ping intervals."""

    code, blame = "ATT540", Blame.PASSING
    remedy = "check the network to the agent, and that attune-agent runs on its host; it says hello again by itself"


class AgentForgotten(SessionError):
    """The agent was forgotten by an operator, or this state directory is an older life of it: what it held is settled as lost."""

    code, blame = "ATT650", Blame.HOST
    remedy = "stop the agent, remove <state>/agent on its host, and let it join anew: attune agent invite NAME"


class InventoryMissing(SessionError):
    """The controller was restored from a backup, and this agent has not said what it holds, because its version cannot."""

    code, blame = "ATT658", Blame.HOST
    remedy = "bring the agent to the controller's version; until then it goes on with what it has, and nothing new is handed to it"


class BacklogFull(AttuneError):
    """As many events and executions wait at the controller as it takes; nothing of the request was stored."""

    code, blame = "ATT425", Blame.PASSING
    remedy = "send it again later; what holds everything up shows in `attune queue list` (the bound is limits.executions)"


class SourceTooFast(AttuneError):
    """More events came from this source than the controller's settings allow; nothing of this one was stored."""

    code, blame = "ATT678", Blame.PASSING
    remedy = "send it again after the seconds of Retry-After; the rates are limits.events_per_second in the controller's settings"
    #: Seconds after which there is room for one.
    retry_after: int = 1


class TooManyHolds(AttuneError):
    """More queues are paused than agents can be told of."""

    code, blame = "ATT426", Blame.AUTHOR
    remedy = "pause the whole action instead of each of its queues, or resume some: attune queue list"


class QueueUnknown(AttuneError):
    """Nothing waits or runs in a queue of this place, action and key."""

    code, blame = "ATT427", Blame.AUTHOR
    remedy = "list what there is: attune queue list"


class ActionUnknown(AttuneError):
    """The active revision does not have this action."""

    code, blame = "ATT428", Blame.AUTHOR
    remedy = "correct the name; the rules that are live name their actions: attune rule list"


class SensorUnknown(AttuneError):
    """The active revision does not have this sensor."""

    code, blame = "ATT660", Blame.AUTHOR
    remedy = "list what there is: attune sensor list"


class RuleUnknown(AttuneError):
    """The active revision does not have this rule."""

    code, blame = "ATT790", Blame.AUTHOR
    remedy = "list what there is: attune rule list"


class TimerUnknown(AttuneError):
    """The active revision does not have this timer."""

    code, blame = "ATT791", Blame.AUTHOR
    remedy = "list what there is: attune timer list"


class SyncError(AttuneError):
    """A revision could not be taken from git to life."""

    code, blame = "ATT620", Blame.PASSING
    remedy = "see `attune controller status`; the last good revision stays active and the next poll tries again"


class FetchFailed(SyncError):
    """git could not fetch the branch: the host is away, slow, refuses, or sends more than the bound."""

    code, blame = "ATT621", Blame.PASSING
    remedy = "check that the host is reachable and that the controller may read the repository; the next poll tries again"


class BranchMissing(SyncError):
    """The repository does not have the configured branch."""

    code, blame = "ATT622", Blame.HOST
    remedy = "push the branch, or correct repository.branch in the controller's settings"


class RevisionRewound(SyncError):
    """The branch was moved to a commit that does not descend from the last one seen: history was rewritten."""

    code, blame = "ATT623", Blame.AUTHOR
    remedy = "push a commit on top of the old one; or set repository.allow_rewind: true if rewriting is meant"


class RevisionInvalid(SyncError):
    """The revision has problems of severity error, so it never becomes active."""

    code, blame = "ATT624", Blame.AUTHOR
    remedy = "correct the listed places (attune validate shows the same) and push again"


class CheckDied(SyncError):
    """The process that reads a revision was ended by its limits (memory, processor time, wall time) or by a signal."""

    code, blame = "ATT625", Blame.AUTHOR
    remedy = "look for extreme files (nesting, size, number) in the last commits; the limits stand in the settings under limits"


class RevisionObsolete(SyncError):
    """A newer commit arrived while this one was being checked, so it was dropped."""

    code, blame = "ATT626", Blame.PASSING
    remedy = "nothing to do: the newer revision is next"


class PackNotStored(SyncError):
    """A pack's archive could not be written, or does not have the digest that its catalog names."""

    code, blame = "ATT627", Blame.HOST
    remedy = "check free space and permissions of the controller's state directory"


class SyncDefect(SyncError):
    """A step met something that Attune did not foresee; the last good revision stays active."""

    code, blame = "ATT628", Blame.DEFECT
    remedy = "report this with the controller's log; a commit that avoids what is unusual about this one gets around it"


class MirrorUnreadable(SyncError):
    """The controller's mirror of the repository could not be read to the end."""

    code, blame = "ATT629", Blame.HOST
    remedy = "check the disk; if it is fine, remove <state>/mirror.git while the controller is stopped: it is fetched anew"


class StartError(AttuneError):
    """The controller cannot start."""

    code, blame = "ATT640", Blame.HOST
    remedy = "correct what the message names and start the controller again"


class SettingsInvalid(StartError):
    """The controller's settings (file, environment or flags) are not valid."""

    code, blame = "ATT641", Blame.HOST
    remedy = "correct the named key; docs/settings.md lists all of them"


class StateRefused(StartError):
    """The state directory cannot be used: not writable, of another format, or in use by another controller."""

    code, blame = "ATT642", Blame.HOST
    remedy = "give the controller a directory of its own; never run two controllers on one"


class PortRefused(StartError):
    """A listener could not be opened."""

    code, blame = "ATT643", Blame.HOST
    remedy = "stop what uses the port, or set another address under public.listen or agents.listen"


class GitMissing(StartError):
    """The git program is not installed where the controller runs."""

    code, blame = "ATT644", Blame.HOST
    remedy = "install git (Debian: apt-get install git)"


class StateOnNetwork(StartError):
    """The state directory lies on a network file system, whose locks and syncs do not hold what a store needs."""

    code, blame = "ATT655", Blame.HOST
    remedy = "move it to a disk of this host; `allow_network_state: true` takes the risk of two controllers at once and of lost answers"


class BackupRefused(AttuneError):
    """A backup cannot be made, or restored, at this place."""

    code, blame = "ATT659", Blame.HOST
    remedy = "give a folder that does not exist yet, or is empty, on a disk with room for it"


class BackupUnusable(AttuneError):
    """A folder is no whole backup: its manifest is missing, or a file differs from it."""

    code, blame = "ATT740", Blame.HOST
    remedy = "take another backup; what is in this one cannot be trusted to be what the controller had"


class SecretUnusable(AttuneError):
    """One of the controller's own secrets is missing, is readable by others, or is not a small regular file."""

    code, blame = "ATT645", Blame.HOST
    remedy = "put the value into <state>/secrets/NAME with mode 0600"
