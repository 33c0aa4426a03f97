"""Generated pages equal what is generated, links and paths in the documents exist, and codes are unique."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from attune_agent.host_settings import HostSettings
from attune_controller.settings import ControllerSettings
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


def keys(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield every key of a settings file as the page writes it; NAME stands for a key of the writer's own."""
    for name, field in model.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not kinds or get_origin(field.annotation) is tuple:
            yield f"{before}{name}"
        else:
            yield from keys(kinds[0], f"{before}{name}.{'NAME.' if get_origin(field.annotation) is dict else ''}")


@pytest.mark.parametrize("settings", [HostSettings, ControllerSettings])
def test_every_setting_has_a_row(settings: type[BaseModel]) -> None:
    rows = [line.split("|")[1] for line in (ROOT / "docs/settings.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert not [key for key in keys(settings) if not any(f"`{key}`" in row for row in rows)]
