"""What an environment with `scripts: true` changes; that a package's script then runs, and otherwise never does, is in tests/contracts."""

from dataclasses import replace
from pathlib import Path

from attune_agent.environments.commands import Command
from attune_agent.environments.environments import Environments
from tests.agent.environments.places import MemoryPack, Place

NODE = """[ "$1" != -e ] || echo '["%s/node", "20.1.2", "115"]'"""
FILES = {"package.json": b"{}", "package-lock.json": b'{"lockfileVersion": 3, "packages": {}}'}


async def installs(root: Path, *, scripts: bool) -> list[Command]:
    """Return the commands that install an environment that runs scripts of packages or does not."""
    root.mkdir()
    for name, text in (("node", NODE % root), ("npm", "echo 10.1.1")):
        (root / name).write_text(f"#!/bin/sh\n{text}\n")
        (root / name).chmod(0o755)
    place = Place(root, path=(str(root), "/usr/bin", "/bin"))
    host = replace(place.host, network={"HTTPS_PROXY": "http://proxy.example"}, ca_file="/etc/ca.pem")
    document = {"ecosystem": "node", "lock": "package-lock.json", "scripts": scripts}
    environments = Environments(place.root, host=host, run=place.commands, bound=1 << 30)
    await environments.prepare(MemoryPack({"environments": {"own": document}}, FILES), "own", execution="x")
    return [command for command in place.commands.installs if "install" in command.argv or "scripts" in command.argv]


async def test_scripts_run_after_everything_is_installed_and_get_nothing_of_the_network_settings(tmp_path: Path) -> None:
    (without,) = await installs(tmp_path / "without", scripts=False)
    install, scripts = await installs(tmp_path / "with", scripts=True)
    assert "--ignore-scripts" in without.argv[2]
    assert install.argv[2] == without.argv[2]
    assert without.environment != install.environment == scripts.environment, "scripts are part of the key"
    assert install.env["HTTPS_PROXY"] == "http://proxy.example"
    assert set(install.env) - set(scripts.env) == {"HTTPS_PROXY", "NODE_EXTRA_CA_CERTS", "npm_config_cafile", "npm_config_cache"}
