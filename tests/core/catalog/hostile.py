"""Repositories made to hurt whoever reads them: files laid over tests/cases/validate/base, and the code that each is refused with.

Read by test_hostile_input. They are made here and not kept as files, because editors, git and reviewers trip over them as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.core.catalog.memory_tree import tree_of_folder
from tests.core.catalog.test_cases import CASES

BASE = tree_of_folder(CASES / "base").files
ACTION, RULE, TRIGGER = "packs/web/actions/restart.yaml", "packs/web/rules/restart_on_alert.yaml", "packs/web/triggers/alert.yaml"
LOCK, REQUIREMENTS, PACK = "packs/web/package-lock.json", "packs/web/requirements.lock", "packs/web/pack.yaml"
_DESCRIPTION = b"A failing unit is restarted on the host that reported it"
_CONDITION = b"""'event.data.severity in ["critical", "high"] && event.data.unit.startsWith("web_")'"""


@dataclass(frozen=True)
class Hostile:
    """Changed files, and the code that is said of the first of them."""

    code: str
    files: Mapping[str, bytes]


def changed(path: str, old: bytes, new: bytes, code: str) -> Hostile:
    """Return a file of the base with one stretch of it replaced."""
    assert BASE[path].count(old) == 1
    return Hostile(code, {path: BASE[path].replace(old, new)})


def condition(text: str, code: str) -> Hostile:
    """Return the rule with another condition."""
    return changed(RULE, _CONDITION, b"'" + text.replace("'", "''").encode() + b"'", code)


def described(text: bytes, code: str) -> Hostile:
    """Return the rule with another description."""
    return changed(RULE, _DESCRIPTION, text, code)


def default(text: bytes, code: str) -> Hostile:
    """Return the action with another default of its number."""
    return changed(ACTION, b"default: 3", b"default: " + text, code)


def property_of_payload(schema: bytes, code: str) -> Hostile:
    """Return the trigger with another schema of one of its properties."""
    return changed(TRIGGER, b"since: {type: integer}", b"since: " + schema, code)


def whole(path: str, content: bytes, code: str) -> Hostile:
    """Return one file that is nothing else."""
    return Hostile(code, {path: content})


def added(path: str, end: bytes, code: str) -> Hostile:
    """Return a file of the base with something at its end."""
    return Hostile(code, {path: BASE[path] + end})


def laughs() -> bytes:
    """Return 25 lists, each of nine times the one before: 9^25 texts."""
    first = b"a: &a [" + b",".join([b"lol"] * 9) + b"]\n"
    return first + b"".join(b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 9)) for letter in range(98, 122))


def doubling() -> bytes:
    """Return a schema that unfolds to 2^40 checks."""
    steps = b", ".join(b'a%d: {allOf: [{$ref: "#/$defs/a%d"}, {$ref: "#/$defs/a%d"}]}' % (step, step + 1, step + 1) for step in range(40))
    return (
        BASE[TRIGGER].replace(b"since: {type: integer}", b'since: {$ref: "#/$defs/a0"}')
        + b"  $defs: {"
        + steps
        + b", a40: {type: string}}\n"
    )


#: reliability.md's names of the faults, and the bombs of facts.md.
DOCUMENTS = {
    "UTF-16": whole(RULE, BASE[RULE].decode().encode("utf-16"), "ATT101"),
    "a byte order mark": whole(RULE, b"\xef\xbb\xbf" + BASE[RULE], "ATT101"),
    "Latin-1": described(b"caf\xe9", "ATT101"),
    "a lone surrogate as bytes": described(b"A \xed\xa0\x80", "ATT101"),
    "a lone surrogate as an escape": described(rb'"x\ud800y"', "ATT106"),
    "NUL as an escape": described(rb'"x\0y"', "ATT102"),
    "a tab": changed(RULE, b"  unit:", b"\tunit:", "ATT114"),
    "two documents": added(RULE, b"---\na: 1\n", "ATT110"),
    "a Python tag": described(b"!!python/object/apply:os.system [touch gone]", "ATT109"),
    "a key twice": added(RULE, b"action: web.page\n", "ATT107"),
    "a merge key": added(RULE, b"<<: {enabled: false}\n", "ATT108"),
    "no for false": added(RULE, b"enabled: no\n", "ATT121"),
    "base sixty": changed(ACTION, b"5m", b"12:30:45", "ATT112"),
    "base eight": default(b"0755", "ATT112"),
    "a version as a number": changed(PACK, b"1.4.0", b"1.10", "ATT112"),
    "an integer of 5,000 digits": default(b"9" * 5000, "ATT116"),
    "a number beyond a double": default(b"1e999", "ATT116"),
    "not a number": default(b".nan", "ATT112"),
    "a billion laughs": whole(RULE, laughs(), "ATT108"),
    "an alias of itself": whole(RULE, b"a: &a [*a]\n", "ATT108"),
    "50,000 lists": whole(RULE, b"[" * 50_000, "ATT104"),
    "50,000 mappings": whole(RULE, b"{a: " * 50_000, "ATT104"),
    "50,000 items": whole(RULE, b"- " * 50_000, "ATT104"),
    "150,000 values": whole(RULE, b"[" + b"1," * 150_000 + b"]", "ATT105"),
    "a text of 2 MB": described(b"x" * (2 << 20), "ATT103"),
    "a zero-width space": described("A fai\u200bling unit".encode(), "ATT102"),
    "a direction override": described("A \u202efailing unit".encode(), "ATT102"),
    "a Cyrillic letter in a file's name": whole("packs/web/actions/\u0430ction.yaml", b"description: x\nrun: [sh]\n", "ATT140"),
    "a Cyrillic letter in a reference": changed(RULE, b"web.restart", "web.rest\u0430rt".encode(), "ATT121"),
    "two spellings of one file's name": Hostile("ATT172", {"packs/web/caf\u00e9.txt": b"", "packs/web/cafe\u0301.txt": b""}),
    "two spellings of one key": changed(ACTION, b"  tries:", "  caf\u00e9: {}\n  cafe\u0301: {}\n  tries:".encode(), "ATT121"),
    "48,000 unknown keys": added(RULE, b"".join(b"k%d: 1\n" % number for number in range(48_000)), "ATT117"),
    "a removed action": changed(RULE, b"web.restart", b"web.gone", "ATT151"),
    "a circle of rules": whole(
        "rules/again.yaml",
        b"description: x\ntrigger: web.page.completed\naction: web.page\ninput: {text: x}\nagents: {match: {role: pager}}\n",
        "ATT160",
    ),
}
LOCKS = {
    "a lock of 100,000 lists": whole(LOCK, b"[" * 100_000, "ATT165"),
    "a lock with a key twice": whole(LOCK, b'{"a": 1, "a": 2}', "ATT165"),
    "a lock with NaN": whole(LOCK, b'{"a": NaN}', "ATT165"),
    "a lock with 5,000 digits": whole(LOCK, b'{"a": ' + b"9" * 5000 + b"}", "ATT165"),
    "a lock with a lone surrogate": whole(LOCK, b'{"a": "\\ud800"}', "ATT165"),
    "a lock of one line of 8 MB": whole(REQUIREMENTS, b"a" * 8_000_000, "ATT165"),
    "a lock of 400,000 packages": whole(REQUIREMENTS, b"a==1 --hash=sha256:0\n" * 400_000, "ATT165"),
}
SCHEMAS = {
    "a pattern that needs back-tracking": property_of_payload(rb'{type: string, pattern: "(a)\\1"}', "ATT130"),
    "a pattern that looks ahead": property_of_payload(b'{type: string, pattern: "a(?=b)"}', "ATT130"),
    "a pattern of a million steps": property_of_payload(b'{type: string, pattern: "((a{100}){100}){100}"}', "ATT130"),
    "a pattern that explodes elsewhere": changed(ACTION, b'"^[a-z0-9@._-]+$"', b'"^(a+)+$", default: ' + b"a" * 50_000 + b"b", "ATT155"),
    "a schema of 2^40 checks": whole(TRIGGER, doubling(), "ATT134"),
    "40,000 unknown keywords": property_of_payload(b"{" + b", ".join(b"k%d: 1" % number for number in range(40_000)) + b"}", "ATT117"),
    "60,000 undeclared required names": property_of_payload(
        b"{properties: {}, required: [" + b", ".join(b"k%d" % number for number in range(60_000)) + b"], type: text}", "ATT130"
    ),
    "a schema on a network": property_of_payload(b'{$ref: "http://169.254.169.254/latest"}', "ATT133"),
    "a schema on the disk": property_of_payload(b'{$ref: "file:///etc/passwd"}', "ATT133"),
}
EXPRESSIONS = {
    "10,000 terms": condition(" || ".join(['event.data.unit == "a"'] * 10_000), "ATT121"),
    "2,000 terms": condition(" || ".join(['event.data.unit == "a"'] * 2000), "ATT201"),
    "4,000 brackets": condition("(" * 4000 + "true" + ")" * 4000, "ATT201"),
    "8,000 negations": condition("!" * 8000 + "true", "ATT201"),
    "8,000 lists": condition("[" * 8000, "ATT201"),
    "800 conditionals": condition("true?true:" * 800 + "true", "ATT201"),
    "1,600 fields": condition("event" + ".data" * 1600 + " == 1", "ATT201"),
    "500 unknown fields": condition("||".join(f"event.u{number}" for number in range(500)), "ATT117"),
    "2,000 slips among 5,000 names": Hostile(
        "ATT117",
        {
            RULE: BASE[RULE].replace(
                b"${{ event.data.unit }}",
                b"'"
                + b" ".join(b"${{ " + b"||".join(b"event.data.name_%d" % number for number in range(20)) + b" }}" for _ in range(99))
                + b"'",
            ),
            TRIGGER: BASE[TRIGGER].replace(
                b"    since:", b"".join(b"    nmae_%d: {type: integer}\n" % number for number in range(5000)) + b"    since:"
            ),
        },
    ),
    "5,000 unknown fields of 99 expressions": changed(
        RULE,
        b"${{ event.data.unit }}",
        b"'" + b" ".join(b"${{ " + b"||".join(b"event.u%d" % number for number in range(50)) + b" }}" for _ in range(99)) + b"'",
        "ATT117",
    ),
    "a walk through classes": condition("event.data.unit.__class__.__mro__[1].__subclasses__() == 1", "ATT204"),
    "a walk from a text": condition('"".__class__.__base__ == 1', "ATT204"),
    "a text times a billion": condition('"a" * 1000000000 == "a"', "ATT204"),
    "a power": condition("9**9**9 > 1", "ATT200"),
    "a range": condition("range(100000000).size() > 1", "ATT213"),
    "a constant of 5,000 digits": condition("9" * 5000 + " > 1", "ATT207"),
    "a surrogate in a constant": condition(r'event.data.unit == "\ud800"', "ATT200"),
    "a back-reference": condition(r'event.data.unit.matches("(a)\\1")', "ATT208"),
    "a huge repeat": condition('event.data.unit.matches("a{100000}")', "ATT208"),
    "repeats in repeats": condition('event.data.unit.matches("((a{100}){100}){100}")', "ATT208"),
    "a class 1,000 times": condition(r'event.data.unit.matches("\\pL{1000}")', "ATT208"),
    "3,000 expressions in a text": changed(RULE, b"${{ event.data.unit }}", b"'" + b"${{ event.x }}" * 3000 + b"'", "ATT201"),
    "20,000 openings": changed(RULE, b"${{ event.data.unit }}", b"'" + b"${{ " * 20_000 + b"'", "ATT200"),
}
HOSTILE = DOCUMENTS | LOCKS | SCHEMAS | EXPRESSIONS
