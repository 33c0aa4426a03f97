"""A repository with rules and one rule test of the test's own, loaded as `attune test` does."""

from dataclasses import dataclass
from functools import cache

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.documents import read_document
from attune_core.catalog.load import load
from attune_core.catalog.nodes import Document
from attune_core.models.rule_test import RuleTestDocument
from attune_core.problems import Severity
from attune_core.rule_tests.judging import Verdict, judge
from attune_core.rule_tests.updating import updated
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

TEST = "packs/web/tests/alerts.yaml"
#: Beside the rule of the base: one with a throttle, one whose input may not fit, one whose events wait, one that is off.
RULES = {
    "throttled": """
description: At most one page in five minutes for a unit
trigger: web.alert
when: event.data.severity == "critical"
action: web.page
input: {text: "${{ event.data.unit }}"}
agents: {match: {role: pager}}
throttle: {once_within: 5m, key: "${{ event.data.unit }}"}
""",
    "narrow": """
description: A restart that takes only some units
trigger: web.alert
when: event.data.severity == "low" && has(event.data.since) && event.data.since > 10
action: web.restart
input: {unit: "${{ event.data.unit }}", tries: 5}
agents: {match: {}}
""",
    "quiet": """
description: One page when there was nothing of a unit for five minutes
trigger: web.alert
when: event.data.unit.startsWith("quiet") && events.size() > 1
action: web.page
input: {text: "${{ event.data.unit }}"}
agents: {match: {role: pager}}
throttle: {debounce: 5m, key: "${{ event.data.unit }}"}
""",
    "off": """
description: Not enabled
trigger: web.alert
action: web.page
input: {text: x}
agents: {match: {}}
enabled: false
""",
}


@dataclass(frozen=True)
class Loaded:
    """The catalog and the one document of rule tests."""

    catalog: Catalog
    document: Document

    @property
    def model(self) -> RuleTestDocument:
        """Return the document's content."""
        return RuleTestDocument.model_validate(self.document.value)

    def verdicts(self) -> list[Verdict]:
        """Judge every case."""
        return [judge(case, self.catalog) for case in self.model.cases]

    def update(self) -> str | None:
        """Return the updated text."""
        return updated(self.document, range(len(self.model.cases)), self.catalog)


def load_with(cases: str) -> Loaded:
    """Return the base with the rules above and a rule test with these cases; they are indented as they stand under `cases:`."""
    return Loaded(catalog_of({TEST: written(cases)}), read_with(cases).document)


def read_with(cases: str) -> Loaded:
    """Return the same without checking the rule test."""
    document, problems = read_document(TEST, written(cases))
    assert document is not None, problems
    return Loaded(base(), document)


def written(cases: str) -> bytes:
    """Return the whole document."""
    return f"description: For tests\ncases:\n{cases.strip(chr(10))}\n".encode()


@cache
def base() -> Catalog:
    """Return the catalog without a rule test."""
    return catalog_of({})


def catalog_of(more: dict[str, bytes]) -> Catalog:
    """Return the base with the rules above and more files."""
    files = {f"packs/web/rules/{name}.yaml": text.encode() for name, text in RULES.items()}
    loaded = load(MemoryTree(dict(tree_of_folder(CASES / "base").files) | files | more))
    assert loaded.catalog is not None, [one for one in loaded.problems if one.severity is Severity.ERROR]
    return loaded.catalog


def alert(severity: str, unit: str = "web_1", **more: str) -> str:
    """Return one given event in flow style."""
    after = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{trigger: web.alert, data: {{unit: {unit}, severity: {severity}, host: h1}}{after}}}"
