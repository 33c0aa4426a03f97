"""A new action or sensor from a language's template: document, program, and the pack and environment around it if they are missing.

Called by `attune action new` and `attune sensor new`. Nothing that exists is overwritten; what is written validates clean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

from attune_cli.action_types import types_path, types_text
from attune_cli.errors import ActionExists, SensorExists
from attune_cli.languages import LANGUAGES, Language
from attune_cli.local.locking import lock, lockings_of
from attune_cli.pack_repository import repository_root
from attune_cli.working_pack import WorkingPack, working_pack
from attune_cli.written import rewrite
from attune_core.catalog.edits import Edits
from attune_core.errors import AttuneError
from attune_core.shipped import shipped

_PACK = """\
# yaml-language-server: $schema=../../.attune/schemas/pack.json
name: {pack}
version: 1.0.0
description: Write here what the pack is for
"""


@dataclass(kw_only=True)
class Made:
    """What was done: paths in the repository that were written, those of the template that were there already, the environment's name."""

    root: Path
    environment: str | None = None
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    #: Why the environment's lock file could not be made; empty when it is there.
    unlocked: str = ""

    def wrote(self, path: Path) -> None:
        """Remember a file, once."""
        if (place := path.relative_to(self.root).as_posix()) not in self.written:
            self.written.append(place)


def new_action(repository: Path, pack: str, name: str, language: str) -> Made:
    """Write an action and its types; `ActionExists` before anything is touched."""
    made, folder = _begin(repository, pack, f"actions/{name}.yaml", ActionExists)
    chosen, words = LANGUAGES[language], {"ACTION_NAME": name, "CLASS_NAME": "".join(word.capitalize() for word in name.split("_"))}
    _fill(made, working_pack(repository, pack), chosen, _templates("action-templates", language), words)
    if chosen.types:
        action = working_pack(repository, pack).action(name)
        _write(made, types_path(folder / "actions", name, chosen.types), types_text(f"{pack}.{name}", action, chosen.types))
    return made


def new_sensor(repository: Path, pack: str, name: str, language: str) -> Made:
    """Write a sensor and the trigger that it emits; `SensorExists` before anything is touched.

    What its environment needs is as for an action of the language.
    """
    made, _ = _begin(repository, pack, f"sensors/{name}.yaml", SensorExists)
    own = _templates("sensor-templates", language)
    around = {place: source for place, source in _templates("action-templates", language).items() if "_NAME" not in place}
    _fill(made, working_pack(repository, pack), LANGUAGES[language], {**around, **own}, {"SENSOR_NAME": name})
    return made


def _begin(repository: Path, pack: str, document: str, exists: type[AttuneError]) -> tuple[Made, Path]:
    """Refuse what is there, and see to it that there is the pack."""
    made = Made(root=repository_root(repository))
    folder = made.root / "packs" / pack
    if (folder / document).exists():
        raise exists(f"packs/{pack}/{document} is there already")
    if not (folder / "pack.yaml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(made, folder / "pack.yaml", _PACK.format(pack=pack))
    return made, folder


def _templates(folder: str, language: str) -> dict[str, Path]:
    """Return a template's files by their place in a pack."""
    root = shipped(folder) / language
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}


def _fill(made: Made, pack: WorkingPack, chosen: Language, files: Mapping[str, Path], words: Mapping[str, str]) -> None:
    """Write the files, with the environment that they run in."""
    made.environment = _environment(made, pack, chosen)
    whole = {**words, "PACK_NAME": pack.name, "ENVIRONMENT_NAME": made.environment or ""}
    for place, source in files.items():
        _copy(made, source, pack.folder / _filled(place, whole), whole)
    _lock(made, working_pack(made.root, pack.name))


def _environment(made: Made, pack: WorkingPack, language: Language) -> str | None:
    """Return the environment to run in: one of the pack's that serves, else a new one in its document."""
    if language.environment is None:
        return None
    for name, one in pack.model.environments.items():
        if one.ecosystem == language.ecosystem and (not language.exact or one.interpreter == language.environment["interpreter"]):
            return name
    free = (f"{language.ecosystem}{number}" for number in count(2))
    name = next(name for name in (language.ecosystem, *islice(free, len(pack.model.environments))) if name not in pack.model.environments)
    edits = Edits(pack.document)
    if pack.document.at(("environments",)) is not None:
        edits.add_key(("environments",), name, language.environment)
    else:
        edits.add_section((), "environments", {name: language.environment})
    path = pack.folder / "pack.yaml"
    rewrite(path, edits.text().encode())
    made.wrote(path)
    return name


def _lock(made: Made, pack: WorkingPack) -> None:
    """Have the lock file made by the ecosystem's locker where there is none; the action is there all the same."""
    lock_path = pack.model.environments[made.environment].lock if made.environment else None
    if lock_path is None or (pack.folder / lock_path).exists():
        return
    try:
        for locking in lockings_of(pack, made.environment):
            lock(locking)
            made.wrote(locking.path)
    except AttuneError as error:
        made.unlocked = error.message


def _copy(made: Made, source: Path, target: Path, words: Mapping[str, str]) -> None:
    if target.exists():
        made.kept.append(target.relative_to(made.root).as_posix())
        return
    _write(made, target, _filled(source.read_text(encoding="utf-8"), words))
    target.chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)


def _write(made: Made, path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rewrite(path, text.encode())
    made.wrote(path)


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
