"""Builds: their user, the tree they may write, the cache, and that nobody can point them elsewhere."""

import os
from pathlib import Path

import pytest

from attune_agent.executor_errors import StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, ResultSource
from tests.agent.executor.hosted import Hosted, build, log_of, run, shell

KEY = "0123456789abcdef"


async def test_a_build_writes_its_tree_and_everybody_may_read_it(link: ExecutorLink, executor: Hosted) -> None:
    tree = executor.place / "environments" / KEY / "tree"
    script = "mkdir bin; echo 'echo built' > bin/tool; chmod 755 bin/tool; echo out; echo error >&2; id -u"
    ended = await run(link, build(f"cd {tree} && {script}; true", environment=KEY))
    *said, uid = log_of(ended.log_directory).decode().split()
    assert (ended.exit_code, said) == (0, ["out", "error"])  # both streams are one log, in the order of writing
    assert not (Path(ended.log_directory) / "stderr.head").exists()
    assert (tree / "bin" / "tool").stat().st_mode & 0o777 == 0o755
    assert (tree / "bin").stat().st_mode & 0o777 == 0o755
    if executor.mode == "uids":
        assert tree.stat().st_uid == int(uid) == executor.first_uid
        assert tree.parent.stat().st_uid == 0
        assert (await run(link, build(f"touch {tree.parent}/READY 2>/dev/null"))).exit_code != 0
        used = await run(link, shell(f"sh {tree}/bin/tool && ! touch {tree}/x 2>/dev/null"))
        assert (used.exit_code, log_of(used.log_directory)) == (0, b"built\n")


async def test_a_fresh_build_finds_an_empty_tree_and_another_what_was_there(link: ExecutorLink, executor: Hosted) -> None:
    tree = executor.place / "environments" / KEY / "tree"
    await run(link, build(f"mkdir -p {tree}/a/b; touch {tree}/a/b/c; chmod 0 {tree}/a/b {tree}/a", environment=KEY))
    again = await run(link, build(f"ls -A {tree}", environment=KEY))
    assert log_of(again.log_directory) == b"a\n"
    fresh = await run(link, build(f"ls -A {tree}; stat -c %a {tree}", environment=KEY, fresh=True))
    assert log_of(fresh.log_directory) == b"755\n"


async def test_the_cache_is_the_build_users(link: ExecutorLink, executor: Hosted) -> None:
    cache = executor.place / "environments" / ".cache"
    ended = await run(link, build(f'touch {cache}/wheel && [ -d "$HOME" ] && [ -d "$TMPDIR" ]'))
    assert ended.exit_code == 0
    assert (cache / "wheel").exists()
    if executor.mode == "uids":
        refused = await run(link, shell(f"ls {cache} 2>/dev/null"))
        assert refused.exit_code != 0


async def test_a_toolchain_says_its_version_as_the_result(link: ExecutorLink) -> None:
    ended = await run(link, build("echo 3.11.2", result_from=ResultSource.STDOUT))
    assert ended.result.body == b"3.11.2\n"


async def test_a_build_gets_files_of_its_own_below_its_home_and_they_are_gone_afterwards(link: ExecutorLink, executor: Hosted) -> None:
    home = {".netrc": b"machine x\n", ".m2/settings.xml": b"<settings/>"}
    ended = await run(link, build('cd "$HOME"; pwd; stat -c "%a %n" .netrc .m2 .m2/settings.xml; cat .netrc .m2/settings.xml', home=home))
    place, *said = log_of(ended.log_directory).decode().splitlines()
    assert said == ["600 .netrc", "700 .m2", "600 .m2/settings.xml", "machine x", "<settings/>"]
    assert not Path(place).exists()
    after = await run(link, build('ls -A "$HOME"'))
    assert log_of(after.log_directory) == b""
    assert b"machine x" not in b"".join(path.read_bytes() for path in executor.state.rglob("*") if path.is_file())


async def test_a_second_build_waits_for_the_first(link: ExecutorLink) -> None:
    first = build("sleep 100")
    await link.start(first)
    with pytest.raises(StartRefused, match="another build is running"):
        await link.start(build("true", execution="second"))
    assert (await run(link, shell("true"))).exit_code == 0
    await link.stop(first.execution, 1, grace=0.0)
    assert (await link.wait(first.execution, 1)).how is How.CANCELLED
    assert (await run(link, build("true", execution="second"))).exit_code == 0


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
@pytest.mark.parametrize("place", ["key", "tree"])
async def test_a_link_in_the_way_of_a_tree_is_never_followed(link: ExecutorLink, executor: Hosted, place: str) -> None:
    target = executor.place / "target"
    target.mkdir(mode=0o700)
    key = executor.place / "environments" / KEY
    if place == "key":
        key.symlink_to(target)
    else:
        key.mkdir()
        (key / "tree").symlink_to(target)
    with pytest.raises(StartRefused):
        await link.start(build("true", environment=KEY))
    assert target.stat().st_uid == 0
    assert list(target.iterdir()) == []


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_a_tree_that_is_somebody_elses_is_not_given_away(link: ExecutorLink, executor: Hosted) -> None:
    tree = executor.place / "environments" / KEY / "tree"
    tree.mkdir(parents=True)
    os.chown(tree, 12_345, 12_345)
    with pytest.raises(StartRefused, match="belongs to uid 12345"):
        await link.start(build("true", environment=KEY))
    assert tree.stat().st_uid == 12_345
