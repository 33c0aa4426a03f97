"""Building from a registry that is private, behind a proxy and a private authority, or out of order; judged by its own server."""

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.agent.environments.hosts import RealHost, real_host, until
from tests.agent.environments.places import path_with_rust, rust_files
from tests.agent.environments.private_registry import (
    CARGO_TOML,
    JAVA_LOCK,
    MANIFEST,
    NODE_LOCK,
    PASSWORD,
    PYTHON_LOCK,
    USERNAME,
    Registry,
    cargo_lock,
    network,
    private_registry,
)

FORMS = (
    PASSWORD.encode(),
    base64.b64encode(PASSWORD.encode()).rstrip(b"="),
    base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).rstrip(b"="),
)
PYTHON: tuple[Mapping[str, object], Mapping[str, bytes], tuple[str, ...]] = (
    {"environments": {"own": {"ecosystem": "python", "lock": "requirements.lock"}}},
    {"requirements.lock": PYTHON_LOCK},
    ("python", "-c", "import tiny; print(tiny.VALUE)"),
)
NODE: tuple[Mapping[str, object], Mapping[str, bytes], tuple[str, ...]] = (
    {"environments": {"own": {"ecosystem": "node", "lock": "js/package-lock.json"}}},
    {"js/package.json": json.dumps(MANIFEST).encode(), "js/package-lock.json": json.dumps(NODE_LOCK).encode()},
    ("node", "-e", "console.log(require('tiny'))"),
)
JAVA: tuple[Mapping[str, object], Mapping[str, bytes], tuple[str, ...]] = (
    {"environments": {"own": {"ecosystem": "java", "lock": "classpath.lock", "sources": ["src/*.java"]}}},
    {
        "classpath.lock": JAVA_LOCK,
        "src/Show.java": b"""class Show {
            public static void main(String[] words) throws Exception {
                System.out.println(new String(Show.class.getResourceAsStream("/tiny.txt").readAllBytes()));
            }
        }""",
    },
    ("java", "Show"),
)
ECOSYSTEMS = {"python": PYTHON, "node": NODE, "java": JAVA}


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host(uids=os.geteuid() == 0, agent=os.geteuid(), memory=True) as it:
        yield it


@pytest.fixture
def registry(host: RealHost) -> Iterator[Registry]:
    (host.place / "secrets").mkdir(mode=0o700)
    (host.place / "secrets/packages").write_text(PASSWORD + "\n")
    (host.place / "secrets/packages").chmod(0o600)
    with private_registry(host.place, PASSWORD) as it:
        host.network = network(it)
        yield it


def seen_in_processes() -> list[str]:
    """Where a form of the password stands in what every process shows of itself."""
    found: list[str] = []
    for process in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()):
        for place in (Path("/proc", process, name) for name in ("cmdline", "environ")):
            try:
                content = place.read_bytes()
            except OSError:
                continue  # it has ended
            found.extend(str(place) for form in FORMS if form in content)
    return found


@pytest.mark.parametrize("ecosystem", list(ECOSYSTEMS))
def test_a_build_reaches_a_private_registry_and_its_password_is_nowhere(host: RealHost, registry: Registry, ecosystem: str) -> None:
    document, files, proof = ECOSYSTEMS[ecosystem]
    seen: list[str] = []
    homes: list[Path] = []

    def look() -> None:
        seen.extend(seen_in_processes())
        homes.extend((host.place / "run/work/0").glob("*/home/.n*rc"))

    registry.on_request = look
    answer = host.prepare(document, files)
    assert answer.code == "", (answer, host.build_log())
    assert registry.asked, "nobody asked the registry"
    assert seen == []
    assert homes, "the credentials were given by a file in the build's private home"
    assert not [home for home in homes if home.exists()]
    program, *words = proof
    ended = host.act((program, *answer.arguments.get(program, ()), *words), path=answer.path, cwd=linked(host, answer.links))
    assert ended.result.body == b"7\n"
    assert kept(host) == []


def test_a_crate_comes_from_the_registry_that_stands_for_the_public_one(host: RealHost, registry: Registry, tmp_path: Path) -> None:
    public = rust_files(tmp_path, CARGO_TOML.replace("tiny", "itoa"), "fn main() {}")["Cargo.lock"].decode()
    (source,) = set(re.findall('source = "(.*)"', public))
    document = {"environments": {"own": {"ecosystem": "rust", "lock": "Cargo.lock", "sources": ["src/*"]}}}
    main = b'fn main() { println!("{}", tiny::VALUE); }'
    files = {"Cargo.toml": CARGO_TOML.encode(), "Cargo.lock": cargo_lock(source), "src/main.rs": main}
    seen: list[str] = []
    registry.on_request = lambda: seen.extend(seen_in_processes())
    with path_with_rust() as path:
        registry.fault = "other"
        assert host.prepare(document, files, path).code == "ATT316", host.build_log()
        registry.fault = ""
        answer = host.prepare(document, files, path)
        assert answer.code == "", host.build_log()
    assert host.act(("locked",), path=answer.path).result.body == b"7\n"
    assert "/index/ti/ny/tiny" in registry.asked
    assert seen == []
    assert kept(host) == []


