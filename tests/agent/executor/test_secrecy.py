"""Where secrets and the keepers' insides cannot be found: argv, environ, the journal, the logs, another process of the slot's own uid."""

import base64
from pathlib import Path

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import InputVia
from tests.agent.executor.hosted import Hosted, log_of, request, shell
from tests.waiting import eventually

CANARY = b"canary-b1f0f9d2c4"


def _everything_readable() -> bytes:
    """The argv and environ of all processes, as root."""
    parts: list[bytes] = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            for name in ("cmdline", "environ"):
                try:
                    parts.append((process / name).read_bytes())
                except OSError:
                    continue
    return b"\0".join(parts)


@pytest.mark.parametrize("via", list(InputVia))
async def test_the_input_is_in_no_argv_environment_journal_or_log(executor: Hosted, via: InputVia) -> None:
    forms = (CANARY, base64.b64encode(CANARY))
    go = executor.open / "go"
    read = 'cat "$ATTUNE_INPUT"' if via is InputVia.FILE else "cat"
    script = f"{read} >/dev/null; while [ ! -e {go} ]; do sleep 0.02; done; echo said {CANARY.decode()[:6]}; {read}"
    async with ExecutorLink(executor.run) as link:
        what = shell(script, input=b'{"token": "' + CANARY + b'"}', input_via=via, masks=forms)
        await link.start(what)
        seen = _everything_readable()
        go.touch()
        ended = await link.wait(what.execution, 1)
        assert CANARY.decode() not in repr(what)
    assert ended.exit_code == 0
    for form in forms:
        assert form not in seen
        for path in executor.place.rglob("*"):
            if path.is_file():
                assert form not in path.read_bytes(), path


async def test_a_large_input_still_waiting_for_its_reader_is_nowhere_either(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        what = shell("sleep 100", input=CANARY * 100_000)
        await link.start(what)
        assert CANARY not in _everything_readable()
        await link.stop(what.execution, 1, grace=0.0)
        await link.wait(what.execution, 1)


ATTACK = """
import os
keeper = os.getppid()
opened = []
for name in ("environ", "mem", "maps", "fd", "root", "cwd", "exe", "oom_score_adj"):
    path = f"/proc/{keeper}/{name}"
    try:
        if name == "fd":
            opened.extend(os.readlink(f"{path}/{entry}") for entry in os.listdir(path))
        elif name in ("root", "cwd", "exe"):
            opened.append(os.readlink(path))
        else:
            descriptor = os.open(path, os.O_RDWR if name in ("mem", "oom_score_adj") else os.O_RDONLY)
            os.read(descriptor, 1)
            opened.append(name)
    except OSError:
        pass
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, keeper, 0, 0) == 0:  # PTRACE_ATTACH
    opened.append("ptrace")
try:
    os.kill(keeper, 0)
    reachable = True
except OSError:
    reachable = False
print(opened, reachable)
"""


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_an_action_cannot_look_into_its_keeper(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        what = request("/usr/bin/python3", "-c", ATTACK)
        await link.start(what)
        ended = await link.wait(what.execution, 1)
    assert log_of(ended.log_directory) == b"[] True\n"


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_an_action_reads_neither_the_state_nor_logs_nor_another_attempt(executor: Hosted) -> None:
    async with ExecutorLink(executor.run) as link:
        other = shell('echo secret > "$HOME/file"; echo "$HOME"; sleep 100', input=b"x")
        directory = (await link.start(other)).log_directory
        await eventually(lambda: log_of(directory) != b"")
        home = log_of(directory).decode().strip()
        tries = [
            f"ls {executor.state}",
            f"ls {executor.place}/logs/",
            f"cat {directory}/stdout.head",
            f"ls {home}",
            f"cat {home}/file",
            f"ls {executor.run}/work",
            f"ls {Path(home).parents[1]}",
            f"echo x > {executor.run}/work/x",
            f"touch {executor.place}/environments/x",
            f"kill -9 {executor.pid}",
            f"cat /proc/[0-9]*/environ | grep -q {home}",
        ]
        script = "; ".join(f"({attempt}) >/dev/null 2>&1 && echo 'could: {number}'" for number, attempt in enumerate(tries))
        what = shell(f"{script}; true")
        await link.start(what)
        ended = await link.wait(what.execution, 1)
        assert log_of(ended.log_directory) == b""
        await link.stop(other.execution, 1, grace=0.0)
        await link.wait(other.execution, 1)


async def test_no_keeper_or_executor_can_write_a_core(executor: Hosted) -> None:
    for pid in (executor.pid, *executor.keepers()):
        line = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core"))
        assert line.split()[4:6] == ["0", "0"]


@pytest.mark.root  # to look into it
async def test_a_keeper_holds_no_file_but_its_channel_and_what_everybody_may_read(executor: Hosted) -> None:
    for keeper in executor.keepers():
        links = [str((Path(f"/proc/{keeper}/fd") / name).readlink()) for name in ("0", "1", "2", "3")]
        assert links[:3] == ["/dev/null"] * 3
        assert links[3].startswith("socket:")
        kinds = {str(path.readlink()).split(":")[0] for path in Path(f"/proc/{keeper}/fd").iterdir()} - {f"/proc/{keeper}/oom_score_adj"}
        assert kinds <= {"/dev/null", "socket", "pipe", "/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg"}
