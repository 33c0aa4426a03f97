"""Circles in a graph: one shortest way back to itself for each group of nodes that reach each other; linear, without recursion.

Called by `check_loops`, whose graph has as many nodes as a repository has rules and triggers.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=tuple[str, str])


def circles(following: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """Yield one circle a group, from its smallest node on; no node follows itself directly."""
    for group in _groups(following):
        if len(group) > 1:
            yield _shortest(following, min(group), frozenset(group))


def _shortest(following: Mapping[Node, Sequence[Node]], start: Node, group: frozenset[Node]) -> list[Node]:
    came_from: dict[Node, Node] = {}
    waiting = deque([start])
    while start not in came_from:
        node = waiting.popleft()
        for to in following[node]:
            if to in group and to not in came_from:
                came_from[to] = node
                waiting.append(to)
    way = [came_from[start]]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


def _groups(following: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """Yield the strongly connected groups: backwards from the node that depth-first search left last (Kosaraju's algorithm)."""
    preceding: dict[Node, list[Node]] = {node: [] for node in following}
    for node, targets in following.items():
        for to in targets:
            preceding[to].append(node)
    done: set[Node] = set()
    for start in reversed(_as_left(following)):
        if start in done:
            continue
        done.add(start)
        group = [start]
        for node in group:  # grows while it is walked
            new = [one for one in dict.fromkeys(preceding[node]) if one not in done]
            done.update(new)
            group.extend(new)
        yield group


def _as_left(following: Mapping[Node, Sequence[Node]]) -> list[Node]:
    seen: set[Node] = set()
    left: list[Node] = []
    for start in following:
        way = [(start, iter((start,)))] if start not in seen else []
        while way:
            node, rest = way[-1]
            to = next((one for one in rest if one not in seen), None)
            if to is not None:
                seen.add(to)
                way.append((to, iter(following[to])))
                continue
            way.pop()
            if way:
                left.append(node)
    return left