def kept(host: RealHost) -> list[Path]:
    """Return the files in which the password is left."""
    content = {path: path.read_bytes() for path in host.place.rglob("*") if path.is_file() and not path.is_symlink()}
    del content[host.place / "secrets/packages"]
    return [path for path, raw in content.items() if any(form in raw for form in FORMS)]


def linked(host: RealHost, links: Mapping[str, str]) -> Path:
    folder = host.place / "pack"
    folder.mkdir(exist_ok=True)
    for name, target in links.items():
        (folder / name).symlink_to(target)
    return folder


FAULTS = {"500": "ATT306", "half": "ATT306", "slow": "ATT306", "gone": "ATT306", "other": "ATT316"}


@pytest.mark.parametrize(
    ("ecosystem", "fault"),
    [
        *(("python", fault) for fault in FAULTS),
        ("node", "other"),
        ("java", "other"),
        *(pytest.param("node", fault, marks=pytest.mark.soak) for fault in FAULTS if fault != "other"),
    ],
)
def test_a_registry_out_of_order_leaves_nothing_and_is_asked_anew(host: RealHost, registry: Registry, ecosystem: str, fault: str) -> None:
    """A file cut short is a failed installation; a whole one with another hash is a mismatch, which no policy tries again."""
    document, files, _ = ECOSYSTEMS[ecosystem]
    registry.fault = fault
    failed = host.prepare(document, files)
    assert failed.code == FAULTS[fault], (failed, host.build_log())
    assert PASSWORD not in host.build_log()
    assert not list(host.environments.glob("*/READY"))
    assert not list(host.environments.glob("*/tree/*"))
    registry.fault = ""
    assert host.prepare(document, files).code == "", host.build_log()


def test_two_agents_and_ten_executions_make_one_build(host: RealHost, registry: Registry) -> None:
    document, files, _ = PYTHON
    agents = [host.begin(document, files, executions=5) for _ in range(2)]
    answers = [host.end(agent) for agent in agents]
    assert len({answer.key for answer in answers}) == 1, answers
    assert sum(path.endswith(".whl") for path in registry.asked) == 1, registry.asked
    assert len(list(host.place.glob("logs/*/*.build/*"))) == 1


def test_a_missing_secret_is_named_and_nothing_is_asked(host: RealHost, registry: Registry) -> None:
    (host.place / "secrets/packages").unlink()
    answer = host.prepare(PYTHON[0], PYTHON[1])
    assert (answer.code, answer.message) == ("ATT330", "there is no secret packages on this agent")
    assert registry.asked == []


def test_credentials_are_not_written_to_a_disk(registry: Registry, tmp_path: Path) -> None:
    with real_host(uids=os.geteuid() == 0, agent=os.geteuid()) as host:
        (host.place / "secrets").mkdir(mode=0o700)
        (host.place / "secrets/packages").write_text(PASSWORD)
        (host.place / "secrets/packages").chmod(0o600)
        host.network = network(registry)
        answer = host.prepare(PYTHON[0], PYTHON[1])
        assert answer.code == "ATT319", answer
        assert not [path for path in host.place.rglob("*") if path.is_file() and path.name == ".netrc"]


def test_an_agent_killed_during_a_download_leaves_no_credentials(host: RealHost, registry: Registry) -> None:
    registry.fault = "slow"
    agent = host.begin(PYTHON[0], PYTHON[1])
    until(lambda: any("files" in path for path in registry.asked), agent, "the download")
    agent.kill()
    agent.communicate()
    registry.fault = ""
    registry.over.set()
    assert host.prepare(PYTHON[0], PYTHON[1]).code == ""
    assert not list((host.place / "run/work").rglob(".netrc"))


def test_no_code_of_a_python_package_runs_while_its_environment_is_built(host: RealHost, registry: Registry) -> None:
    assert registry.fault == ""
    answer = host.prepare(PYTHON[0], PYTHON[1])
    assert answer.code == "", answer
    tree = host.environments / answer.key / "tree"
    assert list(tree.glob("lib/*/site-packages/tiny.pth")), "it would have run"
    assert list(tree.glob("lib/*/site-packages/__pycache__/tiny.*.pyc")), "packages are compiled"
    assert not list(tree.glob("lib/*/site-packages/package-code-ran"))


def test_a_script_of_a_package_that_replaces_node_is_found_and_its_program_is_not_run(host: RealHost, registry: Registry) -> None:
    assert registry.fault == ""
    lock = json.dumps(NODE_LOCK).replace('"version": "1.0.0", "integrity"', '"version": "1.0.0", "hasInstallScript": true, "integrity"')
    document = {"environments": {"own": {"ecosystem": "node", "lock": "js/package-lock.json", "scripts": True}}}
    answer = host.prepare(document, {**NODE[1], "js/package-lock.json": lock.encode()})
    assert not (host.environments / ".cache/escaped").exists(), "it was run outside of the sandbox"
    assert answer.code == "ATT309", answer
    assert "bin/node is another program" in answer.message
