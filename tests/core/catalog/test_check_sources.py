"""What is said of `sources`, and of the locks of compiled ecosystems, before anything is built."""

import pytest

from attune_core.catalog.load import load
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

HASH = "h1:" + "A" * 43 + "="
PACK = "packs/web/pack.yaml"
FILES = {"go/go.mod": "module x\n\ngo 1.21\n", "go/go.sum": "", "go/main.go": "package main\n"}
FILES |= {
    "rust/Cargo.toml": '[package]\nname = "probe"\nversion = "1.0.0"\n',
    "rust/Cargo.lock": 'version = 4\n\n[[package]]\nname = "probe"\nversion = "1.0.0"\n',
    "rust/src/main.rs": "fn main() {}\n",
}


def said(words: str, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return path, code and message of what is said when pack web has this environment and these files."""
    tree = dict(tree_of_folder(CASES / "base").files)
    assert b"environments:\n" in tree[PACK]
    tree[PACK] = tree[PACK].replace(b"environments:\n", f"environments:\n  own: {{{words}}}\n".encode())
    tree |= {f"packs/web/{name}": text.encode() for name, text in files.items()}
    return [(problem.path.removeprefix("packs/web/"), problem.code, problem.message) for problem in load(MemoryTree(tree)).problems]


def test_a_compiled_environment_with_lock_manifest_and_sources_is_accepted() -> None:
    assert not said("ecosystem: go, interpreter: '>=1.21', lock: go/go.sum, sources: ['go/**/*.go']", FILES)
    assert not said("ecosystem: rust, interpreter: '>=1.70', lock: rust/Cargo.lock, sources: ['rust/src/**']", FILES)
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
        (
            "ecosystem: rust, lock: rust/Cargo.lock, sources: ['rust/**']",
            {"rust/rust-toolchain": "nightly"},
            "ATT127",
            "`rust-toolchain`: the compiler is the host's, so this file is not read; its version is what `interpreter` says",
        ),
        ("ecosystem: shell, sources: ['go/*.go']", {}, "ATT121", "the shell ecosystem compiles nothing"),
        ("ecosystem: shell, scripts: true", {}, "ATT121", "the shell ecosystem runs no scripts of packages"),
        (
            "ecosystem: go, lock: go/go.sum, sources: ['go/*.go'], scripts: true",
            {},
            "ATT121",
            "the go ecosystem runs no scripts of packages",
        ),
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


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("version = 4", "version = 1", ("rust/Cargo.lock", "ATT165", "the file has no `version` 3 or 4")),
        (
            '[[package]]\nname = "probe"',
            '[[package]]\nname = "left"\nsource = "git+https://example.org"\n\n[[package]]\nname = "probe"',
            ("rust/Cargo.lock", "ATT165", "`left` does not come from a registry"),
        ),
    ],
)
def test_what_a_cargo_lock_leaves_open_is_said_in_it(old: str, new: str, found: tuple[str, str, str]) -> None:
    files = FILES | {"rust/Cargo.lock": FILES["rust/Cargo.lock"].replace(old, new)}
    assert said("ecosystem: rust, lock: rust/Cargo.lock, sources: ['rust/src/**']", files) == [found]


def test_a_cargo_toml_that_its_lock_does_not_know_is_said_in_it() -> None:
    files = FILES | {"rust/Cargo.toml": FILES["rust/Cargo.toml"] + '\n[dependencies]\nitoa = "1"\n'}
    assert said("ecosystem: rust, lock: rust/Cargo.lock, sources: ['rust/src/**']", files) == [
        ("rust/Cargo.toml", "ATT185", "`itoa` is not among the dependencies in Cargo.lock")
    ]


def test_a_lock_without_its_go_mod_is_said() -> None:
    files = {name: text for name, text in FILES.items() if name != "go/go.mod"}
    assert said("ecosystem: go, lock: go/go.sum, sources: ['go/*.go']", files) == [
        ("pack.yaml", "ATT166", "there is no `packs/web/go/go.mod` beside the lock file")
    ]
