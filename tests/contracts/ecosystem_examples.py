"""An environment of every ecosystem that installs something: its lock made by the real locker, and how a build of it is seen from outside.

`test_ecosystems` runs the same tests over each; a new ecosystem adds one here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.agent.environments.places import SYSTEM_PATH, go_cache, go_files, java_lock, node_lock, path_with, python_lock, rust_files

GO_MOD = "module example.net/probe\n\ngo 1.19\n\nrequire golang.org/x/mod v0.8.0\n"
GO_MAIN = """\
package main

import (
	"syscall"

	"golang.org/x/mod/semver"
)

func main() { syscall.Write(1, []byte(`["`+semver.Canonical("v1.4")+`"]`)) }
"""
JAVA_MAIN = b"""\
package web;

import com.google.gson.Gson;

public class Main {
    public static void main(String[] words) throws Exception {
        byte[] text = Main.class.getResourceAsStream("/text.txt").readAllBytes();
        System.out.println(new Gson().toJson(new String[] {new String(text), words[0]}));
    }
}
"""
#: Says where it could write, and whether there is a network (two lines of /proc/net/dev are its head, one is the loopback's).
BUILD_RS = b"""
use std::{fs, net::TcpStream, path::Path};
fn main() {
    let own = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let all = Path::new(&own).ancestors().nth(2).unwrap();
    let mut places = vec![".cache".to_string()];
    for entry in fs::read_dir(all).unwrap() {
        places.push(format!("{}/tree", entry.unwrap().file_name().to_str().unwrap()));
    }
    places.retain(|place| fs::write(all.join(place).join("was-here"), "x").is_ok());
    let network = fs::read_to_string("/proc/net/dev").unwrap();
    if network.lines().count() > 3 || TcpStream::connect("1.1.1.1:53").is_ok() {
        places.push("network".to_string());
    }
    println!("cargo:rustc-env=REACHED={}", places.join(" "));
}
"""
CARGO_TOML = """\
[package]
name = "probe"
version = "1.0.0"
edition = "2021"

[dependencies]
itoa = "1.0.11"
"""
RUST_MAIN = """\
fn main() {
    print!("[{}]", itoa::Buffer::new().format(14));
}
"""


@dataclass(frozen=True)
class Example:
    """An environment of an ecosystem that installs something, and how a build of it is seen from outside."""

    ecosystem: str
    document: Mapping[str, object]
    files: Mapping[str, bytes]
    proof: tuple[str, ...]  # prints JSON: versions of what was installed
    proven: object
    moments: tuple[str, ...]  # globs in the tree, in the order in which a build makes them
    longer: Mapping[str, bytes] = field(default_factory=dict)  # instead of these files: a build that takes long enough to be killed
    path: tuple[str, ...] = SYSTEM_PATH
    change: tuple[bytes, bytes] = (b"", b"")  # of a source line, and what the action prints afterwards
    changed: object = None
    cache: Path | None = None  # what builds before it left in the installers' cache; not for builds that are killed


def make_examples(folder: Callable[[str], Path], rust_path: tuple[str, ...]) -> Mapping[str, Example]:
    """Lock them in folders of their own."""
    small = ("tomli==2.0.1", "six==1.16.0")
    lock, longer = python_lock(folder("python"), *small), python_lock(folder("longer"), "rich==13.9.4", *small)
    files = node_lock(folder("node"), '{"is-odd": "3.0.1", "left-pad": "1.3.0"}')
    go = folder("go")
    modules = 'console.log(JSON.stringify([require("is-odd")(3), require("left-pad")("x", 3)]))'
    return {
        "python": Example(
            "python",
            {"environments": {"own": {"ecosystem": "python", "interpreter": ">=3.9", "lock": "requirements.lock"}}},
            {"requirements.lock": lock},
            ("python", "-c", "import json, six, tomli; print(json.dumps([six.__version__, tomli.loads('a = 2')]))"),
            ["1.16.0", {"a": 2}],
            ("bin/python", "lib/*/site-packages/*.dist-info", "lib/*/site-packages/rich/__pycache__"),
            longer={"requirements.lock": longer},
        ),
        "node": Example(
            "node",
            {"environments": {"own": {"ecosystem": "node", "interpreter": ">=18", "lock": "js/package-lock.json"}}},
            {f"js/{name}": content for name, content in files.items()},
            ("node", "-e", modules),
            [True, "  x"],
            ("package-lock.json", "node_modules/*", "node_modules/.package-lock.json"),
        ),
        "go": Example(
            "go",
            {"environments": {"own": {"ecosystem": "go", "interpreter": ">=1.19", "lock": "go/go.sum", "sources": ["go/**/*.go"]}}},
            {f"go/{name}": content for name, content in go_files(go, GO_MOD, main=GO_MAIN).items()},
            ("probe",),
            ["v1.4.0"],
            ("work", "work/go-build*", "bin/probe"),
            path=path_with("go"),
            change=(b"v1.4", b"v1.5"),
            changed=["v1.5.0"],
            cache=go_cache(go, folder("cache")),
        ),
        "rust": Example(
            "rust",
            {
                "environments": {
                    "own": {"ecosystem": "rust", "interpreter": ">=1.70", "lock": "rust/Cargo.lock", "sources": ["rust/src/**"]}
                }
            },
            {f"rust/{name}": text for name, text in rust_files(folder("rust"), CARGO_TOML, RUST_MAIN).items()},
            ("probe",),
            [14],
            ("work/cargo", "work/target/release/deps/*itoa*", "bin/probe"),
            path=rust_path,
            change=(b"14", b"15"),
            changed=[15],
        ),
        "java": Example(
            "java",
            {
                "environments": {
                    "own": {"ecosystem": "java", "interpreter": ">=11", "lock": "jvm/classpath.lock", "sources": ["jvm/src/**"]}
                }
            },
            {
                "jvm/classpath.lock": java_lock(folder("java"), "com.google.code.gson:gson:2.11.0"),
                "jvm/src/main/java/web/Main.java": JAVA_MAIN,
                "jvm/src/main/resources/text.txt": b"a resource",
            },
            ("java", "web.Main", "a word"),
            ["a resource", "a word"],
            ("Fetch.java", "class-path", "sources"),
            change=(b"words[0]", b"words[0] + 1"),
            changed=["a resource", "a word1"],
        ),
    }
