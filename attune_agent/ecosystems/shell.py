"""Shell: nothing is installed; what a script needs stands in the pack's `requires.tools` and comes from the host.

A line of `table`; the smallest ecosystem there can be.
"""

from collections.abc import Sequence
from pathlib import Path

from attune_agent.ecosystems.protocol import Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.preparation_errors import LockRefused
from attune_core.models.pack import EnvironmentDocument


class Shell:
    """Programs of the host, run along its path."""

    recipe = 1

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return none."""
        if document.lock is not None or document.interpreter is not None:
            raise LockRefused("a shell environment has neither `lock` nor `interpreter`", hint="name the tools under `requires.tools`")
        return ()

    def check(self, wanted: Wanted) -> None:
        """Accept: there is no lock."""

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:  # noqa: ARG002 - the protocol's
        """Return none: the tools are the pack's, whatever the ecosystem."""
        return Toolchain(versions={}, programs={}, stamps=())

    async def install(self, build: Build) -> None:
        """Do nothing."""

    async def unhealthy(self, build: Build) -> str | None:  # noqa: ARG002 - the protocol's
        """Find nothing wrong."""
        return None

    def activation(self, tree: Path) -> Activation:  # noqa: ARG002 - the protocol's
        """Return nothing: PATH is the host's."""
        return Activation()
