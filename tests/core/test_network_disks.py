"""A state directory on a network file system is told from one on a disk."""

from pathlib import Path

import pytest

from attune_core.network_disks import network_disk

MOUNTS = r"""
22 28 0:21 / /proc rw shared:12 - proc proc rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 28 0:44 / /srv rw,relatime shared:2 - nfs4 filer:/export rw,vers=4.2
41 40 254:2 / /srv/local rw shared:3 - xfs /dev/vdb rw
42 28 0:45 / /mnt/with\040space rw shared:4 - fuse.sshfs host: rw
43 28 0:46 / /over rw - overlay overlay rw
44 28 0:47 / /twice rw - ext4 /dev/vdc rw
45 44 0:48 / /twice rw - cifs //host/share rw
""".strip()


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib/attune", ""),
        ("/srv/attune", "nfs4"),
        ("/srv/local/attune", ""),
        ("/srvx", ""),
        ("/mnt/with space/a", "fuse.sshfs"),
        ("/over/attune", ""),
        ("/twice", "cifs"),
    ],
)
def test_the_longest_mount_point_decides_and_the_later_of_two(place: str, kind: str) -> None:
    assert network_disk(Path(place), MOUNTS) == kind


def test_this_machine_s_own_table_is_read(tmp_path: Path) -> None:
    assert network_disk(tmp_path) == ""
