"""Generated pages equal what is generated, links and paths in the documents exist, and codes are unique."""

import re
from collections import Counter
from pathlib import Path

import pytest

from attune_core.problem_codes import PROBLEM_CODES
from docs.explanations import error_classes
from docs.generate import PAGES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_make_generate_writes(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run `make generate`"


def test_every_error_has_a_code_of_its_own_and_a_remedy() -> None:
    kinds = list(error_classes())
    twice = [code for code, count in Counter(kind.code for kind in kinds).items() if count > 1]
    assert not twice
    for kind in kinds:
        assert re.fullmatch(r"ATT[0-9]{3}", kind.code), kind
        assert kind.remedy, kind
        assert kind.__doc__, kind
        assert kind.code not in PROBLEM_CODES or kind.code.startswith(("ATT1", "ATT2")), kind


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_guarantee_names_tests_that_there_are() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:pytest )?(tests/[A-Za-z0-9_./]+)`", text)
    assert len(named) > 20
    for place in named:
        assert (ROOT / place).exists(), place
