"""Whether the executor answers, and can do what the agent needs of it; judged for `table`."""

from attune_cli.doctor.facts import Membership, Socket
from attune_cli.doctor.findings import Judgement, error, ok, skipped, warning

_START = "systemctl start attune-executor, or attune-executor run"
_TROUBLES = {
    "dead": ("nobody listens: the executor has ended and left its socket", _START),
    "silent": ("somebody listens and does not answer", "systemctl status attune-executor; kill -QUIT it only if it stays silent"),
    "odd": ("what answers is no executor", "see what listens there: ss -lxp"),
}
_NOT_OURS = {
    "denied": "only the agent's user and root may connect",
    "dropped": "the executor does not speak with this user",
}


def answers(fact: Socket) -> Judgement:
    """Judge whether somebody serves at the socket."""
    if not fact.there:
        return error(fact.path, "there is no socket: the executor does not run", _START)
    if fact.trouble in _NOT_OURS:
        return skipped(fact.path, _NOT_OURS[fact.trouble], "sudo attune doctor")
    if fact.trouble:
        return error(fact.path, *_TROUBLES[fact.trouble])
    return ok(fact.path, f"the executor answers, as uid {fact.peer}")


def protocol(fact: Socket) -> Judgement:
    """Judge whether executor and agent speak the same version."""
    if not fact.there or fact.trouble:
        return skipped(fact.path, "the executor did not answer")
    if fact.refused or fact.protocol != fact.ours:
        said = fact.refused or f"it speaks version {fact.protocol}"
        remedy = "attune-executor stop (waits until nothing runs), then start the one that is installed"
        return error(fact.path, f"the executor is of another version than the agent: {said}", remedy)
    return ok(fact.path, f"executor protocol {fact.protocol}")


def privileges(fact: Socket) -> Judgement:
    """Judge whether attempts are kept apart."""
    if not fact.mode:
        return skipped(fact.path, "the executor did not answer")
    if fact.mode == "uids":
        return ok(fact.path, "every attempt has a uid of its own")
    return warning(
        fact.path, "the executor has no privileges: all actions run as its own user and see each other", "run attune-executor as root"
    )


def slots(fact: Socket) -> Judgement:
    """Judge whether the executor was started with the settings that stand in agent.yaml."""
    if not fact.mode:
        return skipped(fact.path, "the executor did not answer")
    if fact.slots == fact.wanted_slots:
        return ok(fact.path, f"{fact.slots} slots, as in agent.yaml")
    message = f"the executor has {fact.slots} slots, agent.yaml says {fact.wanted_slots}"
    return warning(fact.path, message, "attune-executor stop, then start it with `attune-agent executor-flags`")


def bounds(fact: Socket) -> Judgement:
    """Judge what of an attempt is bounded."""
    if not fact.mode:
        return skipped(fact.path, "the executor did not answer")
    if missing := [name for name in ("memory", "processes") if name not in fact.limits]:
        message = f"no cgroup bounds {' and '.join(missing)} of an attempt"
        return warning(fact.path, message, "give the executor's unit Delegate=yes, on a host with the controllers memory and pids")
    return ok(fact.path, "cgroups bound memory and processes of each attempt")


def membership(fact: Membership) -> Judgement:
    """Judge whether the agent has joined and is heard."""
    if not fact.name:
        return error(
            fact.path, "this host has not joined a controller", "attune agent invite NAME (as an operator), then here: attune agent join"
        )
    if not fact.runs:
        return error(fact.path, f"the agent {fact.name} does not run", "systemctl start attune-agent, or attune-agent run")
    if not fact.connected:
        return error(
            fact.path, f"the agent {fact.name} runs and is not connected", "see the other findings, and its log: journalctl -u attune-agent"
        )
    return ok(fact.path, f"the agent {fact.name} runs and is connected")
