"""PackCopy: one pack as it lies on this host, read-only, with its documents as models.

Made by `packs`; environments read its lock files, attempts its actions and their folder.
"""

from pathlib import Path
from typing import TypeVar

from attune_agent.preparation_errors import PackUnreadable
from attune_agent.regular_file import read_regular
from attune_core.catalog.documents import read_document
from attune_core.catalog.findings import Findings
from attune_core.catalog.model_problems import read_model
from attune_core.catalog.pack_paths import inside_pack
from attune_core.models.action import ActionDocument
from attune_core.models.base import DocumentModel
from attune_core.models.pack import PackDocument
from attune_core.models.sensor import SensorDocument
from attune_core.names import is_name
from attune_core.safe_text import safe_text

_Model = TypeVar("_Model", bound=DocumentModel)

#: Where a pack keeps its actions' documents; the working directory of an attempt is this folder in the copy.
ACTIONS = "actions"
#: The same of its sensors.
SENSORS = "sensors"
#: Bytes of a document; reliability.md §1.5.
_DOCUMENT_LIMIT = 1 << 20


class PackCopy:
    """A pack with a known digest; its content was verified before it came here and nothing changes it."""

    def __init__(self, root: Path, digest: str) -> None:
        """Read the pack's own document; `PackUnreadable`."""
        self.root = root
        self.digest = digest
        self.document = self._model(PackDocument, "pack.yaml")
        self._actions: dict[str, ActionDocument] = {}
        self._sensors: dict[str, SensorDocument] = {}

    def action(self, name: str) -> ActionDocument:
        """Return an action's document; `PackUnreadable` when there is none that this version can read."""
        found = self._actions.get(name)
        if found is None:
            if not is_name(name):
                raise PackUnreadable(f"{name[:64]!r} is no name of an action")
            found = self._actions[name] = self._model(ActionDocument, f"{ACTIONS}/{name}.yaml")
        return found

    def sensor(self, name: str) -> SensorDocument:
        """Return a sensor's document; `PackUnreadable` when there is none that this version can read."""
        found = self._sensors.get(name)
        if found is None:
            if not is_name(name):
                raise PackUnreadable(f"{name[:64]!r} is no name of a sensor")
            found = self._sensors[name] = self._model(SensorDocument, f"{SENSORS}/{name}.yaml")
        return found

    def read(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, None when the pack has no such regular file or it is larger than `limit`."""
        inside = inside_pack("", path)
        if inside is None:
            return None
        try:
            content = read_regular(self.root / inside, limit)
        except OSError:
            return None
        return content if len(content) <= limit else None

    def paths(self) -> tuple[str, ...]:
        """Return the paths of its regular files."""
        return tuple(sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()))

    def _model(self, model: type[_Model], path: str) -> _Model:
        raw = self.read(path, _DOCUMENT_LIMIT)
        if raw is None:
            raise PackUnreadable(f"the pack has no {path}")
        findings = Findings()
        document, problems = read_document(path, raw)
        findings.add(problems)
        found = read_model(model, document, findings) if document is not None else None
        if found is None:
            first = findings.sorted()[0]
            raise PackUnreadable(safe_text(f"{first.place()}: {first.message}", limit=500))
        return found
