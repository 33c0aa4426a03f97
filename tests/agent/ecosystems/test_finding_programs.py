import sys
from dataclasses import replace
from pathlib import Path

import pytest

from attune_agent.ecosystems.go import Go
from attune_agent.ecosystems.java import Java
from attune_agent.ecosystems.node import Node
from attune_agent.ecosystems.protocol import HostTools, Wanted
from attune_agent.ecosystems.python_search import find_interpreter
from attune_agent.ecosystems.rust import Rust
from attune_agent.ecosystems.shell import Shell
from attune_agent.ecosystems.uv_program import usable_uv
from attune_agent.preparation_errors import InstallerUnusable, InterpreterMissing, LockMissing, LockRefused
from attune_core.models.pack import EnvironmentDocument
from tests.agent.environments.places import Place


def interpreter(folder: Path, name: str, version: str, *, virtual: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    answer = f'["{path}", "{version}", "cpython", "abi", {str(virtual).lower()}]'
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)


def place(root: Path, *folders: str) -> Place:
    return Place(root, path=tuple(str(root / folder) for folder in folders))


async def test_the_first_interpreter_in_the_range_serves_in_the_order_of_the_path(tmp_path: Path) -> None:
    interpreter(tmp_path / "a", "python3", "3.10.1")
    interpreter(tmp_path / "a", "python3.9", "3.9.1")
    interpreter(tmp_path / "a", "python3.12", "3.12.1")
    interpreter(tmp_path / "a", "python3.13", "3.13.1")
    interpreter(tmp_path / "b", "python3", "3.11.1")
    host = place(tmp_path, "none", "a", "b").host
    assert (await find_interpreter((), host)).version == "3.10.1"
    assert (await find_interpreter((">=3.11",), host)).version == "3.13.1"
    assert (await find_interpreter((">=3.11,<3.13",), host)).version == "3.12.1"
    assert (await find_interpreter(("==3.11",), host)).version == "3.11.1"


async def test_a_missing_interpreter_names_everything_that_was_looked_at(tmp_path: Path) -> None:
    interpreter(tmp_path / "a", "python3", "3.10.1")
    interpreter(tmp_path / "b", "python3", "3.14.0", virtual=True)
    (tmp_path / "b/python3.11").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "b/python3.11").chmod(0o755)
    (tmp_path / "b/python3.12").write_text("#!/bin/sh\necho []\n")
    (tmp_path / "b/python3.12").chmod(0o755)
    (tmp_path / "b/python3.13").write_text("not executable")
    with pytest.raises(InterpreterMissing) as missing:
        await find_interpreter((">=3.11",), place(tmp_path, "a", "b").host)
    said = missing.value.message
    assert "a/python3 is 3.10.1" in said
    assert "b/python3 is inside a virtual environment" in said
    assert "b/python3.11 does not say its version (exit code 3)" in said
    assert "b/python3.12 does not say its version" in said
    assert "python3.13" not in said


async def test_without_any_interpreter_the_searched_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(InterpreterMissing, match=r"no python >=3\.11 for this environment: there is none in .*/a:.*/b$"):
        await find_interpreter((">=3.11",), place(tmp_path, "a", "b").host)


async def test_an_upgraded_interpreter_is_asked_again(tmp_path: Path) -> None:
    interpreter(tmp_path / "a", "python3", "3.11.1")
    here = place(tmp_path, "a")
    assert (await find_interpreter((">=3.11",), here.host)).version == "3.11.1"
    assert (await find_interpreter((">=3.11",), here.host)).version == "3.11.1"
    assert len(here.commands.ran) == 1
    interpreter(tmp_path / "a", "python3", "3.11.12")
    assert (await find_interpreter((">=3.11",), here.host)).version == "3.11.12"


async def test_the_tests_own_virtual_environment_does_not_serve(tmp_path: Path) -> None:
    host = Place(tmp_path, path=(str(Path(sys.prefix) / "bin"),)).host
    with pytest.raises(InterpreterMissing, match="inside a virtual environment"):
        await find_interpreter((">=3.11",), host)


