"""Reading YAML: a loader over the C parser's events, with a place for everything and limits that hold while reading.

Called by `load` for every document; the only module that imports yaml. Events do not recurse, so a file nested 50,000 deep ends
here with a Problem and not with the process (facts.md, "YAML"); duplicate keys, anchors, aliases, tags and second documents,
all of which PyYAML's own loader takes or resolves silently, are refused.
"""

import contextlib

import yaml

from attune_core.catalog.nodes import Document, Node
from attune_core.catalog.scalars import ScalarRefused, read_plain
from attune_core.catalog.source_text import HIDDEN, read_text, span_at
from attune_core.catalog.yaml_mistakes import explain
from attune_core.problems import Problem, Severity
from attune_core.values import JsonValue

#: Bounds of one document; reliability.md §1.5.
DEPTH = 50
NODES = 100_000
#: A document with more mistakes than this is not read further.
MISTAKES = 50


class _Stop(Exception):
    """Nothing after this place can be trusted, or the bound on mistakes is reached."""


def read_document(path: str, raw: bytes) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return the document and what is wrong with its YAML; there is no document if any of it is an error. Never raises."""
    text = read_text(path, raw)
    if isinstance(text, Problem):
        return None, (text,)
    reader = _Reader(path, text)
    with contextlib.suppress(_Stop):
        try:
            #: As `yaml.parse` does, without a generator that is resumed for every event.
            parser = yaml.CSafeLoader(text)
            while (event := parser.get_event()) is not None:
                reader.take(event)
        except yaml.YAMLError as error:
            reader.mistakes.append(explain(error, path, text))
    if reader.root is None and not reader.mistakes:
        reader.mistakes.append(
            Problem(
                code="ATT111",
                severity=Severity.ERROR,
                message="the document is empty",
                path=path,
                span=span_at(text, 0),
                hint="declare something in it, or remove the file",
            )
        )
    if reader.root is None or reader.mistakes:
        return None, tuple(reader.mistakes)
    return Document(path=path, text=text, root=reader.root), ()


def _node(value: JsonValue, event: yaml.Event, style: str = "") -> Node:
    if event.start_mark is None or event.end_mark is None:
        raise AssertionError("the C parser marks every event")
    return Node(value, event.start_mark, event.end_mark, style)


class _Reader:
    """Takes events and builds the tree, without recursion; `open` holds the collections that have not ended."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.root: Node | None = None
        self.mistakes: list[Problem] = []
        self._open: list[tuple[Node, Node | None]] = []  # the collection, and for a mapping the key that waits for its value
        self._count = 0
        self._documents = 0
        self._names: set[str] = set()

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        match event:
            case yaml.ScalarEvent():
                self._admit(event)
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._admit(event)
                self._collection(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()[0].end = _node(None, event).end
            case yaml.AliasEvent():
                self._refuse_name("an alias", "*", event.anchor, event)
                self._place(_node(None, event), is_key=self._wants_key())
            case yaml.DocumentStartEvent():
                self._document(event)
            case _:
                pass

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse("ATT110", "a second document starts here", event, "one file holds one document; remove `---` or split the file")
            raise _Stop
        if event.version or event.tags:
            self._refuse("ATT109", "a `%` directive is not taken", event, "remove the lines that start with %")

    def _admit(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        """Count the node against the bounds and refuse what hangs on it."""
        self._count += 1
        if self._count > NODES:
            self._refuse("ATT105", f"the document has more than {NODES} values", event, "split it, or keep the data in a file of the pack")
            raise _Stop
        if event.anchor is not None:
            self._refuse_name("an anchor", "&", event.anchor, event)
        if event.tag is not None:
            written = event.tag.replace("tag:yaml.org,2002:", "!!")[:64]
            self._refuse("ATT109", f"a tag (`{written}`) is not taken", event, "remove it; if it is text or an expression, quote it")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        style: str = event.style or ""
        text: str = event.value
        is_key = self._wants_key()
        node = _node(text, event, style)
        if style == '"' and (found := HIDDEN.search(text)):
            self._refuse("ATT102", f"the text holds U+{ord(found[0]):04X}, which cannot be seen", event, "remove the escape")
        elif is_key and style == "" and text in ("<<", ""):
            meant = "a merge key (`<<`) is not taken" if text else "a key is missing before `:`"
            self._refuse("ATT108" if text else "ATT113", meant, event, "write the keys out")
        elif not is_key and style == "":
            node.value = self._plain(event, text)
        self._place(node, is_key=is_key)

    def _plain(self, event: yaml.ScalarEvent, text: str) -> JsonValue:
        try:
            return read_plain(text)
        except ScalarRefused as refused:
            self._refuse(refused.code, str(refused), event, refused.hint)
            return text

    def _collection(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= DEPTH:
            self._refuse("ATT104", f"nested deeper than {DEPTH}", event, "flatten it, or keep the data in a file of the pack")
            raise _Stop
        node = _node(None, event)
        if isinstance(event, yaml.MappingStartEvent):
            node.value, node.members = {}, {}
        else:
            node.value, node.items = [], []
        is_key = self._wants_key()
        if is_key:
            hint = "quote the expression" if self.text.startswith("{", node.start.index) else "write the key as a word"
            self._refuse("ATT113", "a key must be text", event, hint)
            raise _Stop
        self._place(node, is_key=False)
        self._open.append((node, None))

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1][0].members is not None and self._open[-1][1] is None

    def _place(self, node: Node, *, is_key: bool) -> None:
        """Put a node where it belongs: it is the root, a key, a key's value, or an item."""
        if not self._open:
            self.root = node
            return
        parent, key = self._open[-1]
        if is_key:
            self._open[-1] = (parent, node)
        elif parent.items is not None and isinstance(parent.value, list):
            parent.items.append(node)
            parent.value.append(node.value)
        elif parent.members is not None and isinstance(parent.value, dict) and key is not None and isinstance(key.value, str):
            if first := parent.members.get(key.value):
                line = first[0].start.line + 1
                self._refuse("ATT107", f"the key {key.value[:64]!r} stands twice, first on line {line}", key, "keep one of them")
            parent.members[key.value] = (key, node)
            parent.value[key.value] = node.value
            self._open[-1] = (parent, None)

    def _refuse_name(self, kind: str, sign: str, name: str | None, event: yaml.Event) -> None:
        """Say each anchor and each alias once, however often a bomb repeats it."""
        written = f"{sign}{name}"[:64]
        if written not in self._names:
            self._names.add(written)
            self._refuse("ATT108", f"{kind} (`{written}`) is not taken", event, "write the value out; if it is text, quote it")

    def _refuse(self, code: str, message: str, at: yaml.Event | Node, hint: str) -> None:
        node = at if isinstance(at, Node) else _node(None, at)
        start, end = node.start, node.end
        same_line = end.line == start.line and end.index > start.index
        span = span_at(self.text, start.index, end.index if same_line else None)
        self.mistakes.append(Problem(code=code, severity=Severity.ERROR, message=message, path=self.path, span=span, hint=hint))
        if len(self.mistakes) >= MISTAKES:
            raise _Stop
