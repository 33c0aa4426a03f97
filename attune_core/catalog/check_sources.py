"""Checking `sources`: compiled ecosystems need them, and every pattern matches files below the lock's folder that the build reads.

Called by `check_packs` for every environment that has a lock file.
"""

from attune_core.catalog.reading import Read, Reading
from attune_core.locks.sources import matching, root_of
from attune_core.locks.table import COMPILED, rules_of
from attune_core.models.pack import EnvironmentDocument, PackDocument


def check_sources(reading: Reading, pack: Read[PackDocument], name: str, environment: EnvironmentDocument, lock: str) -> None:
    """Check one environment; `lock` is its lock file's path in the pack."""
    findings, place = reading.findings, ("environments", name)
    if environment.ecosystem not in COMPILED:
        if environment.sources:
            hint = "remove it; what the pack has beside its documents is there when an action runs"
            message = f"the {environment.ecosystem} ecosystem compiles nothing"
            findings.at("ATT121", message, pack.document, (*place, "sources"), hint=hint)
        return
    if not environment.sources:
        message = f"`sources` is missing: a {environment.ecosystem} environment is made from source files of the pack"
        findings.at("ATT122", message, pack.document, place, hint=f"name them, for example `sources: [{root_of(lock) or 'src'}/**]`")
        return
    folder = f"packs/{pack.name}/"
    paths = [path.removeprefix(folder) for path in reading.files if path.startswith(folder)]
    root = root_of(lock)
    rules = rules_of(environment.ecosystem, lock)
    for index, pattern in enumerate(environment.sources):
        found = matching([pattern], paths)
        outside = next((path for path in found if root and not path.startswith(f"{root}/")), None)
        if not found:
            message, hint = f"no file of the pack matches `{pattern[:80]}`", "patterns start at the pack's root; `**` crosses folders"
        elif outside is not None:
            message = f"`{outside[:80]}` is not below the lock file's folder `{root}`"
            hint = "an environment is built in the folder of its lock file; move one of both"
        else:
            inside = (path.removeprefix(f"{root}/") for path in found)
            if rules and (unread := rules.unread(inside)):
                message, hint = f"`{unread[0][:80]}`: {unread[1]}", "take it out of the patterns, or out of the pack"
                findings.at("ATT127", message, pack.document, (*place, "sources", index), hint=hint)
            continue
        findings.at("ATT126", message, pack.document, (*place, "sources", index), hint=hint)
