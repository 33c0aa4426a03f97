"""The pack that comes with Attune: in every catalog, like any other, and in nobody's way."""

import pytest

from attune_core.catalog.load import Loaded, load
from tests.core.catalog.memory_tree import MemoryTree

RULE = """
description: Tell the chat
trigger: web.alert
action: core.http_post
input: {url: "https://chat.example", data: {text: "${{ event.data.unit }} fails"}, secret: "${{ secrets.chat }}"}
agents: {match: {role: egress}}
"""
FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: The web tier\n",
    "packs/web/triggers/alert.yaml": (
        "description: An alert\ndata: {type: object, required: [unit], properties: {unit: {type: string}}}\n"
    ),
}


def loaded(files: dict[str, str]) -> Loaded:
    return load(MemoryTree({path: text.encode() for path, text in files.items()}))


def test_every_catalog_has_it_and_the_repository_is_not_charged_with_it() -> None:
    first, again = loaded(FILES), loaded(FILES).catalog
    assert first.documents == 3
    assert {problem.path for problem in first.problems} == {"packs/web/triggers/alert.yaml"}, "only that nothing uses the trigger"
    assert first.catalog is not None
    assert again is not None
    assert first.catalog.actions.keys() == {"core.http_post"}
    assert "core.http_post.completed" in first.catalog.triggers
    assert again.packs["core"].digest == first.catalog.packs["core"].digest
    assert b"def main" in again.packs["core"].archive()


def test_rules_use_it_with_types_like_any_action() -> None:
    fine = loaded(FILES | {"rules/tell.yaml": RULE}).catalog
    assert fine is not None
    assert fine.rules["rules.tell"].secrets == {"secret": "chat"}
    wrong = loaded(FILES | {"rules/tell.yaml": RULE.replace("url: ", "timeout: 30.5, ulr: ")})
    assert {problem.code for problem in wrong.problems} == {"ATT154", "ATT155"}


@pytest.mark.parametrize("path", ["packs/core/pack.yaml", "packs/core/README.md", "packs/Core/pack.yaml"])
def test_a_repository_cannot_bring_one_of_that_name(path: str) -> None:
    refused = loaded(FILES | {path: "name: core\nversion: 1.0.0\ndescription: Mine\n"})
    assert refused.catalog is None
    assert {problem.path.split("/")[1] for problem in refused.problems} == {path.split("/")[1]}
