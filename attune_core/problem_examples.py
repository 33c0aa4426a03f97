"""Examples for codes: a line that is a Problem, and the line to write instead; docs/errors.md and `attune explain` show them.

A test puts each `before` in the place of its `after` in the clean repository of tests/cases/validate, and finds the code.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """Two stretches of a document."""

    before: str
    after: str


EXAMPLES: Mapping[str, Example] = {
    "ATT107": Example("action: web.page\naction: web.restart", "action: web.restart"),
    "ATT112": Example("timeout: 12:30:45", "timeout: 5m"),
    "ATT113": Example("  unit: {{ event.data.unit }}", "  unit: ${{ event.data.unit }}"),
    "ATT120": Example("agent: {match: {role: pager}}", "agents: {match: {role: pager}}"),
    "ATT121": Example("environment: Python", "environment: python"),
    "ATT150": Example("trigger: web.alarm", "trigger: web.alert"),
    "ATT151": Example("action: web.wake", "action: web.page"),
    "ATT152": Example("environment: python3", "environment: python"),
    "ATT154": Example("  unti: ${{ event.data.unit }}", "  unit: ${{ event.data.unit }}"),
    "ATT155": Example("  tries: {type: integer, minimum: 1, default: 0}", "  tries: {type: integer, minimum: 1, default: 3}"),
    "ATT156": Example("  token: {type: string, secret: true, default: abc}", "  token: {type: string, secret: true, optional: true}"),
    "ATT157": Example("when: ${{ event.data.outcome }}", 'when: event.data.outcome != "succeeded"'),
    "ATT161": Example("run: [./pages.sh]", "run: [./page.sh]"),
    "ATT168": Example('run: [./page.sh, "${{ parameters.text }}"]', "run: [./page.sh]"),
    "ATT180": Example('when: 1 > 2 && event.data.outcome != "succeeded"', 'when: event.data.outcome != "succeeded"'),
    "ATT184": Example("  token: {type: string, optional: true}", "  token: {type: string, secret: true, optional: true}"),
    "ATT186": Example(
        'agents: {match: {host: "${{ event.data.host }}"}, pick: any}',
        'agents: {match: {role: web, host: "${{ event.data.host }}"}, pick: any}',
    ),
    "ATT202": Example("  unit: ${{ evnt.data.unit }}", "  unit: ${{ event.data.unit }}"),
    "ATT203": Example("  unit: ${{ event.data.unti }}", "  unit: ${{ event.data.unit }}"),
    "ATT206": Example("when: event.data.outcome", 'when: event.data.outcome != "succeeded"'),
    "ATT209": Example("  unit: ${{ secrets.web_token }}", "  unit: ${{ event.data.unit }}"),
    "ATT210": Example("  unit: ${{ event.data.unit", "  unit: ${{ event.data.unit }}"),
    "ATT212": Example('when: event.data.outcome != "success"', 'when: event.data.outcome != "succeeded"'),
}
