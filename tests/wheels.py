"""Directories of wheels as `make wheels` makes them, without a registry: dependencies are packed again from what is installed here.

Used by the test of installed services; the second version differs from the first in its number alone.
"""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from attune_core.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
_LEFT_OUT = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def make_wheels(place: Path, newer: Path, broken: Path, version: str) -> None:
    """Make the directories: of this version, of a newer one with the same dependencies, and of that as one whose services do not start."""
    for folder in (place, newer, broken):
        folder.mkdir()
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    [own] = place.glob("attune-*.whl")
    name = own.name.replace(VERSION, version)
    _renumber(own, newer / name, version)
    _renumber(own, broken / name, version, breaks=("attune_agent/main.py", "attune_controller/main.py"))
    lines = []
    for found in _dependencies():
        wheel = _pack(found, place)
        for folder in (newer, broken):
            os.link(wheel, folder / wheel.name)
        lines.append(_line(found.name, found.version, wheel))
    for folder, number in ((place, VERSION), (newer, version), (broken, version)):
        [wheel] = folder.glob("attune-*.whl")
        (folder / "requirements.txt").write_text("".join([*lines, _line("attune", number, wheel)]))


def _dependencies() -> Iterator[Distribution]:
    names = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE)
    for name in names:
        try:
            yield distribution(name)
        except PackageNotFoundError:  # for another system
            continue


def _pack(found: Distribution, place: Path) -> Path:
    """Make a wheel of an installed distribution; programs that are no entry points go where the format has them."""
    name = re.sub(r"[-_.]+", "_", found.name)
    tags = [line.partition(": ")[2].split("-") for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")]
    tag = "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))
    wheel = place / f"{name}-{found.version}-{tag}.whl"
    scripts = {entry.name for entry in found.entry_points if entry.group in ("console_scripts", "gui_scripts")}
    info = ""
    with zipfile.ZipFile(wheel, "w") as out:
        names = []
        for file in found.files or ():
            inside, source = file.as_posix(), Path(str(found.locate_file(file)))
            if "__pycache__" in inside or file.name in _LEFT_OUT or not source.is_file():
                continue
            if inside.startswith("../"):
                if file.name in scripts:
                    continue
                inside = f"{name}-{found.version}.data/scripts/{file.name}"
            if inside.endswith(".dist-info/METADATA"):
                info = inside.removesuffix("METADATA")
            out.write(source, inside)
            names.append(inside)
        out.writestr(f"{info}RECORD", "".join(f"{one},,\n" for one in [*names, f"{info}RECORD"]))
    return wheel


def _renumber(wheel: Path, into: Path, version: str, *, breaks: Sequence[str] = ()) -> None:
    """Copy our wheel as one of another version; what it breaks ends as soon as it is loaded."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(into, "w") as out:
        names = []
        for item in source.infolist():
            name, content = item.filename.replace(f"attune-{VERSION}.dist-info", f"attune-{version}.dist-info"), source.read(item)
            if name.endswith((".dist-info/METADATA", "attune_core/version.py")):
                content = content.replace(VERSION.encode(), version.encode(), 1)
            if name in breaks:
                content = b"raise SystemExit('broken on purpose')\n"
            if not name.endswith(".dist-info/RECORD"):
                out.writestr(name, content)
                names.append(name)
        record = f"attune-{version}.dist-info/RECORD"
        out.writestr(record, "".join(f"{one},,\n" for one in [*names, record]))


def _line(name: str, version: str, wheel: Path) -> str:
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
