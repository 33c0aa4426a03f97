"""The Catalog: the validated, compiled, immutable content of a revision, as planning and dispatch use it.

Built only by `load`; a Catalog that exists has no error in it, so nothing behind it checks references or types again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from attune_core.catalog.rule_index import RuleIndex
from attune_core.json_schema import SchemaValidator
from attune_core.models.action import ActionDocument
from attune_core.models.pack import PackDocument
from attune_core.models.sensor import SensorDocument
from attune_core.models.timer import TimerDocument
from attune_core.models.webhook import WebhookDocument
from attune_core.problems import Span
from attune_core.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from attune_core.expressions.program import Program
    from attune_core.expressions.structure import CheckedStructure
    from attune_core.expressions.template import CheckedTemplate
    from attune_core.timers.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One pack: its document and its content, named by the digest of a deterministic tar."""

    name: str
    version: str
    path: str  # its folder in the repository, `packs/<name>`
    span: Span  # of `version` in its document
    document: PackDocument
    digest: str  # sha256, hex, over what `archive` returns
    archive: Callable[[], bytes]  # reads the tree again; the bytes always have this digest


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action with its defaults filled in and its schemas compiled."""

    ref: str
    pack: str
    name: str
    path: str  # the document's path in the repository
    folder: str  # the document's folder inside the pack: the working directory of an attempt
    span: Span
    document: ActionDocument
    inputs: SchemaValidator  # of the whole Input: an object of the non-secret parameters, nothing else
    result: SchemaValidator | None
    key: "CheckedTemplate | None"  # over `parameters`; the concurrency key
    rate_key: "CheckedTemplate | None"  # over `parameters`; what its rate is counted with, None: the concurrency key
    env: "Mapping[str, CheckedTemplate]"  # over `parameters` without secrets


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """One sensor: its document, what its configuration says, and what decides whether it is started again."""

    ref: str
    pack: str
    name: str
    path: str
    folder: str  # the document's folder inside the pack: the working directory of the program
    span: Span
    document: SensorDocument
    config: JsonObject  # the literals, by key
    secrets: Mapping[str, str]  # key of the configuration -> the secret's name
    fingerprint: str  # sha256, hex: another one means that the running program is not what the revision says


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One declared kind of event, an action's completion (`pack.action.completed`), or one that the controller makes (`core.…`)."""

    ref: str
    path: str
    span: Span
    schema: JsonObject  # of `event.data`
    validator: SchemaValidator


ThrottleForm: TypeAlias = Literal["once_within", "debounce", "accumulate", "absence"]


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """How often one rule fires for one key, or for which events together; without a template there is one key."""

    form: ThrottleForm
    within: float  # seconds, of whichever form
    key: "CheckedTemplate | None"  # over `event`
    at_least: int = 1  # of accumulate
    at_most: int | None = None
    of: str = ""  # the trigger whose absence is waited for
    of_key: "CheckedTemplate | None" = None  # over an event of `of`
    terms: str = ""  # a digest of all that decides what waits and what is kept of it: what waits under others does not fire

    @property
    def gathers(self) -> bool:
        """Tell whether events wait in groups, instead of firing or being dropped at once."""
        return self.form != "once_within"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, checked: every expression fits its trigger's data and its action's parameters."""

    ref: str
    path: str
    span: Span
    description: str
    enabled: bool
    trigger: str
    action: str
    when: "Program | None"
    inputs: "Mapping[str, CheckedTemplate | CheckedStructure | JsonValue]"  # literal values as they are; defaults are not in here
    secrets: Mapping[str, str]  # parameter -> the secret's name
    match: "Mapping[str, CheckedTemplate | str]"
    pick: Literal["any", "all"]
    throttle: Throttle | None
    #: The clauses of the condition that name `events`, judged when a group ends; `when` has the others.
    when_ended: "Program | None" = None
    uses_events: bool = False


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One hook: how its sender is verified and which trigger an accepted body belongs to."""

    name: str
    path: str
    document: WebhookDocument
    secrets: tuple[str, ...]  # names of the controller's own, that in use first
    kind: "Program | None"  # over `headers` and `body`; None: there is one trigger
    triggers: Mapping[str, str]  # allowed value of `kind`, "" without one -> trigger reference
    id: "CheckedTemplate | None"  # over `headers` and `body`; None, or an empty text: the body's digest
    unseen: frozenset[str]  # headers, in lower case, that expressions do not see: they hold credentials


@dataclass(frozen=True, kw_only=True)
class Timer:
    """One timer; its trigger has its reference. `declared` is what its document says of when it is due: with that, the times change too."""

    ref: str
    path: str
    span: Span
    document: TimerDocument
    schedule: "Schedule"
    declared: str
    jitter: float = 0.0
    misfire: Literal["skip", "one", "all"] = "one"
    at_most: int = 0


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything a revision declares. `rules_by_trigger` has enabled rules only, in the order of their references."""

    revision: str | None
    packs: Mapping[str, Pack]
    actions: Mapping[str, Action]
    sensors: Mapping[str, Sensor]
    triggers: Mapping[str, Trigger]
    rules: Mapping[str, Rule]
    rules_by_trigger: Mapping[str, tuple[Rule, ...]]
    webhooks: Mapping[str, Webhook]
    timers: Mapping[str, Timer] = field(default_factory=dict)

    @cached_property
    def absences_by_trigger(self) -> Mapping[str, tuple[Rule, ...]]:
        """The enabled rules that wait for events of each trigger, in the order of their references."""
        found: dict[str, tuple[Rule, ...]] = {}
        for _, rule in sorted(self.rules.items()):
            if rule.enabled and rule.throttle is not None and rule.throttle.of:
                found[rule.throttle.of] = (*found.get(rule.throttle.of, ()), rule)
        return found

    @cached_property
    def gathers(self) -> bool:
        """Whether any enabled rule lets events wait in groups."""
        return any(rule.throttle is not None and rule.throttle.gathers for rule in self.rules.values() if rule.enabled)

    @cached_property
    def indexes(self) -> Mapping[str, RuleIndex]:
        """The rules of each trigger by what they compare; made when the first event comes."""
        return {trigger: RuleIndex(rules) for trigger, rules in self.rules_by_trigger.items()}
