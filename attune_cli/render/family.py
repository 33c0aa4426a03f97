"""A family tree on the screen, one line a node, which goes on beside its branch where the terminal is narrow.

Called by `attune execution tree`.
"""

from collections.abc import Iterator, Sequence

from attune_cli.render.output import note, show_paragraph
from attune_core.values import JsonObject, JsonValue


def show_family(found: JsonObject) -> None:
    """Print it."""
    for line, below in _lines(found, "", ""):
        show_paragraph(line, below=below)
    if found["cut"]:
        note("there is more than is shown")


def _lines(node: JsonValue, first: str, others: str) -> Iterator[tuple[str, str]]:
    if not isinstance(node, dict):
        return
    children = _children(node)
    yield first + _words(node), others + ("│   " if children else "    ")
    for number, child in enumerate(children, 1):
        last = number == len(children)
        yield from _lines(child, others + ("└ " if last else "├ "), others + ("  " if last else "│ "))


def _children(node: JsonObject) -> Sequence[JsonValue]:
    if "event" in node:
        below = node["executions"]
        return below if isinstance(below, list) else ()
    return [node["completion"]] if node["completion"] else ()


def _words(node: JsonObject) -> str:
    if "event" in node:
        return f"event {node['event']}  {node['type']}  {node['status']}"
    where = f" on {node['agent']}" if node["agent"] else ""
    why = f"  by {node['rule']}" if node["rule"] else ""
    return f"execution {node['execution']}  {node['action']}{where}  {node['outcome'] or node['state']}{why}"
