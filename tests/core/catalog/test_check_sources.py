"""What is said of `sources`, and of the locks of compiled ecosystems, before anything is built."""

import pytest

from attune_core.catalog.load import load
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

HASH = "h1:" + "A" * 43 + "="
PACK = "packs/web/pack.yaml"
FILES = {"go/go.mod": "module x\n\ngo 1.21\n", "go/go.sum": "", "go/main.go": "package main\n"}


def said(words: str, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return path, code and message of what is said when pack web has this environment and these files."""
    tree = dict(tree_of_folder(CASES / "base").files)
    assert b"environments:\n" in tree[PACK]
    tree[PACK] = tree[PACK].replace(b"environments:\n", f"environments:\n  own: {{{words}}}\n".encode())
    tree |= {f"packs/web/{name}": text.encode() for name, text in files.items()}
    return [(problem.path.removeprefix("packs/web/"), problem.code, problem.message) for problem in load(MemoryTree(tree)).problems]


def test_a_compiled_environment_with_lock_manifest_and_sources_is_accepted() -> None:
    assert not said("ecosystem: go, interpreter: '>=1.21', lock: go/go.sum, sources: ['go/**/*.go']", FILES)
    java = {"jvm/classpath.lock": "", "jvm/src/Main.java": "", "jvm/src/text.txt": "", "jvm/pom.xml": "<project/>"}
    assert not said("ecosystem: java, interpreter: '>=17', lock: jvm/classpath.lock, sources: ['jvm/src/**']", java)


@pytest.mark.parametrize(
    ("words", "files", "code", "message"),
    [
        ("ecosystem: go, lock: go/go.sum", {}, "ATT122", "`sources` is missing: a go environment is made from source files of the pack"),
        ("ecosystem: go, lock: go/go.sum, sources: ['*.go']", {}, "ATT126", "no file of the pack matches `*.go`"),
        (
            "ecosystem: go, lock: go/go.sum, sources: ['**/*.go']",
            {"main.go": ""},
            "ATT126",
            "`main.go` is not below the lock file's folder `go`",
        ),
        (
            "ecosystem: go, lock: go/go.sum, sources: ['go/**']",
            {"go/vendor/a.org/x.go": ""},
            "ATT127",
            "`vendor/a.org/x.go`: modules come from the lock file, so `vendor` is not read",
        ),
        (
            "ecosystem: go, lock: go/go.sum, sources: ['go/**']",
            {"go/go.work": ""},
            "ATT127",
            "`go.work`: an environment is made from one go.mod, so `go.work` is not read",
        ),
        (
            "ecosystem: go, lock: go/go.lock, sources: ['go/*.go']",
            {},
            "ATT121",
            "the lock of a go environment is a `go.sum`, not `go.lock`",
        ),
        ("ecosystem: go, lock: go.sum, sources: ['go/*.go']", {}, "ATT164", "there is no lock file `packs/web/go.sum`"),
        ("ecosystem: shell, sources: ['go/*.go']", {}, "ATT121", "the shell ecosystem compiles nothing"),
    ],
)
def test_what_would_not_be_built_is_said_at_its_place_in_the_pack(words: str, files: dict[str, str], code: str, message: str) -> None:
    assert said(words, FILES | files) == [("pack.yaml", code, message)]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"go/go.sum": "x\n"}, ("go/go.sum", "ATT165", "'x' is not `module version h1:…`")),
        ({"go/go.mod": "replace a => ./a\n"}, ("go/go.mod", "ATT165", "`a` is replaced by a folder, of which the lock file holds no hash")),
        ({"go/go.mod": "require a.org/x v1.0.0\n"}, ("go/go.mod", "ATT185", "go.sum has no hash of `a.org/x v1.0.0`")),
    ],
)
def test_what_a_go_lock_leaves_open_is_said_in_its_own_file(changed: dict[str, str], found: tuple[str, str, str]) -> None:
    assert said("ecosystem: go, lock: go/go.sum, sources: ['go/*.go']", FILES | changed) == [found]


def test_a_lock_without_its_go_mod_is_said() -> None:
    files = {name: text for name, text in FILES.items() if name != "go/go.mod"}
    assert said("ecosystem: go, lock: go/go.sum, sources: ['go/*.go']", files) == [
        ("pack.yaml", "ATT166", "there is no `packs/web/go/go.mod` beside the lock file")
    ]
