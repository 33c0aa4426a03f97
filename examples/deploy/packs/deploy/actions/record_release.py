"""Write a release down as TOML: an ordinary program that reads JSON from stdin and leaves JSON in the file that ATTUNE_RESULT names."""

import json
import os
import platform
import sys

import tomlkit


def main():
    given = json.load(sys.stdin)
    branch = given["ref"].removeprefix("refs/heads/")
    record = tomlkit.document()
    release = tomlkit.table()
    release["repository"] = given["repository"]
    release["branch"] = branch
    release["revision"] = given["revision"]
    release["author"] = given["author"]
    release["commits"] = given["commits"]
    record["release"] = release
    print(f"recording {given['repository']} at {given['revision'][:12]} with Python {platform.python_version()}", file=sys.stderr)
    text = tomlkit.dumps(record)
    print(text)
    result = {"record": text, "branch": branch, "python": platform.python_version(), "tomlkit": tomlkit.__version__}
    with open(os.environ["ATTUNE_RESULT"], "w", encoding="utf-8") as file:
        json.dump(result, file)


main()
