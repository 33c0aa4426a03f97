"""What a Catalog holds when a repository has no error, and that it exists exactly then."""

import random

import pytest

from attune_core.catalog.archive import digest_of_archive, verify_members
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.expressions.template import CheckedTemplate
from attune_core.internal_events import INTERNAL_EVENTS
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Severity
from attune_core.values import JsonObject
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES, NAMES

RULE = "packs/web/rules/restart_on_alert.yaml"
ACTION = "packs/web/actions/restart.yaml"


def base(**changed: tuple[str, str]) -> MemoryTree:
    """Return the base of the cases with one replacement in each named file."""
    files = dict(tree_of_folder(CASES / "base").files)
    for path, (old, new) in changed.items():
        assert old.encode() in files[path]
        files[path] = files[path].replace(old.encode(), new.encode())
    return MemoryTree(files)


def catalog_of(tree: MemoryTree, revision: str | None = None) -> Catalog:
    loaded = load(tree, revision)
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def test_a_catalog_holds_everything_by_reference() -> None:
    catalog = catalog_of(base(), "abc")
    assert catalog.revision == "abc"
    assert sorted(catalog.packs) == ["core", "github", "web"]
    assert sorted(catalog.actions) == ["core.http_post", "web.page", "web.restart"]
    assert sorted(set(catalog.triggers) - set(INTERNAL_EVENTS)) == [
        "core.http_post.completed",
        "github.push",
        "web.alert",
        "web.page.completed",
        "web.restart.completed",
    ]
    assert sorted(catalog.rules) == ["rules.page_when_lost", "web.restart_on_alert"]
    assert {name: [rule.ref for rule in rules] for name, rules in catalog.rules_by_trigger.items()} == {
        "web.alert": ["web.restart_on_alert"],
        "web.restart.completed": ["rules.page_when_lost"],
    }
    rule = catalog.rules["web.restart_on_alert"]
    assert (rule.path, rule.span.line, rule.secrets, sorted(rule.inputs)) == (RULE, 2, {"token": "web_token"}, ["unit"])
    assert rule.match["role"] == "web"
    assert isinstance(rule.match["host"], CheckedTemplate)
    hook = catalog.webhooks["github"]
    assert (hook.secrets, hook.triggers) == (("github",), {"push": "github.push"})


def test_the_expressions_of_a_catalog_work_on_an_event() -> None:
    rule = catalog_of(base()).rules["web.restart_on_alert"]
    data: JsonObject = {"unit": "web_1", "severity": "high", "host": "h7"}
    event: JsonObject = {"event": {"data": data}}
    assert rule.when is not None
    assert rule.when.evaluate(event) is True
    unit, host = rule.inputs["unit"], rule.match["host"]
    assert isinstance(unit, CheckedTemplate)
    assert isinstance(host, CheckedTemplate)
    assert (unit.render(event), host.render(event)) == ("web_1", "h7")


def test_the_input_of_an_action_is_checked_as_a_whole_and_without_secrets() -> None:
    inputs = catalog_of(base()).actions["web.restart"].inputs
    assert inputs.fits({"unit": "nginx", "tries": 2})
    assert not inputs.fits({"tries": 2})
    assert not inputs.fits({"unit": "Not A Unit"})
    assert not inputs.fits({"unit": "nginx", "token": "abc"})
    assert not inputs.fits({"unit": "nginx", "unknown": 1})


def test_references_inside_a_parameter_and_a_result_stay_their_own() -> None:
    own = "{$ref: '#/$defs/x', $defs: {x: {type: integer}}}"
    tree = base(**{ACTION: ("tries: {type: integer, minimum: 1, default: 3}", f"tries: {own}\n  more: {own.replace('integer', 'string')}")})
    tree.files[ACTION] = tree.files[ACTION].replace(
        b"{active: {type: boolean}}", f"{{active: {own.replace(', $defs: {x: {type: integer}}', '')}}}".encode()
    )
    tree.files[ACTION] = tree.files[ACTION].replace(b"required: [active]", b"$defs: {x: {type: boolean}}, required: [active]")
    tree.files[RULE] = tree.files[RULE].replace(b"input:", b"input:\n  tries: 1\n  more: abc")
    catalog = catalog_of(tree)
    inputs = catalog.actions["web.restart"].inputs
    assert inputs.fits({"unit": "a", "tries": 1, "more": "x"})
    assert not inputs.fits({"unit": "a", "tries": "x", "more": "x"})
    assert not inputs.fits({"unit": "a", "tries": 1, "more": 1})
    completed = catalog.triggers["web.restart.completed"].validator
    data: JsonObject = {
        **dict.fromkeys(("execution", "action", "rule", "agent"), "x"),
        **dict.fromkeys(("reason", "exit_code", "parent_event")),
        "number": 1,
        "outcome": "succeeded",
        "result": {"active": True},
        "labels": {"role": "web"},
    }
    assert completed.fits(data)
    assert completed.fits({**data, "result": None})
    assert not completed.fits({**data, "result": {"active": 1}})
    assert not completed.fits({**data, "outcome": "fine"})


