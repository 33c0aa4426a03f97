"""Whether a directory lies on a network file system, where neither locks nor syncs can be relied on (reliability.md row 41).

Called by both programs before they touch their state directory; the kernel's own table of mounts says it.
"""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_KINDS = re.compile(r"nfs4?|cifs|smb3|smbfs|ceph|9p|afs|lustre|gpfs|glusterfs|ocfs2|gfs2|fuse\.(sshfs|glusterfs|ceph|s3fs|rclone|gcsfuse)")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_disk(place: Path, mounts: str | None = None) -> str:
    """Return the kind of network file system that a place lies on, empty for a disk of this host; `mounts` is the table, for tests."""
    if mounts is None:
        try:
            mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""  # no /proc: nobody can tell
    place = place.resolve()
    found = ""
    longest = -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4]))
        if place.is_relative_to(point) and len(point.parts) >= longest:  # of two on one point the later one is seen
            longest, found = len(point.parts), after.split(" ")[0]
    return found if _KINDS.fullmatch(found) else ""
