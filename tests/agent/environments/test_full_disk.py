"""A build on a disk that becomes full fails cleanly (row 36): nothing of it is used, its space is given back, the next is built."""

from hashlib import sha256
from pathlib import Path

import pytest

from attune_agent.preparation_errors import InstallFailed
from tests.agent.environments.places import MemoryPack, Place
from tests.agent.environments.small_ecosystem import Small
from tests.small_disk import grow, small_disk

pytestmark = pytest.mark.root
DOCUMENT: dict[str, object] = {"environments": {"own": {"ecosystem": "python", "lock": "lock.sh"}}}
#: The disk's options, what fills it, and what it holds when it has more room.
BYTES = ("1m", "head -c 3000000 /dev/zero > big", "8m")
INODES = ("8m,nr_inodes=40", "for n in $(seq 100); do touch $n; done", "8m,nr_inodes=400")


def pack(script: str) -> MemoryPack:
    return MemoryPack(DOCUMENT, {"lock.sh": script.encode()}, sha256(script.encode()).hexdigest())


@pytest.mark.parametrize(("size", "script", "more"), [BYTES, INODES], ids=["bytes", "inodes"])
async def test_a_build_on_a_full_disk_fails_leaves_nothing_and_is_made_when_there_is_space(
    tmp_path: Path, size: str, script: str, more: str
) -> None:
    toolchain = tmp_path / "toolchain"
    toolchain.write_text("1.0")
    with small_disk(tmp_path / "environments", size):
        place = Place(tmp_path, ecosystems={"python": Small(toolchain)})
        too_much = pack(f"{script}; echo x > done")
        for execution in ("e1", "e2"):
            with pytest.raises(InstallFailed):
                await place.environments.prepare(too_much, "own", execution=execution)
            assert "No space left on device" in place.build_log(execution)
            assert not list(place.root.glob("*/READY"))
            assert [list(tree.iterdir()) for tree in place.root.glob("*/tree")] == [[]]
        assert (await place.environments.prepare(pack("echo x > done"), "own", execution="e3")).key, "another one fits"
        grow(tmp_path / "environments", more)
        prepared = await place.environments.prepare(too_much, "own", execution="e4")
        assert (place.root / str(prepared.key) / "tree" / "done").exists()
