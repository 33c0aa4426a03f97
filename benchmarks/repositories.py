"""Repositories of any size that are right in everything: what the benchmarks of `validate` and of rules measure.

Called by benchmarks.validate and benchmarks.rules, and by the test that a clean repository of 1,000 documents gives no Problem.
Every action and every trigger is used, every optional field is guarded, and no two rules are alike.
"""

from collections.abc import Iterator
from pathlib import Path

#: Documents of one pack: its own, and what `_pack` writes.
_TRIGGERS, _ACTIONS, _RULES = 10, 15, 24
PACK_DOCUMENTS = 1 + _TRIGGERS + _ACTIONS + _RULES

_TRIGGER = """\
description: Something about a unit of tier {number} happened
data:
  type: object
  required: [unit, severity, host, load, at, tags, owner]
  properties:
    unit: {{type: string, pattern: "^[a-z0-9_]+$"}}
    severity: {{enum: [critical, high, low]}}
    host: {{type: string}}
    load: {{type: number, minimum: 0}}
    restarts: {{type: integer}}
    at: {{type: string, format: date-time}}
    tags: {{type: array, items: {{type: string}}}}
    note: {{type: [string, "null"]}}
    labels: {{type: object, additionalProperties: {{type: string}}}}
    owner: {{$ref: "#/$defs/person"}}
  $defs:
    person:
      type: object
      required: [name]
      properties: {{name: {{type: string}}, email: {{type: string, format: email}}}}
"""
_ACTION = """\
description: Do step {number} to a unit and say whether it came back
run: [sh, step.sh]
parameters:
  unit: {{type: string, pattern: "^[a-z0-9_]+$"}}
  level: {{type: string, enum: [critical, high, low]}}
  owner: {{type: string, default: nobody}}
  restarts: {{type: integer, default: 0}}
result:
  from: file
  schema: {{type: object, required: [active], properties: {{active: {{type: boolean}}}}}}
concurrency: {{limit: 1, key: "${{{{ parameters.unit }}}}"}}
timeout: {timeout}m
"""
_RULE = """\
description: Rule {number} looks after one tier
trigger: {pack}.{trigger}
when: 'event.data.severity in ["critical", "high"] && event.data.unit.startsWith("{prefix}_{number}_") && event.data.load > {number}.5'
action: {pack}.{action}
input:
  unit: ${{{{ event.data.unit }}}}
  level: ${{{{ event.data.severity }}}}
  owner: ${{{{ event.data.owner.name + "@" + event.data.host }}}}
  restarts: "${{{{ has(event.data.restarts) ? event.data.restarts : 0 }}}}"
agents: {{match: {{role: web, host: "${{{{ event.data.host }}}}"}}, pick: any}}
"""


def documents(number: int) -> Iterator[tuple[str, str]]:
    """Yield path and text of every file of a repository of about that many documents (whole packs, and `attune.yaml`)."""
    yield "attune.yaml", 'format: 1\nattune: ">=0.1"\n'
    for index in range(max(1, round(number / PACK_DOCUMENTS))):
        yield from _pack(f"pack_{index}")


def write_repository(folder: Path, number: int) -> int:
    """Write such a repository; return how many documents it has."""
    written = 0
    for path, text in documents(number):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        written += path.endswith(".yaml")
    return written


def _pack(name: str) -> Iterator[tuple[str, str]]:
    folder = f"packs/{name}"
    yield f"{folder}/pack.yaml", f"name: {name}\nversion: 1.0.0\ndescription: Keeps one tier alive\n"
    yield f"{folder}/actions/step.sh", "#!/bin/sh\ncat >/dev/null\n"
    for number in range(_TRIGGERS):
        yield f"{folder}/triggers/alert_{number}.yaml", _TRIGGER.format(number=number)
    for number in range(_ACTIONS):
        yield f"{folder}/actions/step_{number}.yaml", _ACTION.format(number=number, timeout=1 + number)
    for number in range(_RULES):
        yield f"{folder}/rules/rule_{number}.yaml", rule_text(name, number)


def rule_text(pack: str, number: int) -> str:
    """Return one rule of three clauses on one of the pack's triggers."""
    return _RULE.format(number=number, pack=pack, prefix=pack, trigger=f"alert_{number % _TRIGGERS}", action=f"step_{number % _ACTIONS}")
