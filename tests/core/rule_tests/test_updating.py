"""An updated document says what happens, keeps everything else to the byte, and a second update changes nothing."""

import difflib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attune_core.values import JsonObject, JsonValue, canonical_json
from tests.core.rule_tests.repository import alert, load_with, read_with

BEFORE = f"""
  # kept
  - name: values
    events:
      - {alert("high")}
    expect:
      - rule: web.restart_on_alert  # kept
        input: {{unit: web_2,  token: "${{{{ secrets.other }}}}"}}
        agents:
          role: db   # a label
          zone: a
  - name: silent
    events: [{alert("low")}]
    expect: [{{rule: web.restart_on_alert}}]

  - name: loud
    events:
      - {alert("critical")}
      - {alert("critical", after="1m")}
    expect_none:
      - rule: web.throttled
        because: throttled
    # the end
"""
AFTER = f"""
  # kept
  - name: values
    events:
      - {alert("high")}
    expect:
      - rule: web.restart_on_alert  # kept
        input: {{unit: web_1,  token: "${{{{ secrets.web_token }}}}"}}
        agents:
          role: web   # a label
          host: h1
  - name: silent
    events: [{alert("low")}]
    expect: []
    expect_none:
      - {{rule: web.restart_on_alert, because: 'event.data.severity in ["critical", "high"]'}}

  - name: loud
    events:
      - {alert("critical")}
      - {alert("critical", after="1m")}
    expect_none: []
    expect:
      - {{rule: web.throttled, event: 1, action: web.page, input: {{text: web_1}}, agents: {{role: pager}}}}
    # the end
"""


def test_values_change_where_they_stand_firings_become_expectations_and_what_is_silent_says_why() -> None:
    text = load_with(BEFORE).update()
    expected = f"description: For tests\ncases:\n{AFTER.strip(chr(10))}\n"
    assert text == expected, "".join(difflib.unified_diff((text or "").splitlines(keepends=True), expected.splitlines(keepends=True)))
    again = load_with(AFTER)
    assert all(verdict.passed for verdict in again.verdicts())
    assert again.update() == expected


UNITS, SEVERITIES = st.sampled_from(["web_1", "web_2", "db", "NO", "quiet"]), st.sampled_from(["low", "high", "critical"])
RULES = st.sampled_from(["web.restart_on_alert", "web.throttled", "web.narrow", "web.quiet", "web.off", "rules.page_when_lost"])


PAGING = ("web.throttled", "web.quiet", "web.off", "rules.page_when_lost")
REASONS: st.SearchStrategy[JsonObject] = st.sampled_from([{}, {"because": "throttled"}, {"because": "event.data.x"}])


def guesses(parameter: str) -> st.SearchStrategy[JsonObject]:
    """Return what may be expected of an execution besides its rule."""
    values: st.SearchStrategy[JsonValue] = st.none() | UNITS | st.integers(0, 9)
    inputs = st.dictionaries(st.just(parameter), values).map(lambda one: {"input": {**one}})
    others: list[JsonObject] = [
        {},
        {"agents": {"role": "x"}},
        {"key": 5},
        {"after": "1m"},
        {"at": "2026-01-01T00:05:00Z"},
        {"action": "web.page", "agents": {}},
    ]
    return st.one_of(inputs, st.sampled_from(others))


GUESSES = (guesses("unit"), guesses("text"))


@st.composite
def cases(draw: st.DrawFn) -> str:
    """Return one case of a few alerts whose expectations are guesses."""
    events = draw(st.lists(st.builds(alert, SEVERITIES, UNITS, after=st.sampled_from(["1s", "4m", "6m"])), min_size=1, max_size=3))
    number = st.integers(1, len(events))
    named = draw(st.lists(st.tuples(RULES, number), max_size=5, unique=True))
    expect: list[JsonValue] = []
    silent: list[JsonValue] = []
    for rule, event in named:
        if draw(st.booleans()):
            expect.append({**draw(GUESSES[rule in PAGING]), "rule": rule, "event": event})
        else:
            silent.append({**draw(REASONS), "rule": rule, "event": event})
    others = draw(st.lists(RULES.filter(lambda rule: rule not in dict(named)), max_size=2, unique=True))
    silent.extend({**draw(REASONS), "rule": rule} for rule in others)
    lines = "".join(f"      - {event}\n" for event in events) + draw(st.sampled_from(["", "    advance: 5m\n"]))
    return (
        f"  - name: x\n    events:\n{lines}    expect: {canonical_json(expect)}\n    expect_none: {canonical_json(silent)}\n  # the end\n"
    )


@given(cases())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_was_expected_the_updated_case_passes_and_stays(case: str) -> None:
    text = read_with(case).update()
    assert text is not None
    body = text.removeprefix("description: For tests\ncases:\n")
    again = load_with(body)
    assert all(verdict.passed for verdict in again.verdicts())
    assert again.update() == text
    assert text.endswith("# the end\n")
    assert body.startswith(case.partition("    expect:")[0])
