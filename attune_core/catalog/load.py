"""Load: from a Tree to a Catalog, or to the Problems that refuse it; a revision goes live whole or not at all.

Called by `attune validate` on a folder and by the controller's reconcile on a commit; both get the same Problems for the same files.
The order: entries, layout, documents, models, packs, actions, sensors, triggers, rules, webhooks, rule tests, and only then the packs'
archives and what is made of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from attune_core.catalog.archive import Member, digest_of_archive, write_archive
from attune_core.catalog.built_in import WithBuiltIn
from attune_core.catalog.catalog import Catalog, Pack, Rule, Timer
from attune_core.catalog.check_actions import check_actions
from attune_core.catalog.check_duplicates import check_duplicates
from attune_core.catalog.check_emits import check_emits
from attune_core.catalog.check_locks import check_locks
from attune_core.catalog.check_loops import check_loops
from attune_core.catalog.check_packs import check_packs
from attune_core.catalog.check_rules import check_rules
from attune_core.catalog.check_sensors import check_sensors
from attune_core.catalog.check_tests import check_tests
from attune_core.catalog.check_triggers import check_triggers, completion_trigger, internal_triggers
from attune_core.catalog.check_unused import check_unused
from attune_core.catalog.check_webhooks import check_webhooks
from attune_core.catalog.findings import Findings, in_order
from attune_core.catalog.fingerprints import with_fingerprints
from attune_core.catalog.layout import Layout, lay_out
from attune_core.catalog.read_models import read_models
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.suppression import Suppressions, read_suppressions
from attune_core.catalog.tree import Tree
from attune_core.catalog.tree_checks import check_entries
from attune_core.models.rule_test import RuleTestDocument
from attune_core.problems import Problem


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What came of it: `catalog` is None exactly if one of the Problems is an error; `documents` counts those that were looked for.

    `tests` are the rule tests, which only `attune test` wants; a Catalog does not hold them. `suppressed` counts what comments of the
    documents took out of `problems`; `suppressions` are asked again about what is found beside a base.
    """

    catalog: Catalog | None
    problems: tuple[Problem, ...]
    documents: int = 0
    tests: tuple[Read[RuleTestDocument], ...] = ()
    suppressed: int = 0
    suppressions: Suppressions = field(default_factory=Suppressions)


def load(tree: Tree, revision: str | None = None) -> Loaded:
    """Read, check and compile a repository. Any content gives Problems, never an exception; `RepositoryUnreadable` is the storage's."""
    findings, tree = Findings(), WithBuiltIn(tree)
    files, refused = check_entries(tree.entries())
    findings.add(refused)
    if findings.has_errors():  # what cannot be a repository's content is not interpreted
        return Loaded(catalog=None, problems=findings.sorted())
    layout = lay_out(files, findings, built_in=tree.names)
    if layout.repository is None:
        findings.at_path("ATT100", "there is no attune.yaml here", "attune.yaml", hint="start a repository with `attune init`")
        return Loaded(catalog=None, problems=findings.sorted())
    reading = Reading(files=files, layout=layout, findings=findings)
    read_models(reading, tree)
    check_locks(reading, tree, check_packs(reading))
    actions = check_actions(reading)
    sensors = check_sensors(reading)
    check_emits(reading)
    triggers = check_triggers(reading) | {f"{ref}.completed": completion_trigger(reading, action) for ref, action in actions.items()}
    timers: Mapping[str, Timer] = {}
    if reading.timers:  # calendars and zones are not loaded for repositories without any
        from attune_core.catalog.check_timers import check_timers, timer_trigger

        timers = check_timers(reading)
        triggers = {ref: timer_trigger(reading, timer) for ref, timer in reading.timers.items() if ref not in triggers} | triggers
    triggers |= internal_triggers(reading)
    rules = check_rules(reading)
    check_duplicates(reading)
    check_loops(reading, rules)
    webhooks = check_webhooks(reading, triggers)
    tests = check_tests(reading, triggers)
    if findings.has_errors():
        return _loaded(reading, None)
    check_unused(reading, webhooks)
    packs = {name: _pack(tree, reading, layout, name) for name in sorted(layout.packs)}
    catalog = Catalog(
        revision=revision,
        packs=packs,
        actions=actions,
        sensors=with_fingerprints(sensors, reading, tree),
        triggers=triggers,
        rules=rules,
        rules_by_trigger=_by_trigger(rules),
        webhooks=webhooks,
        timers=timers,
    )
    return _loaded(reading, catalog, tests)


def _loaded(reading: Reading, catalog: Catalog | None, tests: tuple[Read[RuleTestDocument], ...] = ()) -> Loaded:
    found = reading.findings.sorted()
    suppressions = read_suppressions(reading.documents.values())
    said, suppressed = suppressions.divide(found)
    return Loaded(
        catalog=catalog,
        problems=in_order([*said, *suppressions.mistakes, *suppressions.useless(found)]),
        documents=reading.layout.own_documents(),
        tests=tests,
        suppressed=len(suppressed),
        suppressions=suppressions,
    )


def _pack(tree: Tree, reading: Reading, layout: Layout, name: str) -> Pack:
    def archive() -> bytes:
        paths = [f"packs/{name}/{path}" for path in layout.packs[name].content]
        prefix = len(f"packs/{name}/")
        return write_archive(
            Member(path=path[prefix:], mode=reading.files[path].mode & 0o777, content=content) for path, content in tree.contents(paths)
        )

    pack = reading.packs[name]
    return Pack(
        name=name,
        version=pack.model.version,
        path=f"packs/{name}",
        span=pack.document.span(("version",)),
        document=pack.model,
        digest=digest_of_archive(archive()),
        archive=archive,
    )


def _by_trigger(rules: Mapping[str, Rule]) -> dict[str, tuple[Rule, ...]]:
    enabled = sorted((rule for rule in rules.values() if rule.enabled), key=lambda rule: (rule.trigger, rule.ref))
    return {trigger: tuple(group) for trigger, group in groupby(enabled, key=lambda rule: rule.trigger)}
