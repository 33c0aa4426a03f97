"""Layout: which file of a repository is which document, from paths alone; the rest of a pack is its content.

Called by `load` after the entries were judged; names come from file and folder names, so a name is never written twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from attune_core.catalog.findings import Findings
from attune_core.expressions.suggestion import suggestion
from attune_core.names import is_name
from attune_core.problems import Severity

#: Folder of a pack -> the kind of document in it.
_KINDS = {"actions": "action", "triggers": "trigger", "sensors": "sensor", "timers": "timer", "rules": "rule", "tests": "test"}
#: Folders that a near miss may have meant; files of other kinds stand in folders called like `tests`.
_PLACES, _MEANT = ("packs", "rules", "webhooks"), ("actions", "triggers", "sensors", "timers", "rules")
#: `rules` would collide with `rules/` at the root; `core` and `attune` are the names of Attune's own events.
RESERVED_PACKS = frozenset({"rules", "core", "attune"})
_NAME_HINT = "lower-case letters, digits and `_`, a letter first, at most 63 characters"


@dataclass
class PackFiles:
    """One pack: its document if there is one, every file of it that agents get, and its documents by kind and name."""

    document: str | None = None
    content: list[str] = field(default_factory=list)
    documents: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in _KINDS.values()})


@dataclass
class Layout:
    """Paths by what they are; `root_rules`, `root_tests` and `webhooks` by name. `built_in`: packs of this installation."""

    repository: str | None = None
    packs: dict[str, PackFiles] = field(default_factory=dict)
    root_rules: dict[str, str] = field(default_factory=dict)
    root_tests: dict[str, str] = field(default_factory=dict)
    webhooks: dict[str, str] = field(default_factory=dict)
    built_in: frozenset[str] = frozenset()

    def own_documents(self) -> int:
        """Count the repository's own documents."""
        return sum(not path.startswith(tuple(f"packs/{name}/" for name in self.built_in)) for path in self.document_paths())

    def document_paths(self) -> list[str]:
        """Return the path of every document."""
        paths = [self.repository, *self.root_rules.values(), *self.root_tests.values(), *self.webhooks.values()]
        for pack in self.packs.values():
            paths.append(pack.document)
            paths.extend(path for named in pack.documents.values() for path in named.values())
        return [path for path in paths if path is not None]


def lay_out(files: Iterable[str], findings: Findings, *, built_in: frozenset[str] = frozenset()) -> Layout:
    """Sort paths into a Layout and say what cannot stand where it stands."""
    layout = Layout(built_in=built_in)
    strange: dict[str, str] = {}
    for path in sorted(files):
        first, _, rest = path.partition("/")
        if not rest:
            _at_root(path, layout, findings)
        elif first == "packs":
            _in_packs(path, rest, layout, findings)
        elif first in (at_root := {"rules": layout.root_rules, "tests": layout.root_tests, "webhooks": layout.webhooks}):
            _document(path, rest, at_root[first], findings)
        elif path.endswith((".yaml", ".yml")) and not first.startswith("."):
            strange.setdefault(first, path)
    for folder in strange:
        hint = suggestion(folder, _PLACES)
        if hint and hint.startswith("did you mean"):
            findings.at_path("ATT144", f"the folder `{folder}` is not read", folder, hint=hint, severity=Severity.WARNING)
    for name, pack in layout.packs.items():
        if pack.document is None:
            findings.at_path(
                "ATT142", f"the pack `{name}` has no pack.yaml", f"packs/{name}", hint="add one with name, version and description"
            )
    return layout


def _at_root(path: str, layout: Layout, findings: Findings) -> None:
    if path == "attune.yaml":
        layout.repository = path
    elif path == "attune.yml":
        _wrong_suffix(path, findings)


def _in_packs(path: str, rest: str, layout: Layout, findings: Findings) -> None:
    name, _, inside = rest.partition("/")
    if not inside:
        if path.endswith((".yaml", ".yml")):
            findings.at_path("ATT144", "a document directly in `packs` is not read", path, hint="move it into a pack's folder")
        return
    if name not in layout.packs:
        layout.packs[name] = PackFiles()
        if not is_name(name):
            findings.at_path("ATT140", f"`{name}` is no name for a pack", f"packs/{name}", hint=_NAME_HINT)
        elif name in RESERVED_PACKS - layout.built_in:
            findings.at_path("ATT145", f"`{name}` is a name that Attune uses itself", f"packs/{name}", hint="give the pack another name")
    pack = layout.packs[name]
    _in_pack(path, inside, pack, findings)
    if path not in pack.documents["test"].values():
        pack.content.append(inside)


def _in_pack(path: str, inside: str, pack: PackFiles, findings: Findings) -> None:
    folder, _, rest = inside.partition("/")
    if inside == "pack.yaml":
        pack.document = path
    elif inside == "pack.yml":
        _wrong_suffix(path, findings)
    elif rest and folder in _KINDS:
        _document(path, rest, pack.documents[_KINDS[folder]], findings)
    elif rest and "/" not in rest and rest.endswith((".yaml", ".yml")):
        hint = suggestion(folder, _MEANT)
        if hint and hint.startswith("did you mean"):
            place = path[: len(path) - len(rest) - 1]
            findings.at_path("ATT144", f"the folder `{folder}` of a pack is not read", place, hint=hint, severity=Severity.WARNING)


def _document(path: str, rest: str, named: dict[str, str], findings: Findings) -> None:
    """Take a file of a folder of documents: `*.yaml` directly in it is one, everything else is content."""
    name = PurePosixPath(rest)
    if "/" in rest or name.suffix not in (".yaml", ".yml"):
        return
    if name.suffix == ".yml":
        _wrong_suffix(path, findings)
    elif not is_name(name.stem):
        findings.at_path("ATT140", f"`{name.stem}` is no name for a document", path, hint=_NAME_HINT)
    else:
        named[name.stem] = path


def _wrong_suffix(path: str, findings: Findings) -> None:
    findings.at_path("ATT141", "documents end in .yaml", path, hint=f"rename it to {PurePosixPath(path).stem}.yaml")


def declared(layout: Layout, kind: str) -> Mapping[str, str]:
    """Return reference -> path of every document of a kind, whether or not it can be read."""
    found = {f"{pack}.{name}": path for pack, files in layout.packs.items() for name, path in files.documents[kind].items()}
    return found | ({f"rules.{name}": path for name, path in layout.root_rules.items()} if kind == "rule" else {})


def declared_triggers(layout: Layout) -> Mapping[str, str]:
    """Return the same for what events may be of and programs may not send: triggers, and timers, which declare theirs."""
    return {**declared(layout, "timer"), **declared(layout, "trigger")}
