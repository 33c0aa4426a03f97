"""`attune queue`: what waits and in what order; pause, resume, requeue."""

import time
from typing import Annotated
from urllib.parse import quote

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, Most, ProfileName, group
from attune_cli.errors import BadArgument
from attune_cli.json_argument import read_json
from attune_cli.profiles import load_profile
from attune_cli.render.output import show_fields, show_json, show_line, show_table
from attune_cli.render.queue import LIST, SHOW, list_row, pause_line, queue_fields, show_rows
from attune_core.values import JsonRefused, canonical_json
from attune_core.wire.api import ExecutionView, Page
from attune_core.wire.queues import QueueContent, QueuedExecution, QueuePause, QueueSummary

app = group("Queues: what waits and in what order; pause, resume, requeue.")

Action = Annotated[str, typer.Argument(help="The action, `pack.name`.")]
Key = Annotated[str | None, typer.Option("--key", help="The key of one queue, as JSON: a text has quotes, --key '\"web_1\"'.")]
Agent = Annotated[str | None, typer.Option("--agent", help="Only of this agent; `*`: those of the fleet.")]


@app.command("list")
def list_queues(
    agent: Agent = None,
    action: Annotated[str | None, typer.Option(help="Only of this action.")] = None,
    limit: Most = 200,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """List where something waits or runs, and what is paused.

    Example: attune queue list --agent web1
    """
    with Client(load_profile(profile)) as client:
        queues = list(client.pages("/v1/queues", Page[QueueSummary], {"agent": agent, "action": action}, most=limit))
        pauses = client.get("/v1/queues/pauses", Page[QueuePause]).items
    if json:
        show_json({"queues": [one.model_dump(mode="json") for one in queues], "pauses": [one.model_dump(mode="json") for one in pauses]})
        return
    now = time.time()
    empty = "nothing of that waits or runs" if agent or action else "nothing waits and nothing runs"
    show_table(LIST, [list_row(queue, now) for queue in queues], empty=empty)
    shown = {(pause.action, pause.key) for queue in queues for pause in queue.paused}
    for pause in pauses:
        if (pause.action, pause.key) not in shown:
            show_line(pause_line(pause))


@app.command()
def show(
    action: Action,
    agent: Agent = None,
    key: Key = None,
    limit: Most = 50,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show who stands in a queue, in order, and what holds the first.

    Without --agent and --key it is the one queue of the action in which something waits.

    Example: attune queue show web.restart --agent web1 --key '"web_1"'
    """
    with Client(load_profile(profile)) as client:
        queue = _find(client, action, agent, key)
        content = _content(client, queue, limit)
    if json:
        show_json(content)
        return
    now = time.time()
    show_fields(queue_fields(content, now))
    show_table(SHOW, list(show_rows(content, now)), empty="")
    if content.next:
        show_line(f"and more behind them: --limit {limit * 2}")


@app.command()
def pause(
    action: Action,
    why: Annotated[str, typer.Option("--note", help="Why; everyone who looks at the queue sees it.")],
    key: Key = None,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Let nothing new of an action start, on any agent.

    With --key it is one of its queues. What runs goes on; what comes waits in its order.

    Example: attune queue pause web.restart --note "release freeze"
    """
    with Client(load_profile(profile)) as client:
        paused = client.post("/v1/queues/pause", {"action": action, "key": _canonical(key), "note": why}, QueuePause)
    if json:
        show_json(paused)
    else:
        show_line(pause_line(paused))


@app.command()
def resume(action: Action, key: Key = None, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """End a pause of an action, or of one of its queues.

    Example: attune queue resume web.restart
    """
    with Client(load_profile(profile)) as client:
        left = client.post("/v1/queues/resume", {"action": action, "key": _canonical(key)}, Page[QueuePause])
    if json:
        show_json(left.items)
        return
    what = action if key is None else f"{action} with the key {key}"
    show_line(f"{what} goes on in its order")
    for pause in left.items:
        show_line(f"still: {pause_line(pause)}")


@app.command()
def requeue(
    execution: Annotated[str, typer.Argument(help="Its number, or its id.")], json: JsonFlag = False, profile: ProfileName = None
) -> None:
    """Put an execution that has not started at its queue's end.

    Example: attune queue requeue 42
    """
    with Client(load_profile(profile)) as client:
        found = client.post(f"/v1/executions/{quote(execution, safe='')}/requeue", {}, ExecutionView)
    if json:
        show_json(found)
    elif "requeuing" in found.conditions:
        show_line(f"execution {found.number} is asked back from {found.agent}; it goes to the end unless it has started")
    elif found.waiting_for and not found.sequence:
        show_line(f"execution {found.number} goes to the end anyway: it waits for {found.waiting_for}")
    else:
        show_line(f"execution {found.number} is the last of its queue now")


def _find(client: Client, action: str, agent: str | None, key: str | None) -> QueueSummary:
    """Return the one queue that is meant; `BadArgument` names those that could be."""
    wanted = _canonical(key)
    found = client.pages("/v1/queues", Page[QueueSummary], {"agent": agent, "action": action}, most=10_000)
    queues = [queue for queue in found if wanted in (None, queue.key)]
    if not queues:
        raise BadArgument(f"nothing waits or runs in such a queue of {action}", hint="list what there is: attune queue list")
    if len(queues) > 1:
        named = "; ".join(f"--agent {one.place}" + (f" --key '{one.key}'" if one.key != "null" else "") for one in queues[:5])
        raise BadArgument(f"{len(queues)} queues of {action} are meant", hint=f"say which: {named}{'; …' if len(queues) > 5 else ''}")
    return queues[0]


def _content(client: Client, queue: QueueSummary, limit: int) -> QueueContent:
    """Return a queue with at most so many of its executions, read page by page."""
    path = f"/v1/queues/{quote(queue.place, safe='')}/{quote(queue.action, safe='')}"
    content = client.get(path, QueueContent, {"key": queue.key, "limit": min(limit, 200)})
    items: list[QueuedExecution] = list(content.items)
    cursor = content.next
    while cursor and len(items) < limit:
        page = client.get(path, QueueContent, {"key": queue.key, "limit": min(limit - len(items), 200), "after": cursor})
        items += page.items
        cursor = page.next
    return content.model_copy(update={"items": items, "next": cursor})


def _canonical(key: str | None) -> str | None:
    if key is None:
        return None
    try:
        return canonical_json(read_json(key))
    except JsonRefused as error:
        raise BadArgument(f"--key: {error.message}", hint="a text has quotes of its own: --key '\"web_1\"'") from error
