"""Python: a virtual environment on an interpreter of the host, filled by uv from a lock file with hashes, of any of three forms.

A line of `table`. Wheels only: building a source distribution would run code of packages that no hash in the lock covers.
"""

from collections.abc import Sequence
from pathlib import Path

from attune_agent.ecosystems.credentials import netrc
from attune_agent.ecosystems.lock_files import lock_and_manifest, refuse_open_lock
from attune_agent.ecosystems.protocol import Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.ecosystems.python_search import find_interpreter
from attune_agent.ecosystems.uv_program import usable_uv
from attune_agent.preparation_errors import HashMismatch, InstallFailed
from attune_core.locks.project_manifest import required_python
from attune_core.locks.pylock import LOCK as PYLOCK
from attune_core.locks.uv_lock import LOCK as UV_LOCK
from attune_core.models.pack import EnvironmentDocument

#: $1 uv, $2 the host's interpreter, $3 the lock; a uv.lock becomes a requirements file with its hashes, without resolving anything. Copies,
#: because links would share files with the cache and so with other environments. What is installed is then compiled by an interpreter that
#: never looks into `site-packages`: a `.pth` file of a package is code, and would run as the build user.
_INSTALL = """\
"$1" venv --no-config --no-project --no-python-downloads --python "$2" .
case $3 in
  */uv.lock)
    "$1" export --no-config --no-python-downloads --python ./bin/python --project "${3%/*}" --frozen --no-default-groups \
      --no-emit-project --no-header --quiet --format requirements.txt --output-file requirements.txt
    set -- "$1" "$2" requirements.txt ;;
esac
"$1" pip sync --no-config --no-python-downloads --python ./bin/python --require-hashes --no-build --link-mode copy \
  --allow-empty-requirements "$3"
"$2" -I -S -m compileall -qq -j 0 "$PWD/lib" || :  # a file for another Python is none of ours
"""

#: Arguments: tree, version, requirements file or pylock.toml. Prints what is wrong. Sizes come from each package's RECORD; names that have
#: a marker may be absent.
_HEALTH = """\
import glob, importlib.metadata, os, re, sys
tree, version, lock = sys.argv[1:]
def wrong(what):
    print(what)
    raise SystemExit(1)
if os.path.realpath(tree + "/bin/python") != os.path.realpath(sys.executable):
    wrong("bin/python is another program than " + sys.executable)
if "%d.%d.%d" % sys.version_info[:3] != version:
    wrong("python is " + sys.version.split()[0] + ", not " + version)
plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
installed = set()
for package in importlib.metadata.distributions(path=glob.glob(tree + "/lib/*/site-packages")):
    name = package.metadata["Name"]
    installed.add(plain(name))
    if not package.files:
        wrong(name + " has no list of its files")
    for file in package.files:
        if file.size is not None and (not file.locate().is_file() or file.locate().stat().st_size != file.size):
            wrong("%s: %s is missing or cut off" % (name, file))
text = open(lock, encoding="utf-8").read()
if lock.endswith(".toml"):
    packages = re.split(r"(?m)^\\[\\[packages\\]\\]", text)[1:]
    locked = [re.search(r'(?m)^name = "(.*)"', one) for one in packages if not re.search("(?m)^(marker|requires-python) =", one)]
else:
    locked = [re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\\[[^]]*\\])?\\s*==", line) for line in text.splitlines() if ";" not in line]
for found in locked:
    if found and plain(found[1]) not in installed:
        wrong(found[1] + " is not installed")
"""


class Python:
    """Python packages from a registry."""

    recipe = 1

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return the lock, and the pyproject.toml beside a uv.lock."""
        return lock_and_manifest(document)

    def check(self, wanted: Wanted) -> None:
        """Refuse a requirement without version and hash, an option, a URL."""
        refuse_open_lock(wanted.document, wanted.files)

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:
        """Find interpreter and uv."""
        lock = _lock(wanted)
        ranges = (wanted.document.interpreter, required_python(wanted.files[lock]) if lock in (PYLOCK, UV_LOCK) else None)
        python = await find_interpreter(ranges, host)
        uv = await usable_uv(host)
        return Toolchain(
            versions={"python": python.version, "python_build": python.build, "python_at": python.executable, "uv": uv.version},
            programs={"python": python.executable, "uv": uv.program},
            stamps=(*python.stamps, uv.stamp),
        )

    async def install(self, build: Build) -> None:
        """Make the virtual environment and install the lock into it, without resolving anything."""
        programs = build.toolchain.programs
        lock = _lock(build.wanted)
        argv = ("sh", "-euc", _INSTALL, "install", programs["uv"], programs["python"], str(build.declared / lock))
        outcome = await build.run.install(argv, _installer_environment(build.host), home=netrc(build.credentials))
        if not outcome.succeeded:
            if b"Hash mismatch" in outcome.answer:
                raise HashMismatch(f"a package is not the one whose hash stands in {lock}")
            raise InstallFailed(f"uv could not install {lock} ({outcome.describe()})")

    async def unhealthy(self, build: Build) -> str | None:
        """Ask the host's interpreter whether every file of every package is there."""
        lock = _lock(build.wanted)
        installed = build.tree / "requirements.txt" if lock == UV_LOCK else build.declared / lock
        python, version = build.toolchain.programs["python"], build.toolchain.versions["python"]
        argv = (python, "-I", "-S", "-", str(build.tree), version, str(installed))
        outcome = await build.run.check(argv, build.host.base_environment(), _HEALTH)
        return outcome.complaint()

    def activation(self, tree: Path) -> Activation:
        """Return the folder with `python` and the packages' programs."""
        return Activation(path=(tree / "bin",))


def _lock(wanted: Wanted) -> str:
    return next(iter(wanted.files))


def _installer_environment(host: HostTools) -> dict[str, str]:
    trust = {"SSL_CERT_FILE": host.ca_file} if host.ca_file else {}
    # Ours come last: the host may say where packages come from, not how they are installed.
    return {
        **host.network,
        **trust,
        **host.base_environment(),
        "UV_CACHE_DIR": str(host.cache / "uv"),
        "UV_NO_PROGRESS": "1",
        "UV_PREVIEW_FEATURES": "pylock",
    }
