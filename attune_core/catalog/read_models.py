"""Reading every document of a repository as its model, with the repository's defaults filled into actions.

Called by `load` once the layout is known; a document with a mistake is left out and has said why.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from attune_core.catalog.documents import read_document
from attune_core.catalog.model_problems import read_model
from attune_core.catalog.nodes import Document
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.source_text import SIZE
from attune_core.catalog.tree import Tree
from attune_core.models.action import ActionDocument
from attune_core.models.base import DocumentModel
from attune_core.models.pack import PackDocument
from attune_core.models.repository import Defaults, RepositoryDocument
from attune_core.models.rule import RuleDocument
from attune_core.models.rule_test import RuleTestDocument
from attune_core.models.sensor import SensorDocument
from attune_core.models.timer import TimerDocument
from attune_core.models.trigger import TriggerDocument
from attune_core.models.version_range import parse_range
from attune_core.models.webhook import WebhookDocument
from attune_core.version import REPOSITORY_FORMAT, VERSION

Model = TypeVar("Model", bound=DocumentModel)


def read_models(reading: Reading, tree: Tree) -> None:
    """Fill the reading with every document that is one."""
    documents = reading.documents = _documents(reading, tree)
    layout = reading.layout
    defaults = _repository(reading, documents.get(layout.repository or ""))
    for pack, files in layout.packs.items():
        for one in _read(reading, documents, PackDocument, "", {pack: files.document} if files.document else {}):
            reading.packs[pack] = one
        for action in _read(reading, documents, ActionDocument, pack, files.documents["action"]):
            reading.actions[action.ref] = _with_defaults(action, defaults)
        for trigger in _read(reading, documents, TriggerDocument, pack, files.documents["trigger"]):
            reading.triggers[trigger.ref] = trigger
        for sensor in _read(reading, documents, SensorDocument, pack, files.documents["sensor"]):
            reading.sensors[sensor.ref] = sensor
        for timer in _read(reading, documents, TimerDocument, pack, files.documents["timer"]):
            reading.timers[timer.ref] = timer
        for rule in _read(reading, documents, RuleDocument, pack, files.documents["rule"]):
            reading.rules[rule.ref] = rule
        reading.tests.extend(_read(reading, documents, RuleTestDocument, pack, files.documents["test"]))
    for rule in _read(reading, documents, RuleDocument, "rules", layout.root_rules):
        reading.rules[rule.ref] = rule
    reading.tests.extend(_read(reading, documents, RuleTestDocument, "tests", layout.root_tests))
    for hook in _read(reading, documents, WebhookDocument, "", layout.webhooks):
        reading.webhooks[hook.name] = hook


def _documents(reading: Reading, tree: Tree) -> Mapping[str, Document]:
    paths = []
    for path in reading.layout.document_paths():
        size = reading.files[path].size
        if size > SIZE:  # said without reading it into memory
            reading.findings.at_path("ATT103", f"the document has {size} bytes, more than {SIZE}", path, hint="split it")
        else:
            paths.append(path)
    found: dict[str, Document] = {}
    for path, raw in tree.contents(paths):
        document, problems = read_document(path, raw)
        reading.findings.add(problems)
        if document is not None:
            found[path] = document
    return found


def _read(
    reading: Reading, documents: Mapping[str, Document], model: type[Model], pack: str, named: Mapping[str, str]
) -> Iterator[Read[Model]]:
    for name, path in named.items():
        document = documents.get(path)
        found = read_model(model, document, reading.findings) if document is not None else None
        if document is not None and found is not None:
            yield Read(ref=f"{pack}.{name}" if pack else name, name=name, pack=pack, document=document, model=found)


def _repository(reading: Reading, document: Document | None) -> Defaults:
    if document is None:
        return Defaults()
    written = document.value_at(("format",))
    if isinstance(written, int) and written != REPOSITORY_FORMAT:
        hint = f"write `format: {REPOSITORY_FORMAT}`, or use the version of Attune that the repository is for"
        reading.findings.at(
            "ATT125", f"the repository has format {written}, which this version does not read", document, ("format",), hint=hint
        )
        return Defaults()
    found = read_model(RepositoryDocument, document, reading.findings)
    if found is None:
        return Defaults()
    if not parse_range(found.attune).allows(VERSION):
        hint = "use a version of Attune inside the range, or widen the range"
        reading.findings.at("ATT124", f"this is Attune {VERSION}, the repository is for {found.attune}", document, ("attune",), hint=hint)
    return found.defaults


def _with_defaults(action: Read[ActionDocument], defaults: Defaults) -> Read[ActionDocument]:
    """Fill in what the repository declares for actions that do not say it themselves."""
    given = {"timeout": defaults.timeout, "retry": defaults.retry}
    missing = {key: value for key, value in given.items() if value is not None and key not in action.model.model_fields_set}
    if not missing:
        return action
    return Read(ref=action.ref, name=action.name, pack=action.pack, document=action.document, model=action.model.model_copy(update=missing))