async def test_node_and_npm_are_looked_for_alike(tmp_path: Path) -> None:
    wanted = Wanted(document=EnvironmentDocument(ecosystem="node", interpreter=">=999", lock="package-lock.json"), files={})
    with pytest.raises(InterpreterMissing, match=r"no node >=999 for this environment: there is none in .*/a$"):
        await Node().toolchain(wanted, place(tmp_path, "a").host)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/node").write_text('#!/bin/sh\necho \'["/a/node", "20.1.2", "115"]\'\n')
    (tmp_path / "a/node").chmod(0o755)
    with pytest.raises(InterpreterMissing, match=r"a/node is 20\.1\.2"):
        await Node().toolchain(wanted, place(tmp_path, "a").host)
    served = Wanted(document=EnvironmentDocument(ecosystem="node", interpreter=">=20,<21", lock="package-lock.json"), files={})
    with pytest.raises(InstallerUnusable, match="no npm"):
        await Node().toolchain(served, place(tmp_path, "a").host)


def compiler(folder: Path, name: str, answer: str) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(f"#!/bin/sh\n{answer}\n")
    (folder / name).chmod(0o755)


async def test_a_go_serves_that_is_in_the_range_and_as_new_as_go_mod_asks(tmp_path: Path) -> None:
    compiler(tmp_path / "a", "go", "[ $GOTOOLCHAIN = local ] && echo go version go1.19.8 linux/amd64")
    compiler(tmp_path / "b", "go", "echo go version go1.22.1 linux/amd64")
    compiler(tmp_path / "c", "go", "echo go version go1.24 X:boringcrypto linux/amd64")
    compiler(tmp_path / "d", "go", "exit 2")
    host = place(tmp_path, "d", "a", "b", "c").host

    async def served(interpreter: str | None, go_mod: bytes) -> str:
        document = EnvironmentDocument(ecosystem="go", interpreter=interpreter, lock="go.sum")
        found = await Go().toolchain(Wanted(document=document, files={"go.sum": b"", "go.mod": go_mod}), host)
        return found.versions["go_build"]

    assert "go1.19.8" in await served(None, b"")
    assert "go1.22.1" in await served(None, b"go 1.20\n")
    assert "go1.24 X:boringcrypto" in await served(">1.22.1", b"go 1.20\n")
    with pytest.raises(InterpreterMissing) as missing:
        await served("<1.22", b"go 1.20\n")
    said = missing.value.message
    assert said.startswith("no go <1.22,>=1.20 for this environment: ")
    assert f"{tmp_path}/a/go is 1.19.8; {tmp_path}/b/go is 1.22.1; {tmp_path}/c/go is 1.24" in said
    assert f"{tmp_path}/d/go does not say its version (exit code 2)" in said


RUSTC = "printf 'rustc {0} (abc 2026-01-01)\\nhost: x86_64-unknown-linux-gnu\\nrelease: {0}\\n'"


def rust_host(root: Path) -> HostTools:
    """Return a host with two Rusts, the first one old, a linker and a sandbox."""
    for folder, version in (("a", "1.63.0"), ("b", "1.80.1")):
        compiler(root / folder, "rustc", RUSTC.format(version))
        compiler(root / folder, "cargo", f"echo 'cargo {version} (abc 2026-01-01)'")
    compiler(root / "c", "cc", "echo 'cc (Debian 12.2.0-14) 12.2.0'; echo more")
    compiler(root / "c", "bwrap", "echo bubblewrap 0.8.0")
    return place(root, "a", "b", "c").host


def rust_wanted(interpreter: str | None = None, cargo_toml: bytes = b"") -> Wanted:
    document = EnvironmentDocument(ecosystem="rust", interpreter=interpreter, lock="Cargo.lock")
    return Wanted(document=document, files={"Cargo.lock": b"", "Cargo.toml": cargo_toml})


async def test_a_cargo_serves_that_stands_with_the_rustc_that_serves(tmp_path: Path) -> None:
    host = rust_host(tmp_path)
    for wanted in (rust_wanted(">=1.70"), rust_wanted(None, b'[package]\nrust-version = "1.64"')):
        found = await Rust().toolchain(wanted, host)
        assert (found.programs["rustc"], found.programs["cargo"]) == (f"{tmp_path}/b/rustc", f"{tmp_path}/b/cargo")
        assert found.versions["cc"] == "cc (Debian 12.2.0-14) 12.2.0"
        assert "release: 1.80.1" in found.versions["rustc"]
    (tmp_path / "b/cargo").unlink()
    with pytest.raises(InterpreterMissing, match=r"no cargo >=1\.70 for this environment: .*/a/cargo is 1\.63\.0$"):
        await Rust().toolchain(rust_wanted(">=1.70"), host)


