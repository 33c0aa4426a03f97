"""The Result is a bounded regular file and nothing else; the private directory goes whatever the action made of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, ResultSource, ResultState
from tests.agent.executor.hosted import Hosted, hosted, request, run, shell


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("true", ResultState.MISSING),
        ('mkfifo "$ATTUNE_RESULT"', ResultState.NOT_REGULAR),
        ('ln -s /etc/passwd "$ATTUNE_RESULT"', ResultState.NOT_REGULAR),
        ('ln -s /dev/zero "$ATTUNE_RESULT"', ResultState.NOT_REGULAR),
        ('mkdir "$ATTUNE_RESULT"', ResultState.NOT_REGULAR),
        ('mkdir -m 0 "$ATTUNE_RESULT"', ResultState.NOT_REGULAR),
        ('head -c 1001 /dev/zero > "$ATTUNE_RESULT"', ResultState.TOO_LARGE),
        ('truncate -s 1T "$ATTUNE_RESULT"', ResultState.TOO_LARGE),
        ('head -c 1000 /dev/zero > "$ATTUNE_RESULT"', ResultState.OK),
        ('echo 1 > "$ATTUNE_RESULT"; chmod 0 "$ATTUNE_RESULT"', ResultState.OK),
        ('echo 1 > "$ATTUNE_RESULT"; chmod 0 "$HOME/.."', ResultState.OK),
        ('cd "$HOME/.." && rm -rf "$PWD"/*', ResultState.MISSING),
    ],
)
async def test_what_stands_at_the_results_place_is_named(link: ExecutorLink, executor: Hosted, script: str, state: ResultState) -> None:
    ended = await run(link, shell(script, result_limit=1000))
    assert (ended.how, ended.exit_code, ended.result.state) == (How.EXITED, 0, state)
    assert bool(ended.result.body) is (state is ResultState.OK)
    assert _left(executor) == []


@pytest.mark.parametrize(
    ("script", "state", "body"),
    [
        # What the main process wrote is judged when no process is left; one in the background does not outlive it to write more.
        ("""(sleep 60; echo late > "$ATTUNE_RESULT") & echo early > "$ATTUNE_RESULT" """, ResultState.OK, b"early\n"),
        ("""(setsid sh -c 'sleep 60; echo late > "$ATTUNE_RESULT"' &) ; exit 0""", ResultState.MISSING, b""),
        ("""echo link > "$TMPDIR/other"; ln "$TMPDIR/other" "$ATTUNE_RESULT" """, ResultState.OK, b"link\n"),
        ("""ln /etc/hostname "$ATTUNE_RESULT" 2>/dev/null; true""", ResultState.MISSING, b""),
        ("""truncate -s 100M "$ATTUNE_RESULT" """, ResultState.TOO_LARGE, b""),
        ("""mknod "$ATTUNE_RESULT" c 1 5 2>/dev/null; true""", ResultState.MISSING, b""),
        ("""echo one > "$ATTUNE_RESULT"; exec 3< "$ATTUNE_RESULT"; rm "$ATTUNE_RESULT" """, ResultState.MISSING, b""),
    ],
)
async def test_the_result_is_what_stands_there_when_no_process_is_left(
    link: ExecutorLink, executor: Hosted, script: str, state: ResultState, body: bytes
) -> None:
    ended = await run(link, shell(script, result_limit=1000))
    assert (ended.exit_code, ended.result.state, ended.result.body) == (0, state, body)
    assert _left(executor) == []


async def test_a_socket_at_the_results_place_is_no_result(link: ExecutorLink, executor: Hosted) -> None:
    script = "import os, socket; socket.socket(socket.AF_UNIX).bind(os.environ['ATTUNE_RESULT'])"
    ended = await run(link, request("/usr/bin/python3", "-c", script))
    assert ended.result.state is ResultState.NOT_REGULAR
    assert _left(executor) == []


async def test_a_result_can_be_what_is_printed(link: ExecutorLink) -> None:
    cases = {"printf '[1]'": (ResultState.OK, b"[1]"), "true": (ResultState.MISSING, b""), "printf 12345": (ResultState.TOO_LARGE, b"")}
    for script, expected in cases.items():
        ended = await run(link, shell(script, result_from=ResultSource.STDOUT, result_limit=4))
        assert (ended.result.state, ended.result.body) == expected
    ignored = await run(link, shell('echo 1 > "$ATTUNE_RESULT"', result_from=ResultSource.NONE))
    assert ignored.result.state is ResultState.MISSING


@pytest.mark.parametrize(
    "script",
    [
        'mkdir -p "$HOME/a/b/c"; touch "$HOME/a/b/c/d"; chmod 000 "$HOME/a/b/c" "$HOME/a/b" "$HOME/a"',
        'chmod 000 "$HOME" "$TMPDIR"',
        'ln -s / "$HOME/root"; ln -s "$TMPDIR" "$HOME/loop"; mkfifo "$HOME/fifo"',
        'mkdir -p "$TMPDIR/.removing-0/x/y" "$TMPDIR/.removing-1/x"',
        'cd "$HOME" && seq 1000 | xargs touch',
        'cd "$HOME" && touch -- "-rf" "$(printf "new\\nline")" "$(printf "\\377")"',
        'cd "$TMPDIR" && for n in $(seq 40); do mkdir d && cd d || exit 1; done; touch deep; chmod 000 .',
    ],
)
async def test_the_private_directory_is_gone_whatever_was_made_in_it(link: ExecutorLink, executor: Hosted, script: str) -> None:
    ended = await run(link, shell(script))
    assert (ended.exit_code, ended.detail) == (0, "")
    assert _left(executor) == []


async def test_a_tree_deeper_than_any_path_is_removed(link: ExecutorLink, executor: Hosted) -> None:
    script = "import os\nos.chdir(os.environ['TMPDIR'])\nfor n in range(300):\n    os.mkdir('d' * 100); os.chdir('d' * 100)"
    ended = await run(link, request("/usr/bin/python3", "-c", script))
    assert (ended.exit_code, ended.detail) == (0, "")
    assert _left(executor) == []


def _left(executor: Hosted) -> list[Path]:
    return [path for slot in (executor.run / "work").iterdir() for path in slot.iterdir()]
