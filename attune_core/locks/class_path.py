"""Whether a class path file pins every archive of a Maven repository with its sha256, and asks for nothing else; pure.

Called by the catalog for every java environment and by agents before anything runs. The format is that of `sha256sum`: a line is a digest,
white space, and the path of a jar in the layout of Maven repositories; the order of the lines is the order of the class path.
"""

import re
from collections.abc import Iterator
from itertools import islice

from attune_core.locks.mistake import MOST, SIZE, Mistake

#: The names of the lock file and of the manifest beside it.
LOCK, MANIFEST = "classpath.lock", "pom.xml"
#: Sources whose names javac would read as more than names in its list of files, and so as options: an annotation processor's, for one.
UNREAD = {f"**/*{sign}*/**": "a name with a quote or a line break has no place in javac's list of files" for sign in ('"', "\n", "\r")}

#: Makes the lock file $1 from the manifest beside it; for the author's machine, where Maven's plugins may run. The jars of the run time are
#: copied as a repository has them, and named in the order of Maven's class path.
LOCKER = """\
# mvn dependency:build-classpath dependency:copy-dependencies
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
made=$(mktemp -d)
trap 'rm -rf -- "$made"' EXIT
mvn -B -q -f pom.xml "$plugin:build-classpath" "$plugin:copy-dependencies" -DincludeScope=runtime \
  "-Dmdep.outputFile=$made/class-path" -Dmdep.pathSeparator=: -Dmdep.localRepoProperty=REPOSITORY \
  -Dmdep.useRepositoryLayout=true "-DoutputDirectory=$made"
here=$PWD
cd "$made"
tr : '\\n' < class-path | sed 's|^REPOSITORY/||' | xargs -r sha256sum -- > lock
mv -- lock "$here/$1"
"""

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})[ \t]+\*?(?P<path>[^\s]{1,1000})", re.ASCII)
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}"
_PATH = re.compile(
    rf"(?P<group>(?:{_NAME}/){{1,20}})(?P<artifact>{_NAME})/(?P<version>{_NAME})/(?P=artifact)-(?P=version)(?P<classifier>-{_NAME})?\.jar",
    re.ASCII,
)


def class_path_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every line that is no hashed jar of a release, or names one a second time, in the file's order and at most `MOST`."""
    if len(raw) > SIZE:
        yield Mistake(message=f"the file has more than {SIZE >> 20} MiB")
        return
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError as error:
        yield Mistake(message=f"the file is not ASCII at byte {error.start}")
        return
    yield from islice(_line_mistakes(text), MOST)


def archives(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield group, artifact and version of every jar that a class path file names."""
    for line in text.splitlines():
        found = _LINE.fullmatch(line.rstrip())
        if path := _PATH.fullmatch(found["path"]) if found else None:
            yield path["group"].rstrip("/").replace("/", "."), path["artifact"], path["version"]


def _line_mistakes(text: str) -> Iterator[Mistake]:
    seen: set[tuple[str | None, ...]] = set()
    start = 0
    for number, whole in enumerate(text.splitlines(keepends=True), 1):
        line = whole.rstrip()
        if line and not line.startswith("#") and (reason := _wrong(line, seen)):
            yield Mistake(message=f"{line[-120:]!r} {reason}", line=number, stretch=(start, start + len(line)))
        start += len(whole)


def _wrong(line: str, seen: set[tuple[str | None, ...]]) -> str | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return "is not a sha256, white space and a path, as `sha256sum` writes them"
    path = _PATH.fullmatch(found["path"])
    if path is None or ".." in found["path"]:
        return "is no jar in the layout of a Maven repository: group/artifact/version/artifact-version.jar"
    if path["version"].endswith("SNAPSHOT"):
        return "is no release; what a snapshot holds changes"
    one = path.group("group", "artifact", "classifier")
    if one in seen:
        return "is on the class path a second time"
    seen.add(one)
    return None
