import pytest

from attune_core.locks.class_path import archives, class_path_mistakes
from attune_core.locks.class_path_manifest import outdated_class_path
from attune_core.locks.mistake import MOST, Mistake

SUM = "1" * 64
GSON = f"{SUM}  com/google/code/gson/gson/2.11.0/gson-2.11.0.jar\n"
NETTY = f"{SUM} *io/netty/netty-epoll/4.1.0.Final/netty-epoll-4.1.0.Final-linux-x86_64.jar\n"
POM = """\
<?xml version="1.0"?>
<!-- what the pack needs -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <properties><netty>4.1.0.Final</netty></properties>
  <dependencies>
    <dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId><version>2.11.0</version></dependency>
    <dependency>
      <groupId>io.netty</groupId>
      <artifactId>netty-epoll</artifactId>
      <version>${netty}</version>
      <classifier>linux-x86_64</classifier>
      <exclusions><exclusion><groupId>x</groupId><artifactId>x</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version><scope>test</scope></dependency>
    <dependency><groupId>${group}</groupId><artifactId>unknown</artifactId></dependency>
  </dependencies>
</project>
"""


def said(raw: str) -> list[str]:
    return [mistake.message for mistake in class_path_mistakes(raw.encode())]


def test_jars_with_their_checksums_are_accepted_and_so_is_no_jar_at_all() -> None:
    assert not said("")
    assert not said(f"# made on a Thursday\n\n{GSON}{NETTY.rstrip()}\r\n")
    assert not said(NETTY + NETTY.replace("-linux-x86_64", ""))
    assert list(archives(GSON + NETTY)) == [
        ("com.google.code.gson", "gson", "2.11.0"),
        ("io.netty", "netty-epoll", "4.1.0.Final"),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("com/google/code/gson/gson/2.11.0/gson-2.11.0.jar", "is not a sha256, white space and a path"),
        (GSON[1:], "is not a sha256, white space and a path"),
        (f" {GSON}", "is not a sha256, white space and a path"),
        (GSON.replace("1", "A"), "is not a sha256, white space and a path"),
        (f"{SUM}  gson-2.11.0.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  gson/2.11.0/gson-2.11.0.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  /com/gson/2.11.0/gson-2.11.0.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  ../com/gson/2.11.0/gson-2.11.0.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  com/gs..on/2/gs..on-2.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  com/gson/2.11.0/gson-2.10.0.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  com/gson/2.11.0/gson-2.11.0.pom", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  https://x.example/gson/2/gson-2.jar", "is no jar in the layout of a Maven repository"),
        (f"{SUM}  com/gson/2-SNAPSHOT/gson-2-SNAPSHOT.jar", "is no release"),
    ],
)
def test_a_line_that_leaves_something_open_is_a_mistake(line: str, why: str) -> None:
    (message,) = said(line)
    assert why in message


def test_every_mistake_has_its_line_and_its_stretch() -> None:
    text = f"{GSON}x\n\n{GSON.replace('2.11.0', '2.12.0')}"
    found = list(class_path_mistakes(text.encode()))
    assert [(mistake.line, text[slice(*mistake.stretch or ())]) for mistake in found] == [(2, "x"), (4, text.splitlines()[3])]
    assert found[1].message.endswith("gson-2.12.0.jar' is on the class path a second time")


def test_a_file_that_is_no_list_is_one_mistake_and_there_are_never_more_than_the_bound() -> None:
    assert list(class_path_mistakes(b"gr\xc3\xbcn")) == [Mistake(message="the file is not ASCII at byte 2")]
    assert [mistake.line for mistake in class_path_mistakes(b"#" * (9 << 20))] == [None]
    assert len(said("x\n" * 1000)) == MOST


def outdated(pom: str, lock: str) -> list[str]:
    return [f"{mistake.line}: {mistake.message}" for mistake in outdated_class_path(pom.encode(), lock.encode())]


def test_a_class_path_that_has_what_the_manifest_asks_for_fits() -> None:
    assert outdated(POM, GSON + NETTY) == []


def test_what_the_manifest_asks_for_otherwise_is_said_at_its_place() -> None:
    assert outdated(POM, GSON.replace("2.11.0", "2.10.1")) == [
        "6: `com.google.code.gson:gson` is `2.11.0` here and `2.10.1` in classpath.lock",
        "9: `io.netty:netty-epoll` is not in classpath.lock",
    ]


@pytest.mark.parametrize("pom", ["", "<project", '<!DOCTYPE p [<!ENTITY a "b">]><project/>', "<project><dependencies/></project>"])
def test_a_manifest_that_asks_for_nothing_or_cannot_be_read_is_not_compared(pom: str) -> None:
    assert outdated(pom, GSON) == []
