"""A pack that grows with the tests of the contract with an action: each test's action stands beside what the test expects of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attune_core.values import JsonValue
from tests.running import Running, action_document, pack, running_system

NAME = "contract"


class ContractPack:
    """The actions of one test module; all of them run on one system."""

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}
        self._executable: list[str] = []

    def shell(self, name: str, script: str, **keys: JsonValue) -> str:
        """Add an action that is a shell script, and return its reference."""
        return self.action(name, ["sh", f"{name}.sh"], keys, files={f"{name}.sh": script})

    def python(self, name: str, script: str, **keys: JsonValue) -> str:
        """Add an action that is a program of the host's own python3."""
        return self.action(name, ["python3", f"{name}.py"], keys, files={f"{name}.py": script})

    def executable(self, name: str, program: str, **keys: JsonValue) -> str:
        """Add an action that is started as the executable file it is."""
        self._executable.append(f"packs/{NAME}/actions/{name}.program")
        return self.action(name, [f"./{name}.program"], keys, files={f"{name}.program": program})

    def action(
        self, name: str, run: Sequence[str], keys: Mapping[str, JsonValue] | None = None, *, files: Mapping[str, str] | None = None
    ) -> str:
        """Add an action with this argv and the files beside its document."""
        self._documents[f"actions/{name}.yaml"] = action_document("", run=list(run), **(keys or {}))
        for path, text in (files or {}).items():
            self._documents[f"actions/{path}"] = text
        return f"{NAME}.{name}"

    def document(self, path: str, **content: JsonValue) -> None:
        """Add another document of the pack."""
        self.text(path, json.dumps(content))

    def text(self, path: str, content: str) -> None:
        """Add any other file."""
        self._documents[path] = content

    @contextmanager
    def running(self, place: Path) -> Iterator[Running]:
        """Yield the system with everything that the tests have added."""
        with running_system(place, pack(NAME, self._documents), executable=tuple(self._executable), slots=8) as found:
            yield found
