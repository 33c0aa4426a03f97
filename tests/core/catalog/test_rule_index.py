"""The index leaves out no rule that could match or fail: it answers as if every rule on the trigger were asked."""

from hypothesis import given
from hypothesis import strategies as st

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.catalog.load import load
from attune_core.catalog.rule_index import RuleIndex
from attune_core.rules.matching import Occurrence, Verdict, match
from attune_core.values import JsonObject, JsonValue
from tests.core.catalog.memory_tree import MemoryTree

#: Fields are of any type, so that a way may be broken and a value may be of any kind.
_TRIGGER = "description: Anything\ndata: {type: object, additionalProperties: true, properties: {a: {}, b: {}, c: {}}}\n"
_CLAUSES = [
    'event.data.a == "x"',
    '"y" == event.data.a',
    "event.data.a == 1",
    "event.data.a == true",
    "event.data.a == null",
    "event.data.a == 1.0",
    'event.data.a in ["x", "z"]',
    'event.data.a == "x" || event.data.a == "y"',
    'event.data.a.b == "x"',
    'event.data.b == "x"',
    "event.data.b == 2",
    'event.data["b"] in [1, 2, "x"]',
    "event.data.c > 1",
    "!event.data.c",
    'event.data.c.startsWith("x")',
    'event.type == "web.any"',
]
_SCALARS: st.SearchStrategy[JsonValue] = st.sampled_from(["x", "y", "z", "", 0, 1, 2, 1.0, 0.5, True, False, None])
_VALUES: st.SearchStrategy[JsonValue] = st.one_of(
    _SCALARS, st.just([1]).map(list[JsonValue]), st.dictionaries(st.just("b"), _SCALARS).map(dict[str, JsonValue])
)
_DATA = st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUES).map(dict[str, JsonValue])


def catalog_of(conditions: list[str]) -> Catalog:
    """Return a catalog with one rule a condition, all on one trigger."""
    files = {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: For the index\n",
        "packs/web/triggers/any.yaml": _TRIGGER,
        "packs/web/actions/act.yaml": "description: Act\nrun: [act]\n",
    }
    for place, condition in enumerate(conditions):
        files[f"rules/rule_{place:03}.yaml"] = (
            f"description: Rule {place}\ntrigger: web.any\nwhen: '{condition}'\naction: web.act\nagents: {{match: {{n: '{place}'}}}}\n"
        )
    catalog = load(MemoryTree({path: text.encode() for path, text in files.items()})).catalog
    assert catalog is not None
    return catalog


_RULES = catalog_of([*_CLAUSES, *(f"({one}) && ({other})" for one in _CLAUSES[::2] for other in _CLAUSES)]).rules_by_trigger["web.any"]


def activation_of(data: JsonObject) -> JsonObject:
    """Return the variables for an event with this data."""
    return Occurrence(id="1", source="test", type="web.any", subject="", time="2026-01-01T00:00:00Z", data=data).activation()


def differing(rules: list[Rule], activation: JsonObject) -> list[tuple[str, Verdict]]:
    """Return the rules that say something else than "no", with what they say."""
    verdicts = [(rule.ref, match(rule, activation)) for rule in rules]
    return [(ref, verdict) for ref, verdict in verdicts if verdict != Verdict(matches=False)]


@given(_DATA)
def test_who_is_left_out_would_have_said_no(data: JsonObject) -> None:
    activation = activation_of(data)
    assert differing(list(RuleIndex(_RULES).candidates(activation)), activation) == differing(list(_RULES), activation)


def test_few_rules_are_asked_when_one_field_tells_them_apart() -> None:
    conditions = [f'event.data.b == "on" && event.data.a == "unit_{number}" && event.data.c > 1' for number in range(200)]
    catalog = catalog_of([*conditions, "event.data.c == 7"])
    found = catalog.indexes["web.any"].candidates(activation_of({"a": "unit_17", "b": "on", "c": 2}))
    assert [rule.ref for rule in found] == ["rules.rule_017"]


def test_the_order_of_the_rules_stays() -> None:
    catalog = catalog_of(['event.data.b == "x"', "event.data.c > 1", 'event.data.a == "x"', 'event.data.a in ["x", "y"]'])
    found = catalog.indexes["web.any"].candidates(activation_of({"a": "x", "b": "x", "c": 2}))
    assert [rule.ref for rule in found] == [f"rules.rule_{number:03}" for number in range(4)]
