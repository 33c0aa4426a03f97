"""A host for tests of environments: folders, commands without an executor, packs in memory, and lock files from the real lockers."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from attune_agent.ecosystems.protocol import Ecosystem, HostTools
from attune_agent.ecosystems.table import ECOSYSTEMS
from attune_agent.environments.build import BuildLimits
from attune_agent.environments.environments import Environments
from attune_agent.environments.probes import Probes
from attune_agent.host_settings import Network
from attune_agent.secrets import Secrets
from attune_core.locks.table import RULES, rules_of
from attune_core.models.pack import PackDocument
from tests.agent.environments.direct_commands import DirectCommands

ROOT = Path(__file__).resolve().parents[3]
CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


class MemoryPack:
    """A pack that is only its document and some files."""

    def __init__(self, document: dict[str, object], files: Mapping[str, bytes] | None = None, digest: str = "ab" * 32) -> None:
        self.document = PackDocument.model_validate({"name": "web", "version": "1.0.0", "description": "for tests", **document})
        self.files = dict(files or {})
        self.digest = digest

    def paths(self) -> tuple[str, ...]:
        return tuple(self.files)

    def read(self, path: str, limit: int) -> bytes | None:
        content = self.files.get(path)
        return content if content is not None and len(content) <= limit else None


class Place:
    """One agent's environments on this host."""

    def __init__(
        self,
        root: Path,
        *,
        path: tuple[str, ...] = SYSTEM_PATH,
        ecosystems: Mapping[str, Ecosystem] = ECOSYSTEMS,
        limits: BuildLimits | None = None,
        bound: int = 1 << 30,
    ) -> None:
        self.root = root / "environments"
        self.logs = root / "logs"
        self.root.mkdir(exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self.commands = DirectCommands(self.root, self.logs)
        self.host = host_tools(self.root, Probes(self.commands), path)
        self.environments = Environments(self.root, host=self.host, run=self.commands, limits=limits, bound=bound, ecosystems=ecosystems)

    def build_log(self, execution: str) -> str:
        return (self.logs / f"{execution}.log").read_text()


def host_tools(
    root: Path, probes: Probes, path: tuple[str, ...] = SYSTEM_PATH, network: Network | None = None, secrets: Path = Path("/nowhere")
) -> HostTools:
    """What a host offers; with a network of its own, or else what this machine has."""
    if network is not None:
        return HostTools(
            path=path,
            network=network.variables(),
            ca_file=network.ca_file,
            installers=root / ".installers",
            cache=root / ".cache",
            probes=probes,
            credentials=lambda: network.logins(Secrets(secrets).text),
        )
    ca_file = os.environ.get("SSL_CERT_FILE", CA_FILE)
    return HostTools(
        path=path,
        network={},
        ca_file=ca_file if Path(ca_file).is_file() else None,
        installers=root / ".installers",
        cache=root / ".cache",
        probes=probes,
    )


def python_lock(folder: Path, *requirements: str) -> bytes:
    """Let uv make a requirements file with hashes, for any Python that serves."""
    (folder / "requirements.in").write_text("\n".join(requirements))
    argv = [str(ROOT / ".venv/bin/uv"), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11"]
    done = subprocess.run([*argv, "requirements.in"], cwd=folder, check=True, capture_output=True)
    return done.stdout


def project_lock(folder: Path, lock: str, *requirements: str) -> dict[str, bytes]:
    """Let the locker of this form make the lock file of a project."""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "own"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = {[*requirements]}\n'
    )
    rules = rules_of("python", lock)
    assert rules is not None
    argv = [word.format(manifest="pyproject.toml", lock=lock, lowest="3.11") for word in rules.locker]
    subprocess.run([str(ROOT / ".venv/bin/uv"), *argv[1:]], cwd=folder, check=True, capture_output=True)
    return {name: (folder / name).read_bytes() for name in (lock, "pyproject.toml")}


def node_lock(folder: Path, dependencies: str) -> dict[str, bytes]:
    """Let npm make a lock file; `dependencies` is the JSON object of that name."""
    (folder / "package.json").write_text(f'{{"name": "locked", "version": "1.0.0", "dependencies": {dependencies}}}')
    argv = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return {name: (folder / name).read_bytes() for name in ("package.json", "package-lock.json")}


def path_with(program: str) -> tuple[str, ...]:
    """Return the host setting `path` for a host that has this compiler too, wherever it is installed here."""
    found = shutil.which(program)
    assert found is not None, f"there is no {program}"
    return (str(Path(found).resolve().parent), *SYSTEM_PATH)


def go_files(folder: Path, go_mod: str, **sources: str) -> dict[str, bytes]:
    """Let go make a lock file for a module with these sources (`main` is main.go)."""
    (folder / "go.mod").write_text(go_mod)
    for name, text in sources.items():
        (folder / f"{name}.go").write_text(text)
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "mod", "tidy"], cwd=folder, check=True, capture_output=True, env=env)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def go_cache(module: Path, cache: Path) -> Path:
    """Let go compile what a module needs into a cache as agents have it."""
    env = {**os.environ, "GOFLAGS": "-trimpath -buildvcs=false", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOCACHE": f"{cache}/go/build"}
    subprocess.run(["go", "build", "-o", "/dev/null", "."], cwd=module, check=True, capture_output=True, env=env)
    return cache


@contextmanager
def path_with_rust() -> Iterator[tuple[str, ...]]:
    """Give the host setting `path` for a host that has Rust too: a toolchain below a closed home is linked to where others can reach it."""
    asked = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True)
    toolchain = Path(asked.stdout.strip())
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (toolchain, *toolchain.parents)):
        yield (f"{toolchain}/bin", *SYSTEM_PATH)
        return
    with tempfile.TemporaryDirectory(prefix="attune-rust-") as folder:
        Path(folder).chmod(0o755)
        for name in ("bin", "lib"):
            linked = subprocess.run(["cp", "-al", toolchain / name, folder], check=False, capture_output=True)
            if linked.returncode:
                subprocess.run(["cp", "-a", toolchain / name, folder], check=True, capture_output=True)
        yield (f"{folder}/bin", *SYSTEM_PATH)


@contextmanager
def rust_on_path() -> Iterator[None]:
    """Name the toolchain itself first on the PATH of commands: rustup's stand-ins need the home of who installed it."""
    with path_with_rust() as path, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{path[0]}:{os.environ['PATH']}")
        yield


def rust_files(folder: Path, cargo_toml: str, main: str) -> dict[str, bytes]:
    """Let cargo make a lock file for a package of one program."""
    (folder / "src").mkdir()
    (folder / "src/main.rs").write_text(main)
    (folder / "Cargo.toml").write_text(cargo_toml)
    subprocess.run(["cargo", "generate-lockfile"], cwd=folder, check=True, capture_output=True)
    return {name: (folder / name).read_bytes() for name in ("Cargo.toml", "Cargo.lock", "src/main.rs")}


def java_lock(folder: Path, *dependencies: str) -> bytes:
    """Let Maven make the checksum list of `group:artifact:version`s and what they need."""
    words = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        for group, artifact, version in (one.split(":") for one in dependencies)
    )
    named = "<modelVersion>4.0.0</modelVersion><groupId>web</groupId><artifactId>own</artifactId><version>1</version>"
    (folder / "pom.xml").write_text(f"<project>{named}<dependencies>{words}</dependencies></project>")
    (rules,) = RULES["java"]
    argv = [word.format(lock="classpath.lock") for word in rules.locker]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return (folder / "classpath.lock").read_bytes()
