"""An ecosystem of the tests' own: it needs no registry, and its lock file is the shell script that fills the tree."""

from collections.abc import Sequence
from pathlib import Path

from attune_agent.ecosystems.protocol import Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.environments.stamps import stamp_of
from attune_agent.preparation_errors import InstallFailed
from attune_core.models.pack import EnvironmentDocument


class Small:
    """`python` in the tests' tables; the toolchain's version is what a file on the host says."""

    recipe = 1

    def __init__(self, toolchain: Path) -> None:
        self._toolchain = toolchain

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        return (document.lock or "",)

    def check(self, wanted: Wanted) -> None:
        pass

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:  # noqa: ARG002 - the protocol's
        return Toolchain(versions={"small": self._toolchain.read_text()}, programs={}, stamps=(stamp_of(str(self._toolchain)),))

    async def install(self, build: Build) -> None:
        (lock,) = build.wanted.files
        outcome = await build.run.install(("sh", "-eu", str(build.declared / lock)), build.host.base_environment())
        if not outcome.succeeded:
            raise InstallFailed(f"the script failed ({outcome.describe()})")

    async def unhealthy(self, build: Build) -> str | None:
        outcome = await build.run.check(("sh",), build.host.base_environment(), "test -e done || { echo no done; exit 1; }")
        return None if outcome.succeeded else outcome.answer.decode().strip()

    def activation(self, tree: Path) -> Activation:
        return Activation(path=(tree / "bin",))
