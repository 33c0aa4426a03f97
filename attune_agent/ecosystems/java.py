"""Java: jars of a Maven repository, pinned by a checksum list, and the pack's own sources, compiled by the host's JDK against them.

A line of `table`. No code of a package and no plugin of Maven runs: the jars come by `Fetch.java`, and annotation processors are off.
docs/decisions/0021-java.md.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from attune_agent.ecosystems.compiler_search import Question, find_compiler
from attune_agent.ecosystems.credentials import netrc
from attune_agent.ecosystems.lock_files import lock_and_manifest, refuse_open_lock, refuse_unread_sources
from attune_agent.ecosystems.protocol import Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.environments.probes import programs_named
from attune_agent.preparation_errors import HashMismatch, InstallerUnusable, InstallFailed
from attune_core.locks.class_path import LOCK, archives
from attune_core.models.pack import EnvironmentDocument

#: The variable in the host's `network.environment` that names the repository; without it the host's Maven says which one it uses.
REPOSITORY = "MAVEN_REPOSITORY"

_VERSION = re.compile(r"javac ([0-9]+(?:\.[0-9]+)*)", re.ASCII)
_FETCH = Path(__file__).with_name("Fetch.java")
#: For programs that are over in a second: half the work.
_BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"

#: Argument: Maven. Prints the repository it would download from. In a project that is only a name it runs no plugin, but says what it made
#: of its settings, mirrors included; those of a user are not read.
_REPOSITORY = """\
cd "$HOME"
echo '<settings/>' > settings.xml
echo '<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version>' > pom.xml
echo '<packaging>pom</packaging></project>' >> pom.xml
"$1" --batch-mode --debug --offline --settings settings.xml "-Dmaven.repo.local=$HOME/repository" validate > said 2>&1 ||
  { tail -n 3 said; exit 1; }
sed -n 's/.*Repositories (dependencies): \\[[^(]*(\\([^,)]*\\),.*/\\1/p' said
"""

#: $1 the JDK, $2 the folder with lock and sources, $3 the program that fetches, $4 its cache. `class-path` is read by java and javac with
#: `@`. A file that is no Java is a resource; its place on the class path begins below the usual folders of sources.
_INSTALL = """\
mkdir bin classes
ln -s -- "$1/bin/java" bin/java
printf '%s' "$3" > Fetch.java
"$1/bin/java" $BRIEF -Djdk.http.auth.tunneling.disabledSchemes= Fetch.java "$2/classpath.lock" "$4"
find "$2" -name '*.java' -exec printf '"%s"\\n' '{}' + > sources
[ ! -s sources ] || "$1/bin/javac" -J-XX:-UsePerfData -encoding UTF-8 -proc:none -d classes @class-path @sources
tree=$PWD
cd -- "$2"
find . -type f ! -name '*.java' ! -path ./classpath.lock | while IFS= read -r file; do
  case $file in
    ./src/main/java/* | ./src/main/resources/*) place=${file#./src/main/*/} ;;
    *) place=${file#./src/} ;;
  esac
  mkdir -p -- "$tree/classes/$(dirname -- "$place")"
  cp -- "$file" "$tree/classes/$place"
done
"""

#: Arguments: tree, version, lock. Prints what is wrong.
_HEALTH = """\
cd -- "$1"
said=$(bin/java -XX:-UsePerfData @class-path --version) || { echo "java does not run"; exit 1; }
case $said in *" $2"[!0-9.]*) ;; *) echo "java is not $2"; exit 1 ;; esac
[ ! -s sources ] || [ -n "$(find classes -name '*.class')" ] || { echo "there is no class"; exit 1; }
grep '^[0-9a-f]' "$3" > "$HOME/wanted" || exit 0
mkdir -p lib && cd lib
sha256sum --check --strict --quiet "$HOME/wanted" 2>&1
"""


class Java:
    """Java programs with jars from a Maven repository."""

    recipe = 1

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return the checksum list; the pom.xml beside it is for people and the locker."""
        return lock_and_manifest(document)

    def check(self, wanted: Wanted) -> None:
        """Refuse a jar without sha256, a snapshot, what is no path of a repository, a source whose name is more than that to javac."""
        refuse_open_lock(wanted.document, wanted.files)
        refuse_unread_sources(wanted)

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:
        """Find a JDK, and Maven where it must say which repository to use."""
        question = Question(name="javac", arguments=("-J-XX:-UsePerfData", "--version"), version=_VERSION, env=host.base_environment())
        javac = await find_compiler(question, (wanted.document.interpreter, ">=11"), host)  # older ones run no source file
        home = Path(javac.program).resolve().parents[1]
        maven = "" if REPOSITORY in host.network or not _is_something_locked(wanted) else _find_maven(host)
        return Toolchain(
            versions={"java": javac.version, "java_at": str(home)}, programs={"jdk": str(home), "maven": maven}, stamps=(javac.stamp,)
        )

    async def install(self, build: Build) -> None:
        """Fetch exactly the lock, and compile."""
        jdk, maven = build.toolchain.programs["jdk"], build.toolchain.programs["maven"]
        env = {**(await _ask_maven(build, maven) if maven else {}), **_installer_environment(build.host)}
        argv = ("sh", "-euc", _INSTALL, "install", jdk, str(build.declared), _FETCH.read_text(), str(build.host.cache / "maven"))
        outcome = await build.run.install(argv, env, home=netrc(build.credentials))
        if not outcome.succeeded:
            if b"the checksum is " in outcome.answer:
                raise HashMismatch(f"a jar is not the one whose checksum stands in {LOCK}")
            raise InstallFailed(f"what {LOCK} and `sources` hold could not be fetched and compiled ({outcome.describe()})")

    async def unhealthy(self, build: Build) -> str | None:
        """Ask the environment's own java for its version, and the jars for their checksums."""
        argv = ("sh", "-eus", str(build.tree), build.toolchain.versions["java"], str(build.declared / LOCK))
        outcome = await build.run.check(argv, build.host.base_environment(), _HEALTH)
        return outcome.complaint()

    def activation(self, tree: Path) -> Activation:
        """Return the chosen java and its class path; nothing of it is left in a folder that all users share."""
        return Activation(path=(tree / "bin",), arguments={"java": ("-XX:-UsePerfData", f"@{tree}/class-path")})


def _is_something_locked(wanted: Wanted) -> bool:
    return any(archives(wanted.files[LOCK].decode("ascii")))


def _find_maven(host: HostTools) -> str:
    maven = next(programs_named("mvn", host.path), None)
    if maven is None:
        hint = f"install Maven, or name the repository: `network: {{environment: {{{REPOSITORY}: https://…}}}}` in agent.yaml"
        raise InstallerUnusable(f"no mvn in {':'.join(host.path)} to say which repository this host uses", hint=hint)
    return maven


async def _ask_maven(build: Build, maven: str) -> dict[str, str]:
    env = {**build.host.base_environment(), "JAVA_HOME": build.toolchain.programs["jdk"], "MAVEN_OPTS": _BRIEF, "MAVEN_SKIP_RC": "1"}
    outcome = await build.run.check(("sh", "-eus", maven), env, _REPOSITORY)
    addresses = outcome.answer.decode("utf-8", "replace").split()
    if not outcome.succeeded or not addresses:
        raise InstallFailed(f"{maven} does not say which repository it uses ({outcome.describe()})")
    return {REPOSITORY: addresses[0]}


def _installer_environment(host: HostTools) -> dict[str, str]:
    trust = {"SSL_CERT_FILE": host.ca_file} if host.ca_file else {}
    return {**host.network, **trust, **host.base_environment(), "BRIEF": _BRIEF}
