"""A repository of 1,000 documents without a mistake gives no Problem at all: no check cries wolf in numbers."""

from attune_core.catalog.load import load
from benchmarks.repositories import documents
from tests.core.catalog.memory_tree import MemoryTree


def test_a_thousand_right_documents_give_no_problem() -> None:
    loaded = load(MemoryTree({path: text.encode() for path, text in documents(1000)}))
    assert loaded.problems == ()
    assert loaded.catalog is not None
    assert loaded.documents >= 1000
