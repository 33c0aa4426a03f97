"""Asking: which event, execution or agent a word means, and the controller's explanation of it.

Called by `attune explain` for what is no code; a word that means several is answered with what to type instead.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

from attune_cli.client import Client
from attune_cli.errors import NothingToExplain, RequestFailed, SeveralMeant
from attune_core.names import is_agent_name
from attune_core.safe_text import safe_text
from attune_core.wire.explanations import AgentExplanation, EventExplanation, ExecutionExplanation

Explained: TypeAlias = EventExplanation | ExecutionExplanation | AgentExplanation

#: What can be asked for, and the code with which the controller says that there is none of that name.
KINDS: Mapping[str, tuple[type[EventExplanation] | type[ExecutionExplanation] | type[AgentExplanation], str]] = {
    "event": (EventExplanation, "ATT610"),
    "execution": (ExecutionExplanation, "ATT611"),
    "agent": (AgentExplanation, "ATT617"),
}
_NUMBER = re.compile(r"[0-9]{1,18}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def ask(client: Client, kind: str, name: str) -> Explained:
    """Return the explanation of one thing."""
    return client.get(f"/v1/explain/{kind}/{quote(name, safe='')}", KINDS[kind][0])


def ask_for_any(client: Client, word: str) -> Explained | None:
    """Return the explanation of what a word means, None when it means nothing here; `SeveralMeant` says what it may be."""
    found = [one for kind in _plausible(word) if (one := _find(client, kind, word))]
    if len(found) > 1:
        meant = "\n".join(f"attune explain {one.kind} {word}   {safe_text(summary(one))}" for one in found)
        raise SeveralMeant(f"{word} may be {' or '.join(f'an {one.kind}' for one in found)}", hint=f"say which:\n{meant}")
    return found[0] if found else None


def summary(explained: Explained) -> str:
    """Return what something is, in a few words."""
    match explained:
        case EventExplanation(facts=facts):
            return f"({facts.event.type}, {facts.event.status})"
        case ExecutionExplanation(facts=facts):
            one = facts.execution
            return f"({one.action}{' on ' + one.agent if one.agent else ''}, {(one.outcome or one.state).value})"
        case AgentExplanation(facts=facts):
            return f"({facts.agent.state})"


def nothing(word: str) -> NothingToExplain:
    """Return that a word means nothing."""
    return NothingToExplain(
        f"{word[:80]!r} is no code, outcome or reason, and the controller has no event, execution or agent of that name",
        hint="see `attune execution list`, `attune event list` and `attune agent list`; `attune sensor show` says how a sensor is, "
        "`attune explain` lists the codes",
    )


def _plausible(word: str) -> Sequence[str]:
    if word in (".", ".."):  # no address can say these
        return ()
    if _NUMBER.fullmatch(word):
        return "execution", "event"
    return ("agent", "event") if is_agent_name(word) else ("event",)


def _find(client: Client, kind: str, word: str) -> Explained | None:
    try:
        return ask(client, kind, word)
    except RequestFailed as error:
        if error.code == KINDS[kind][1]:
            return None
        raise
