"""JUnit: the verdicts of rule tests as the XML that CI systems show; a suite a document, a test case a case.

Called by `attune test --junit`. Nothing in it depends on time, so that the same repository gives the same bytes.
"""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from attune_cli.render.rule_tests import Tested, failure_lines
from attune_core.rule_tests.judging import Verdict
from attune_core.rule_tests.selecting import Selected
from attune_core.safe_text import safe_text


def junit(tested: Tested) -> bytes:
    """Return the document. What XML cannot hold, and what a terminal must not, stands there as a visible escape."""
    root = ET.Element("testsuites", name="attune test", tests=str(len(tested.cases)), failures=str(tested.failed), errors="0")
    for path, cases in groupby(tested.cases, key=lambda one: one[0].document.path):
        _suite(root, path, list(cases))
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _suite(root: ET.Element, path: str, cases: Sequence[tuple[Selected, Verdict]]) -> None:
    failed = sum(not verdict.passed for _, verdict in cases)
    suite = ET.SubElement(root, "testsuite", name=_text(path), tests=str(len(cases)), failures=str(failed), errors="0", skipped="0")
    for selected, verdict in cases:
        line = str(selected.document.span((*selected.place, "name")).line)
        case = ET.SubElement(suite, "testcase", classname=_text(path), name=_text(selected.case.name), file=_text(path), line=line)
        if not verdict.passed:
            lines = [line for failure in verdict.failures for line in failure_lines(selected, failure)]
            failure = ET.SubElement(case, "failure", message=_text(verdict.failures[0].message), type="difference")
            failure.text = _text("\n".join(lines))


def _text(text: str) -> str:
    """Return a text that XML 1.0 can hold: safe_text leaves only U+FFFE and U+FFFF, which are no characters."""
    return safe_text(text, keep_newlines=True).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
