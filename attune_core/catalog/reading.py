"""What one load has in hand while it checks: the files, the documents as models, and where Problems go.

Made by `load` step by step; the checks read it and return the Catalog's records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from attune_core.catalog.findings import Findings
from attune_core.catalog.layout import Layout
from attune_core.catalog.nodes import Document
from attune_core.catalog.tree import Entry
from attune_core.expressions.types import Type
from attune_core.models.action import ActionDocument
from attune_core.models.base import DocumentModel
from attune_core.models.pack import PackDocument
from attune_core.models.rule import RuleDocument
from attune_core.models.rule_test import RuleTestDocument
from attune_core.models.sensor import SensorDocument
from attune_core.models.timer import TimerDocument
from attune_core.models.trigger import TriggerDocument
from attune_core.models.webhook import WebhookDocument

Model = TypeVar("Model", bound=DocumentModel)


@dataclass(frozen=True, kw_only=True)
class Read(Generic[Model]):
    """A document that fits its model. `pack` is "" for rules and webhooks at the root."""

    ref: str
    name: str
    pack: str
    document: Document
    model: Model


#: What names a program in `run` and an environment for it.
ReadProgram: TypeAlias = Read[ActionDocument] | Read[SensorDocument]


@dataclass(kw_only=True)
class Reading:
    """The state of one load.

    Documents that could not be read are missing here but still in the layout: nothing is called undeclared for another mistake.
    """

    files: Mapping[str, Entry]
    layout: Layout
    findings: Findings
    #: Every document whose YAML could be read, by path.
    documents: Mapping[str, Document] = field(default_factory=dict)
    packs: dict[str, Read[PackDocument]] = field(default_factory=dict)
    actions: dict[str, Read[ActionDocument]] = field(default_factory=dict)
    triggers: dict[str, Read[TriggerDocument]] = field(default_factory=dict)
    sensors: dict[str, Read[SensorDocument]] = field(default_factory=dict)
    timers: dict[str, Read[TimerDocument]] = field(default_factory=dict)
    rules: dict[str, Read[RuleDocument]] = field(default_factory=dict)
    tests: list[Read[RuleTestDocument]] = field(default_factory=list)
    webhooks: dict[str, Read[WebhookDocument]] = field(default_factory=dict)
    #: Action reference -> the types of its parameters.
    parameter_types: dict[str, Mapping[str, Type]] = field(default_factory=dict)
    #: Trigger reference -> the type of its events' data, completions included.
    data_types: dict[str, Type] = field(default_factory=dict)
