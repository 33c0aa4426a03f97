"""Building every environment that a repository declares, before the merge, as an agent would: with an executor of its own, on this machine.

Called by `attune validate --environments`. What cannot be built becomes a Problem at the environment in its pack.yaml.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attune_agent.host_environments import environments_here
from attune_agent.host_settings import HostSettings, Network, read_host_settings
from attune_agent.layout import Layout
from attune_agent.packs.packs import Packs
from attune_agent.preparation_errors import EnvironmentFailed, SecretMissing
from attune_agent.settings import AgentSettings
from attune_cli.checking import NOT_BUILT
from attune_cli.local.environment_builds import told_build
from attune_cli.local.executor import executor_for
from attune_cli.local.system import host_path, memory_directory, network_settings
from attune_cli.render.output import note
from attune_core.catalog.catalog import Catalog, Pack
from attune_core.catalog.documents import read_document
from attune_core.catalog.findings import Findings
from attune_core.catalog.tree import Tree, read
from attune_core.errors import AttuneError
from attune_core.problems import Problem, Severity
from attune_core.program_log import configure_log


def build_all(tree: Tree, catalog: Catalog, *, state: Path | None, config: Path | None, json: bool = False) -> Sequence[Problem]:
    """Build them one after the other; return a warning for each that could not be built, which the caller takes for a failure."""
    declared = [(pack, name) for _, pack in sorted(catalog.packs.items()) for name in pack.document.environments]
    if not declared:
        return ()
    configure_log("error")
    host = (
        read_host_settings(config) if config else HostSettings(path=host_path(), network=Network(ca_file=network_settings().get("ca_file")))
    )
    with _directories(state) as (layout, root), executor_for(layout, root):
        return asyncio.run(_build(tree, AgentSettings(layout=layout, host=host), declared, json=json))


@contextmanager
def _directories(state: Path | None) -> Iterator[tuple[Layout, Path]]:
    """Give the directories; those of a state that was named stay, so that the next check finds what is built."""
    run = Path(tempfile.mkdtemp(prefix="attune-run-", dir=memory_directory()))
    root = Path(tempfile.mkdtemp(prefix="attune-state-")) if state is None else state.resolve()
    try:
        for place in (root, run):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o711)  # builds may have a uid of their own and must reach what they make
        layout = Layout(state=root / "state", run=run / "run")
        layout.prepare()
        yield layout, root
    finally:
        shutil.rmtree(run, ignore_errors=True)
        if state is None:
            shutil.rmtree(root, ignore_errors=True)


async def _build(tree: Tree, settings: AgentSettings, declared: Sequence[tuple[Pack, str]], *, json: bool) -> Sequence[Problem]:
    findings = Findings()
    archives = {pack.digest: pack.archive for pack, _ in declared}

    async def download(digest: str) -> AsyncIterator[bytes]:
        yield archives[digest]()

    packs = Packs(settings.layout.packs, download=download)
    async with environments_here(settings) as environments:
        for number, (pack, name) in enumerate(declared, 1):
            what, of = f"{pack.name} {name}", len(declared)
            try:
                with told_build(settings.layout, what, said=f" ({number} of {of})", number=number, of=of, json=json) as execution:
                    try:
                        await environments.prepare(await packs.fetch(pack.digest), name, execution=execution)
                    finally:
                        environments.store.release(execution)
            except (EnvironmentFailed, SecretMissing) as error:
                note(f"{what}: cannot be built here ({error.code})")
                _place(findings, tree, pack, name, error)
    return findings.sorted()


def _place(findings: Findings, tree: Tree, pack: Pack, name: str, error: AttuneError) -> None:
    path = f"{pack.path}/pack.yaml"
    document, _ = read_document(path, read(tree, path))
    message = f"the environment cannot be built here ({error.code}): {error.message}"
    if document is None:
        raise error  # it was read a moment ago
    findings.at(NOT_BUILT, message, document, ("environments", name), of="key", hint=error.hint, severity=Severity.WARNING)
