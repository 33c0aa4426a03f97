"""Writing what happens into the expectations of rule tests: each document as a whole, or not at all.

Called by `attune test --update`; attune_core.rule_tests.updating makes the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from attune_cli.written import rewrite
from attune_core.catalog.catalog import Catalog
from attune_core.rule_tests.selecting import Selected
from attune_core.rule_tests.updating import updated


@dataclass(frozen=True, kw_only=True)
class Updates:
    """Paths of documents: those that were written anew, and those whose difference cannot be written as a rule test."""

    written: tuple[str, ...]
    refused: tuple[str, ...]


def update_all(root: Path, catalog: Catalog, selected: Sequence[Selected]) -> Updates:
    """Bring the documents of these cases up to date."""
    written, refused = [], []
    for path, cases in groupby(selected, key=lambda one: one.document.path):
        chosen = list(cases)
        document = chosen[0].document
        text = updated(document, [one.index for one in chosen], catalog)
        if text is None:
            refused.append(path)
        elif text != document.text:
            rewrite(root / path, text.encode())
            written.append(path)
    return Updates(written=tuple(written), refused=tuple(refused))
