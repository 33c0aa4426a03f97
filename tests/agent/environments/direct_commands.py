"""Commands run without an executor, as whoever runs the tests: the same contract, for tests of what stands above it."""

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path

from attune_agent.environments.commands import Command, CommandOutcome
from attune_agent.host import How


class DirectCommands:
    """Runs commands and remembers them; build logs go into `logs`."""

    def __init__(self, root: Path, logs: Path) -> None:
        self.root = root
        self.logs = logs
        self.ran: list[Command] = []
        self.broken = False  # no command succeeds
        self.running: set[str] = set()  # keys that attempts use

    @property
    def installs(self) -> list[Command]:
        return [command for command in self.ran if command.execution is not None]

    async def used(self) -> frozenset[str]:
        return frozenset(self.running)

    async def run(self, command: Command) -> CommandOutcome:
        self.ran.append(command)
        if self.broken:
            return CommandOutcome(how=How.EXITED, exit_code=1)
        if command.environment is not None:
            tree = self.root / command.environment / "tree"
            if command.fresh and tree.exists():
                shutil.rmtree(tree)
            tree.mkdir(exist_ok=True)
        if command.argv == ("true",):
            return CommandOutcome(how=How.EXITED, exit_code=0)  # only the empty tree is wanted
        with tempfile.TemporaryDirectory() as home:
            return await self._run(command, home)

    async def _run(self, command: Command, home: str) -> CommandOutcome:
        program = command.argv[0] if "/" in command.argv[0] else shutil.which(command.argv[0], path=command.env["PATH"])
        if program is None:
            return CommandOutcome(how=How.NOT_EXECUTABLE, detail="No such file or directory")
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *command.argv[1:],
                cwd=command.cwd,
                env={**command.env, "HOME": home, "TMPDIR": home},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return CommandOutcome(how=How.NOT_EXECUTABLE, detail=error.strerror or "")
        try:
            async with asyncio.timeout(command.timeout):
                output, _ = await process.communicate(command.input)
        except TimeoutError:
            return CommandOutcome(how=How.TIMED_OUT)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if command.execution is not None:
            with (self.logs / f"{command.execution}.log").open("ab") as log:
                log.write(output)
        code = process.returncode if process.returncode is not None else -1
        if code < 0:
            return CommandOutcome(how=How.SIGNALLED, signal=-code)
        return CommandOutcome(how=How.EXITED, exit_code=code, answer=output[: command.answer_limit])