def test_a_result_is_typed_in_the_rules_on_its_completion() -> None:
    rule = "rules/page_when_lost.yaml"
    fine = base(**{rule: ('event.data.outcome != "succeeded"', "event.data.result != null && !event.data.result.active")})
    assert load(fine).problems == ()
    wrong = load(base(**{rule: ('event.data.outcome != "succeeded"', "event.data.result.activ")}))
    assert [(problem.code, problem.hint) for problem in wrong.problems] == [("ATT203", "did you mean 'active'?")]
    never = load(base(**{rule: ('"succeeded"', '"suceeded"')}))
    assert [(problem.severity, problem.hint) for problem in never.problems] == [(Severity.WARNING, "did you mean 'succeeded'?")]


def test_the_repositorys_defaults_fill_in_what_an_action_does_not_say() -> None:
    tree = base(**{"attune.yaml": ("format: 1", "format: 1\ndefaults: {timeout: 90s, retry: {maximum_attempts: 2}}")})
    actions = catalog_of(tree).actions
    assert (actions["web.page"].document.timeout, actions["web.restart"].document.timeout) == (90, 300)
    assert actions["web.page"].document.retry.maximum_attempts == 2
    assert catalog_of(base()).actions["web.page"].document.timeout == 3600


def test_a_disabled_rule_is_known_but_not_on_its_trigger() -> None:
    catalog = catalog_of(base(**{RULE: ("agents:", "enabled: false\nagents:")}))
    assert "web.restart_on_alert" in catalog.rules
    assert "web.alert" not in catalog.rules_by_trigger


def test_a_pack_is_named_by_its_content() -> None:
    one, same = catalog_of(base()).packs["web"], catalog_of(base()).packs["web"]
    assert one.digest == same.digest == digest_of_archive(one.archive())
    paths = [member.path for member in verify_members(one.archive())]
    assert "actions/restart.py" in paths
    assert "pack.yaml" in paths
    changed = base()
    changed.files["packs/web/actions/restart.py"] += b"#"
    other = catalog_of(changed)
    assert other.packs["web"].digest != one.digest
    assert other.packs["github"].digest == catalog_of(base()).packs["github"].digest


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_catalog_exactly_if_no_problem_is_an_error(name: str) -> None:
    files = tree_of_folder(CASES / "base").files | tree_of_folder(CASES / name / "repo").files
    loaded = load(MemoryTree(files))
    assert (loaded.catalog is None) == any(problem.severity is Severity.ERROR for problem in loaded.problems)
    for problem in loaded.problems:
        assert problem.code in PROBLEM_CODES
        assert len(problem.message) < 500


def test_the_order_of_files_does_not_change_what_is_said() -> None:
    files = dict(tree_of_folder(CASES / "base").files)
    for name in ("misspelt-field", "unknown-key-deep-inside", "webhook-to-nowhere", "schema-required-typo", "rules-in-a-circle"):
        files |= tree_of_folder(CASES / name / "repo").files
    expected = load(MemoryTree(files)).problems
    assert len(expected) > 4
    for seed in range(5):
        shuffled = list(files.items())
        random.Random(seed).shuffle(shuffled)
        assert load(MemoryTree(dict(shuffled))).problems == expected


def test_one_document_with_a_mistake_does_not_make_others_look_wrong() -> None:
    loaded = load(base(**{ACTION: ("description:", "descripton:")}))
    assert [(problem.path, problem.code) for problem in loaded.problems] == [(ACTION, "ATT120")]


def test_a_large_file_is_refused_without_being_read_as_a_document() -> None:
    tree = base()
    tree.files["packs/web/rules/large.yaml"] = b"a" * (2 << 20)
    assert [problem.code for problem in load(tree).problems] == ["ATT103"]


def test_a_chain_of_rules_that_ends_is_no_circle() -> None:
    tree = base()
    head = "description: x\nagents: {match: {role: web}}\n"
    for number in range(30):
        tree.files[f"packs/web/actions/step{number}.yaml"] = b"description: x\nrun: [systemctl]\n"
        if number:
            text = f"{head}trigger: web.step{number - 1}.completed\naction: web.step{number}\n"
            tree.files[f"rules/to{number}.yaml"] = text.encode()
    assert load(tree).problems == ()
    tree.files["rules/back.yaml"] = f"{head}trigger: web.step29.completed\naction: web.step0\n".encode()
    assert [problem.code for problem in load(tree).problems] == ["ATT160"]
    tree.files["rules/back.yaml"] += b"enabled: false\n"
    assert load(tree).problems == ()


def test_a_rule_test_is_no_content_of_its_pack_and_other_files_beside_it_are() -> None:
    tree = base()
    before = catalog_of(tree).packs["web"].digest
    case = b"description: x\ncases:\n  - {name: x, events: [{trigger: web.restart.completed}], expect: []}\n"
    assert catalog_of(MemoryTree(tree.files | {"packs/web/tests/alerts.yaml": case})).packs["web"].digest == before
    with_data = catalog_of(MemoryTree(tree.files | {"packs/web/tests/alerts.json": b"{}"}))
    assert with_data.packs["web"].digest != before
