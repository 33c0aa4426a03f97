"""The agent's half of preparing one environment, as a program of its own that tests can run as another user and kill.

`python agent_program.py` reads an order as JSON from stdin, retries what passes as attempts do, and prints what became of it as JSON.
"""

import asyncio
import json
import sys
from pathlib import Path

from attune_agent.environments.environments import Environments
from attune_agent.environments.host_commands import HostCommands
from attune_agent.environments.probes import Probes
from attune_agent.executor_link import ExecutorLink
from attune_agent.host_settings import Network
from attune_agent.preparation_errors import BuildDelayed, EnvironmentFailed, SecretMissing
from attune_core.ports import SystemClock
from attune_core.program_log import configure_log
from tests.agent.environments.places import MemoryPack, host_tools


async def _prepare(order: dict[str, str]) -> dict[str, object]:
    place = Path(order["place"])
    pack = MemoryPack(json.loads(order["document"]), {name: text.encode() for name, text in json.loads(order["files"]).items()})
    async with ExecutorLink(place / "run") as link:
        commands = HostCommands(link, logs=place / "logs", lock=place / "environments/.builder", clock=SystemClock())
        network = Network.model_validate_json(order["network"]) if order["network"] else None
        host = host_tools(place / "environments", Probes(commands), tuple(order["path"].split(":")), network, place / "secrets")
        environments = Environments(place / "environments", host=host, run=commands, bound=1 << 30)
        executions = [f"{order['execution']}-{number}" for number in range(int(order["executions"]))]
        answers = await asyncio.gather(*(_prepare_one(environments, pack, order["name"], execution) for execution in executions))
        await environments.at_rest()
        return next((answer for answer in answers if answer != answers[0]), answers[0])


async def _prepare_one(environments: Environments, pack: MemoryPack, name: str, execution: str) -> dict[str, object]:
    delayed = BuildDelayed()
    for tries in range(20):
        try:
            prepared = await environments.prepare(pack, name, execution=execution)
        except BuildDelayed as error:
            delayed = error
            sys.stderr.write(f"{tries} {error}\n")  # what a failing test shows
            continue
        except (EnvironmentFailed, SecretMissing) as error:
            return {"code": error.code, "message": error.message}
        links = {name: str(target) for name, target in prepared.links.items()}
        given = {"path": list(prepared.path), "links": links, "variables": dict(prepared.variables), "arguments": prepared.arguments}
        return {"key": prepared.key, **given}
    return {"code": delayed.code, "message": delayed.message}


if __name__ == "__main__":
    configure_log()
    json.dump(asyncio.run(_prepare(json.load(sys.stdin))), sys.stdout)
