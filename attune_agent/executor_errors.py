"""What can go wrong between the agent and its executor (ATT350 to ATT369); raised by every implementation of the Host port."""

from attune_core.errors import AttuneError, Blame


class ExecutorUnreachable(AttuneError):
    """The executor's socket does not answer, or the connection ended before the answer came."""

    code, blame = "ATT350", Blame.PASSING
    remedy = "check that attune-executor runs (`systemctl status attune-executor`) and that --run names the same directory for both"


class StartRefused(AttuneError):
    """The executor could not start the attempt now (no free slot, or the host lacks files, processes or disk); nothing was started."""

    code, blame = "ATT351", Blame.PASSING
    remedy = "nothing is lost, the attempt waits at the head of its queue; if it lasts, free what the message names on the host"


class ExecutorIncompatible(AttuneError):
    """The executor speaks another version of the protocol than this agent."""

    code, blame = "ATT352", Blame.HOST
    remedy = "install agent and executor of the same release and restart attune-executor when the host is idle"


class RequestMalformed(AttuneError):
    """The executor did not accept the shape of the agent's request."""

    code, blame = "ATT353", Blame.DEFECT


class GrantMissing(AttuneError):
    """The executor was not told that this action may run as the user that it names."""

    code, blame = "ATT356", Blame.HOST
    remedy = "give the executor the grants of agent.yaml: attune-agent executor-flags prints them; it reads them when it starts"


class AttemptUnknown(AttuneError):
    """The executor holds no record of this attempt."""

    code, blame = "ATT354", Blame.HOST
    remedy = "its state directory was replaced or the outcome was already collected; the execution is reported as lost"


class ExecutorReplaced(AttuneError):
    """The executor that answers has another state directory than the one this attempt was meant for."""

    code, blame = "ATT355", Blame.HOST
    remedy = "keep the executor's state directory across restarts; attempts of the old one are reported as lost, never started again"
