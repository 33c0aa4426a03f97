"""A host of its own, booted by systemd in namespaces over this machine's root; what is written there is gone with it.

Its root is an overlay whose upper layer is a tmpfs, its network is its own loopback. Used by the tests of installed services; `reason`
says why a machine cannot.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import wait_until

SYSTEMD = Path("/lib/systemd/systemd")
#: Where a folder of the test's own is seen in the host.
SHARED = Path("/srv/attune")
_TOOLS = ("unshare", "nsenter", "systemctl", "useradd", "ip")

#: Run by sh as the first process of the namespaces: $1 an empty folder, $2 the test's own folder.
_BOOT = """
set -eu
MASKED="systemd-sysctl.service systemd-modules-load.service systemd-remount-fs.service systemd-tmpfiles-setup.service
    systemd-tmpfiles-setup-dev.service systemd-sysusers.service systemd-update-utmp.service systemd-journal-flush.service
    systemd-udevd.service systemd-udev-trigger.service systemd-random-seed.service systemd-binfmt.service systemd-firstboot.service
    systemd-machine-id-commit.service systemd-hwdb-update.service kmod-static-nodes.service ldconfig.service
    systemd-ask-password-console.path systemd-ask-password-wall.path proc-sys-fs-binfmt_misc.automount
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
    sys-fs-fuse-connections.mount local-fs.target swap.target
    modprobe@.service"
mount --make-rprivate /
mount -t tmpfs -o mode=755 upper "$1"
mkdir "$1/up" "$1/work" "$1/root"
root="$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" overlay "$root"
mkdir -p "$root/srv/attune"
mount --bind "$2" "$root/srv/attune"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
for device in null zero full random urandom tty; do : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
: > "$root/dev/console"; mount --bind /dev/null "$root/dev/console"
ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
else
    mount -t tmpfs -o mode=755 cgroups "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
ip link set lo up
printf '127.0.0.1 localhost attune.example.org\\n' > "$root/etc/hosts"
printf '%s\\n' 00000000000000000000000000000001 > "$root/etc/machine-id"
mkdir -p "$root/run/systemd/system"
printf '[Unit]\\nRequires=dbus.service systemd-journald.service\\nAfter=dbus.service systemd-journald.service\\nAllowIsolate=yes\\n' \\
    > "$root/run/systemd/system/test.target"
for unit in $MASKED; do ln -s /dev/null "$root/run/systemd/system/$unit"; done
ln -s test.target "$root/run/systemd/system/network-online.target"
exec env -i container=attune-test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd --system --unit=test.target
"""


def reason() -> str:
    """Return why no host can be booted here; empty: one can."""
    if os.geteuid() != 0:
        return "needs root: mount and pid namespaces of its own"
    if not SYSTEMD.exists():
        return "needs systemd: its program is not here"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "needs mount, pid, network and cgroup namespaces, which this container refuses"


@dataclass(frozen=True)
class Host:
    """A host that has booted."""

    pid: int
    shared: Path

    def run(self, command: str, *, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a shell's command there as root, in the folder that is shared."""
        entered = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root"]
        there = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
        return subprocess.run(
            [*entered, "--", *there, "sh", "-c", f"cd {SHARED}; {command}"],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def must(self, command: str, *, stdin: str = "") -> str:
        """Run a command that succeeds, and return what it prints."""
        done = self.run(command, stdin=stdin)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}\n{self.run('journalctl --no-pager --lines 40').stdout}"
        return done.stdout


@contextmanager
def booted(place: Path) -> Iterator[Host]:
    """Boot a host and end it with everything that runs there; `place` holds its root, and its folder `shared` is seen in it."""
    shared, top = place / "shared", place / "top"
    for folder in (shared, top):
        folder.mkdir(exist_ok=True)
    group = _own_group()
    flags = ["--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup"]
    with (place / "boot.log").open("wb") as log:
        unshare = subprocess.Popen(
            [
                "sh",
                "-c",
                f'echo $$ > "{group}/cgroup.procs" && exec unshare {" ".join(flags)} sh -c "$0" boot "$1" "$2"',
                _BOOT,
                str(top),
                str(shared),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
        wait_until(lambda: bool(children.read_text().split()) or unshare.poll() is not None, what="the first process")
        assert unshare.poll() is None, (place / "boot.log").read_text()
        host = Host(int(children.read_text().split()[0]), shared)
        wait_until(lambda: host.run("systemctl is-active test.target").stdout == "active\n", timeout=30, what="the boot")
        yield host
    finally:
        unshare.send_signal(signal.SIGKILL)
        unshare.wait()
        wait_until(lambda: not any(procs.read_text() for procs in group.rglob("cgroup.procs")), what="the end of the host")
        _remove_groups(group)


def _own_group() -> Path:
    """Make the cgroup that is the root of the host's."""
    version_2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    group = Path("/sys/fs/cgroup") / ("" if version_2 else "systemd") / f"attune-test-{os.getpid()}"
    group.mkdir()
    return group


def _remove_groups(group: Path) -> None:
    for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    group.rmdir()
