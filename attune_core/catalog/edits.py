"""Edits of a document's text by the places of its values: everything else, comments and layout too, stays as it is.

Used by `attune test --update`; edits that were asked for are made together, so their stretches must not overlap.
"""

from attune_core.catalog.nodes import Document, Node, Place
from attune_core.catalog.written_yaml import flow, scalar_text
from attune_core.values import JsonObject, JsonValue

#: Columns up to which an item of a list is written on one line.
WIDTH = 120


class Edits:
    """Edits of one document, each a stretch of its text and what comes in its place."""

    def __init__(self, document: Document) -> None:
        """Begin with none."""
        self._document, self._text = document, document.text
        self._newline = "\r\n" if "\r\n" in document.text else "\n"
        self._edits: list[tuple[tuple[int, int, int], str]] = []

    def text(self) -> str:
        """Return the text with all edits made."""
        text = self._text
        for (start, end, _), new in sorted(self._edits, reverse=True):  # of two at one place, the first that was asked for comes first
            text = text[:start] + new + text[end:]
        return text

    def change(self, place: Place, value: JsonValue) -> None:
        """Give the value at a place another value, keeping as much of how it is written as possible."""
        self._change(self._node(place), value)

    def add_key(self, place: Place, key: str, value: JsonValue) -> None:
        """Add a key at the end of the mapping at a place; a list becomes one item a line where the mapping is in block style."""
        node = self._node(place)
        if _is_flow(self._text, node) or not (isinstance(value, list) and value):
            self._add_member(node, key, flow(value))
            return
        column = self._column(node)
        items = "".join(self._newline + self._item(item, column + 2) for item in value)
        self._insert_line(self._end(node), f"{' ' * column}{scalar_text(key)}:{items}")

    def add_section(self, place: Place, key: str, members: JsonObject) -> None:
        """Add a key at the end of the mapping at a place, whose members stand on a line each where the mapping is in block style."""
        node = self._node(place)
        if _is_flow(self._text, node):
            self._add_member(node, key, flow(members))
            return
        column = self._column(node)
        lines = [f"{' ' * (column + 2)}{scalar_text(name)}: {flow(one)}" for name, one in members.items()]
        self._insert_line(self._end(node), self._newline.join([f"{' ' * column}{scalar_text(key)}:", *lines]))

    def remove_key(self, place: Place, key: str) -> None:
        """Remove a key of the mapping at a place, which has others as well."""
        node = self._node(place)
        self._remove_member(node, node.members or {}, key)

    def add_item(self, place: Place, item: JsonObject) -> None:
        """Add an item at the end of the list at a place."""
        node = self._node(place)
        if not _is_flow(self._text, node):
            self._insert_line(self._end(node), self._item(item, self._dash(node.items[0]) if node.items else 0))
        elif node.items:
            self._replace(self._end(node.items[-1]), self._end(node.items[-1]), f", {flow(item)}")
        elif (key := self._key(place)) is not None and self._is_own_line(key.start.index):
            start, new = key.end.index, self._newline + self._item(item, key.start.column + 2)
            self._replace(start, self._end(node), f":{new}")
        else:
            self._replace(node.start.index, self._end(node), f"[{flow(item)}]")

    def remove_item(self, place: Place, index: int) -> None:
        """Remove an item of the list at a place; a list without items stays as `[]`."""
        node, key = self._node(place), self._key(place)
        items = node.items or []
        item = items[index]
        if len(items) == 1:
            is_alone = key is not None and self._text[key.end.index : self._start(node)].strip() == ":"
            start = key.end.index if key is not None and is_alone else self._start(node)
            self._replace(start, self._end(node), ": []" if is_alone else "[]")
        elif _is_flow(self._text, node):
            last = index == len(items) - 1
            self._replace(
                self._end(items[index - 1]) if last else item.start.index, self._end(item) if last else items[index + 1].start.index, ""
            )
        else:
            dash = self._text.rindex("-", 0, item.start.index)
            start = self._text.rfind("\n", 0, dash) + 1
            self._replace(start, self._next_line(self._end(item)), "")

    def _change(self, node: Node, value: JsonValue) -> None:
        if isinstance(value, dict) and node.members and self._change_members(node, node.members, value):
            return
        if isinstance(value, list) and node.items and len(node.items) == len(value):
            for item, one in zip(node.items, value, strict=True):
                self._change(item, one)
        elif not _same(node.value, value):
            new = flow(value)
            blank = node.start.index == node.end.index and not self._text[node.start.index - 1 : node.start.index].isspace()
            self._replace(node.start.index, self._end(node), f" {new}" if blank else new)

    def _change_members(self, node: Node, members: dict[str, tuple[Node, Node]], value: JsonObject) -> bool:
        """Change a mapping key by key; False if it has to be written anew."""
        gone = [key for key in members if key not in value]
        if len(gone) == len(members) or (len(gone) > 1 and _is_flow(self._text, node)):
            return False
        if not _is_flow(self._text, node) and any(not self._is_own_line(members[key][0].start.index) for key in gone):
            return False
        for key in gone:
            self._remove_member(node, members, key)
        for key, one in value.items():
            if key in members:
                self._change(members[key][1], one)
        if missing := [f"{scalar_text(key)}: {flow(one)}" for key, one in value.items() if key not in members]:
            self._add_text(node, missing)
        return True

    def _remove_member(self, node: Node, members: dict[str, tuple[Node, Node]], name: str) -> None:
        key, value = members[name]
        if not _is_flow(self._text, node) and self._is_own_line(key.start.index):
            start = self._text.rfind("\n", 0, key.start.index) + 1
            self._replace(start, self._next_line(self._end(value)), "")
            return
        names = list(members)
        index = names.index(name)
        if index + 1 < len(names):
            self._replace(key.start.index, members[names[index + 1]][0].start.index, "")
        else:
            self._replace(self._end(members[names[index - 1]][1]), self._end(value), "")

    def _add_member(self, node: Node, key: str, text: str) -> None:
        self._add_text(node, [f"{scalar_text(key)}: {text}"])

    def _add_text(self, node: Node, members: list[str]) -> None:
        if not _is_flow(self._text, node):
            column = self._column(node)
            self._insert_line(self._end(node), self._newline.join(" " * column + one for one in members))
        elif node.members:
            end = self._end(list(node.members.values())[-1][1])
            self._replace(end, end, "".join(f", {one}" for one in members))
        else:
            self._replace(node.start.index, self._end(node), "{" + ", ".join(members) + "}")

    def _item(self, item: JsonValue, column: int) -> str:
        """Return an item of a block list: on one line if it is short, else a key a line."""
        line = f"{' ' * column}- {flow(item)}"
        if len(line) <= WIDTH or not isinstance(item, dict):
            return line
        keys = [f"{scalar_text(key)}: {flow(one)}" for key, one in item.items()]
        return f"{' ' * column}- " + (self._newline + " " * (column + 2)).join(keys)

    def _insert_line(self, after: int, line: str) -> None:
        """Add a line behind the one that holds an offset."""
        at = self._next_line(after)
        self._replace(at, at, line + self._newline if self._text.endswith("\n", 0, at) else self._newline + line)

    def _node(self, place: Place) -> Node:
        found = self._document.at(place)
        if found is None:
            raise KeyError(place)
        return found[1]

    def _key(self, place: Place) -> Node | None:
        found = self._document.at(place)
        return None if found is None else found[0]

    def _replace(self, start: int, end: int, new: str) -> None:
        self._edits.append(((start, end, len(self._edits)), new))

    def _end(self, node: Node) -> int:
        """Return where a value's own text ends."""
        if not _is_flow(self._text, node):
            if node.members:
                key, value = list(node.members.values())[-1]
                return max(self._end(value), key.end.index + 1) if value.start.index == value.end.index else self._end(value)
            if node.items:
                return self._end(node.items[-1])
        start, end = node.start.index, node.end.index
        return start + len(self._text[start:end].rstrip())

    def _start(self, node: Node) -> int:
        is_block_list = node.items and not _is_flow(self._text, node)
        return self._text.rindex("-", 0, node.items[0].start.index) if node.items and is_block_list else node.start.index

    def _column(self, node: Node) -> int:
        return next(iter(node.members.values()))[0].start.column if node.members else node.start.column

    def _dash(self, item: Node) -> int:
        dash = self._text.rindex("-", 0, item.start.index)
        return dash - self._text.rfind("\n", 0, dash) - 1

    def _is_own_line(self, start: int) -> bool:
        return not self._text[self._text.rfind("\n", 0, start) + 1 : start].strip()

    def _next_line(self, offset: int) -> int:
        end = self._text.find("\n", offset)
        return len(self._text) if end == -1 else end + 1


def _is_flow(text: str, node: Node) -> bool:
    return (node.members is not None or node.items is not None) and text[node.start.index : node.start.index + 1] in ("{", "[")


def _same(one: JsonValue, other: JsonValue) -> bool:
    return isinstance(one, bool) is isinstance(other, bool) and one == other