async def test_a_stand_in_of_rustup_says_what_to_name_instead(tmp_path: Path) -> None:
    compiler(tmp_path / "a", "rustup", "exit 1")
    (tmp_path / "a/rustc").symlink_to("rustup")
    with pytest.raises(InterpreterMissing, match="a/rustc is rustup's stand-in, which needs a home: name the toolchain's own `bin` folder"):
        await Rust().toolchain(rust_wanted(), place(tmp_path, "a").host)


async def test_without_a_sandbox_nothing_is_compiled_that_runs_code_of_crates(tmp_path: Path) -> None:
    host = rust_host(tmp_path)
    compiler(tmp_path / "c", "bwrap", "echo 'bwrap: No permissions to create new namespace'; exit 1")
    with pytest.raises(InstallerUnusable) as unusable:
        await Rust().toolchain(rust_wanted(">=1.70"), host)
    assert "needs the sandbox of bubblewrap" in unusable.value.message
    assert "c/bwrap does not say its version (exit code 1)" in unusable.value.message
    assert "bubblewrap" in unusable.value.hint


async def test_a_jdk_serves_that_is_in_the_range_and_maven_is_only_needed_to_name_the_repository(tmp_path: Path) -> None:
    for name, version in (("a", "1.8.0_402"), ("b", "17.0.15"), ("c", "25")):
        compiler(tmp_path / name / "bin", "javac", f"echo javac {version}")
    host = place(tmp_path, "a/bin", "b/bin", "c/bin").host
    empty = Wanted(document=EnvironmentDocument(ecosystem="java", lock="classpath.lock"), files={"classpath.lock": b"# nothing\n"})
    found = await Java().toolchain(empty, host)
    assert (found.versions, found.programs) == (
        {"java": "17.0.15", "java_at": f"{tmp_path}/b"},
        {"jdk": f"{tmp_path}/b", "maven": ""},
    )
    newer = EnvironmentDocument(ecosystem="java", interpreter=">=21", lock="classpath.lock")
    assert (await Java().toolchain(replace(empty, document=newer), host)).versions["java"] == "25"
    with pytest.raises(InterpreterMissing, match=r"no javac >=26,>=11 for this environment: .*/a/bin/javac is 1.8.0; "):
        await Java().toolchain(replace(empty, document=newer.model_copy(update={"interpreter": ">=26"})), host)
    jar = replace(empty, files={"classpath.lock": b"1" * 64 + b"  a/b/1/b-1.jar\n"})
    with pytest.raises(InstallerUnusable, match="no mvn in ") as unusable:
        await Java().toolchain(jar, host)
    assert "MAVEN_REPOSITORY" in unusable.value.hint
    await Java().toolchain(jar, replace(host, network={"MAVEN_REPOSITORY": "https://maven.example"}))


async def test_a_uv_that_others_cannot_reach_is_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own-uv"
    own.write_text("#!/bin/sh\ncase $0 in *own-uv) exit 1;; esac\necho uv 9.9.9\n")
    own.chmod(0o755)
    monkeypatch.setattr("attune_agent.ecosystems.uv_program.find_uv_bin", lambda: str(own))
    here = Place(tmp_path)
    found = await usable_uv(here.host)
    copy = Path(found.program)
    assert copy.is_relative_to(here.root / ".installers")
    assert copy.stat().st_mode & 0o777 == 0o755
    assert found.version == "9.9.9"
    written = copy.stat().st_mtime_ns
    assert (await usable_uv(here.host)).program == found.program
    assert copy.stat().st_mtime_ns == written
    copy.write_text("cut off")
    assert (await usable_uv(here.host)).version == "9.9.9"


async def test_an_installation_without_uv_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("attune_agent.ecosystems.uv_program.find_uv_bin", none)
    with pytest.raises(InstallerUnusable, match="has no uv"):
        await usable_uv(Place(tmp_path).host)


def test_documents_that_do_not_fit_their_ecosystem_are_refused() -> None:
    with pytest.raises(LockRefused):
        Shell().files(EnvironmentDocument(ecosystem="shell", lock="x"))
    with pytest.raises(LockRefused):
        Shell().files(EnvironmentDocument(ecosystem="shell", interpreter=">=5"))
    with pytest.raises(LockMissing):
        Node().files(EnvironmentDocument(ecosystem="node"))
    with pytest.raises(LockRefused, match=r"package-lock\.json"):
        Node().files(EnvironmentDocument(ecosystem="node", lock="yarn.lock"))
    assert Node().files(EnvironmentDocument(ecosystem="node", lock="js/package-lock.json")) == ("js/package-lock.json", "js/package.json")
