"""A pack of a working copy: its folder and its document, read alone, so that what is still missing elsewhere does not matter.

Called by `attune pack lock`, `attune action new` and `attune action types`, which make what is missing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from attune_cli.errors import DocumentUnusable
from attune_cli.pack_repository import repository_root
from attune_core.catalog.documents import read_document
from attune_core.catalog.findings import Findings
from attune_core.catalog.model_problems import read_model
from attune_core.catalog.nodes import Document
from attune_core.models.action import ActionDocument
from attune_core.models.base import DocumentModel
from attune_core.models.pack import PackDocument

_Model = TypeVar("_Model", bound=DocumentModel)


@dataclass(frozen=True, kw_only=True)
class WorkingPack:
    """A pack's folder, its document as a model, and as text with places."""

    name: str
    folder: Path
    model: PackDocument
    document: Document

    def place(self, path: Path) -> str:
        """Return a path as Problems show it: in the repository."""
        return path.relative_to(self.folder.parents[1]).as_posix()

    def action(self, name: str) -> ActionDocument:
        """Return one action's document; `DocumentUnusable`."""
        return _read(self.folder / "actions" / f"{name}.yaml", ActionDocument)[0]


def working_pack(repository: Path, name: str) -> WorkingPack:
    """Return a pack of the repository that a path is in; `DocumentUnusable` when there is none, or its document has a mistake."""
    folder = repository_root(repository) / "packs" / name
    model, document = _read(folder / "pack.yaml", PackDocument)
    return WorkingPack(name=name, folder=folder, model=model, document=document)


def _read(path: Path, model: type[_Model]) -> tuple[_Model, Document]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DocumentUnusable(f"{path}: {error.strerror}", hint=_instead(path)) from error
    findings = Findings()
    document, problems = read_document(str(path), raw)
    findings.add(problems)
    found = read_model(model, document, findings) if document is not None else None
    if document is None or found is None:
        first = findings.sorted()[0]
        raise DocumentUnusable(f"{first.place()}: {first.message}", hint=first.hint)
    return found, document


def _instead(path: Path) -> str | None:
    """Say which packs, or actions of the pack, there are."""
    what, places = ("actions", "*.yaml") if path.parent.name == "actions" else ("packs", "*/pack.yaml")
    base = path.parent if what == "actions" else path.parents[1]
    names = sorted(found.stem if what == "actions" else found.parent.name for found in base.glob(places))
    return f"the {what} here are: {', '.join(names)}" if names else None
