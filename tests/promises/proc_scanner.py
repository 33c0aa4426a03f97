"""Reads every process's command line, environment and mapped files' names, as whoever runs it, until told to stop; for promise 5.

Needs nothing but a plain python3. First line of standard input: regular expressions to look for, as a JSON list. Prints a JSON line for
each find and, at the end, `{"rounds": N}`; for each further line of input it says `looked` after a round that began later.
"""

import json
import os
import re
import select
import sys
from pathlib import Path


def main() -> None:
    """Scan until standard input is closed."""
    wanted = re.compile("|".join(json.loads(sys.stdin.readline())).encode())
    seen, rounds, own, asked = set(), 0, str(os.getpid()), False
    say("scanning")
    while True:
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and process.name != own:
                for what in ("cmdline", "environ", "maps"):
                    find = search(process / what, wanted)
                    if find and (process.name, what, find) not in seen:
                        seen.add((process.name, what, find))
                        say(json.dumps({"process": process.name, "what": what, "find": find}))
        rounds += 1
        if asked:
            say("looked")
        asked = bool(select.select([sys.stdin], [], [], 0.005)[0])
        if asked and not sys.stdin.readline():
            break
    say(json.dumps({"rounds": rounds}))


def search(path: Path, wanted: "re.Pattern[bytes]") -> str:
    """Return what was found in a file that may not be ours to read, or may be gone."""
    try:
        found = wanted.search(path.read_bytes())
    except OSError:
        return ""
    return found[0].decode(errors="replace") if found else ""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


main()
