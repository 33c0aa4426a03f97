"""What helps, as words and as a command to type; pure.

Used by the answers about executions, events and agents. A command holds nothing from outside that a shell would act on.
"""

from shlex import quote

from attune_core.values import JsonValue, canonical_json
from attune_core.wire.api import AgentView, ExecutionView
from attune_core.wire.explanations import QueueView, Remedy


def read_logs(number: int, *, follow: bool = False) -> Remedy:
    """See what an execution writes."""
    return Remedy(text="read what it wrote", command=f"attune execution logs {number} --stream both{' --follow' if follow else ''}")


def read_build_log(number: int, *, follow: bool = False) -> Remedy:
    """See what the installer writes."""
    return Remedy(
        text="read what the installer wrote", command=f"attune execution logs {number} --stream build{' --follow' if follow else ''}"
    )


def cancel(number: int, *, text: str = "give it up") -> Remedy:
    """End an execution."""
    return Remedy(text=text, command=f"attune execution cancel {number}")


def explain(kind: str, name: str | int) -> Remedy:
    """Ask on."""
    return Remedy(text=f"see more of {kind} {name}", command=f"attune explain {kind} {quote(str(name))}")


def show_queue(queue: QueueView) -> Remedy:
    """See everybody who stands in a queue."""
    key = "" if queue.key == "null" else f" --key {quote(queue.key)}"
    return Remedy(text="see who stands in the queue", command=f"attune queue show {queue.action} --agent {quote(queue.place)}{key}")


def explain_word(word: str) -> Remedy:
    """Look up a code or a reason."""
    return Remedy(text=f"read what {word} means", command=f"attune explain {quote(word)}")


def bring_back(agent: AgentView) -> Remedy:
    """Nobody but a person on the host can."""
    return Remedy(text=f"look at {agent.name}: is the host up, does the agent run, and does it reach this controller? Its log says why not")


def forget(name: str) -> Remedy:
    """What it holds is lost then, which a person decides."""
    return Remedy(text="if the host is gone for good", command=f'attune agent forget {quote(name)} --note "the host is gone"')


def unlock(agent: AgentView) -> tuple[Remedy, ...]:
    """Two of a name cannot both be believed."""
    stop = f"stop both copies of {agent.name}, keep one host, remove the agent's state there and let it join anew"
    return Remedy(text=stop), explain_word("ATT534")


def run_again(execution: ExecutionView, *, input_shown: bool, agent: str = "") -> Remedy:
    """Ask for the same once more; a long input is the reader's to give."""
    words = ["attune", "action", "run", execution.action]
    value: JsonValue = dict(execution.input)
    if execution.input:
        words += ["--input-json", canonical_json(value)]
    elif not input_shown:
        words += ["--input-json", "@FILE"]
    for parameter, secret in sorted(execution.secrets.items()):
        words += ["--secret", f"{parameter}={secret}"]
    if agent:
        words += ["--agent", f"name={agent}"]
    return Remedy(text="run it again", command=" ".join(quote(word) for word in words))


def uncordon(agent: str) -> Remedy:
    """Let an agent get work."""
    return Remedy(text="let it get work again", command=f"attune agent uncordon {quote(agent)}")


def resume(agent: str) -> Remedy:
    """Let an agent start work."""
    return Remedy(text="let it start work again", command=f"attune agent resume {quote(agent)}")
