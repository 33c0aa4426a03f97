"""Checking `run` and `environment`: what they name must be in the pack, and a file that is started itself must be executable.

Called by `check_actions` and `check_sensors`. Words without a path are programs of the environment or the host; nobody can look for them
here.
"""

import re

from attune_core.catalog.pack_paths import inside_pack
from attune_core.catalog.reading import Reading, ReadProgram
from attune_core.catalog.tree import PROGRAM
from attune_core.expressions.suggestion import suggestion
from attune_core.models.sensor import SensorDocument
from attune_core.problems import Severity

#: First words whose next word is a script's path, unless it is an option.
_INTERPRETERS = re.compile(r"(?:python|pypy)[0-9.]*|node|nodejs|sh|bash|dash|zsh|ksh|ruby|perl|php|Rscript|lua")


def check_program(reading: Reading, program: ReadProgram, folder: str) -> None:
    """Look for the files that the first two words name, relative to the document's folder in the pack."""
    if _say_expressions(reading, program):
        return
    first, *others = program.model.run
    if not first.strip():
        reading.findings.at(
            "ATT161", "the program's name is empty", program.document, ("run", 0), hint="name a program or a file of the pack"
        )
    elif "/" in first and not first.startswith("/"):
        _check_file(reading, program, folder, 0, started=True)
    elif f"packs/{program.pack}/{folder}/{first}" in reading.files:
        message = f"`{first}` is looked for in the environment and on the host, not among the pack's files, where it is too"
        reading.findings.at("ATT189", message, program.document, ("run", 0), hint=f"write ./{first}", severity=Severity.WARNING)
    elif others and _INTERPRETERS.fullmatch(first) and others[0] and not others[0].startswith(("-", "/")):
        _check_file(reading, program, folder, 1, started=False)


def _say_expressions(reading: Reading, program: ReadProgram) -> bool:
    """Refuse expressions in argv, where every user of the host could read their values; tell whether there is one."""
    places = [index for index, word in enumerate(program.model.run) if "${{" in word]
    for index in places:
        where = "give it in `config`" if isinstance(program.model, SensorDocument) else "declare a parameter"
        hint = f"{where}: the program reads its value from the input document"
        reading.findings.at("ATT168", "`run` takes no expressions", program.document, ("run", index), hint=hint)
    return bool(places)


def _check_file(reading: Reading, program: ReadProgram, folder: str, index: int, *, started: bool) -> None:
    word, place = program.model.run[index], ("run", index)
    inside = inside_pack(folder, word)
    if inside is None:
        reading.findings.at("ATT163", f"`{word[:200]}` leads out of the pack", program.document, place, hint="name a file of the pack")
        return
    path = f"packs/{program.pack}/{inside}"
    entry = reading.files.get(path)
    if entry is None:
        here = [name.rpartition("/")[2] for name in reading.layout.packs[program.pack].content if name.startswith(f"{folder}/")]
        hint = suggestion(word.rpartition("/")[2], [name for name in here if not name.endswith(".yaml")])
        reading.findings.at(
            "ATT161", f"there is no file `{path}`", program.document, place, hint=hint or "paths start at the document's folder"
        )
    elif started and entry.mode != PROGRAM:
        hint = f"chmod +x {path}, or start it with its interpreter"
        reading.findings.at("ATT162", f"`{path}` is not executable", program.document, place, hint=hint)


def check_environment(reading: Reading, program: ReadProgram) -> None:
    """Look for the environment that the document names among those of its pack."""
    name, pack = program.model.environment, reading.packs.get(program.pack)
    if name is not None and pack is not None and name not in pack.model.environments:
        hint = suggestion(name, pack.model.environments) or f"declare it in packs/{program.pack}/pack.yaml"
        message = f"the pack `{program.pack}` has no environment `{name}`"
        reading.findings.at("ATT152", message, program.document, ("environment",), hint=hint)
