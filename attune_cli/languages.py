"""The literal table of languages that `attune action new` has a template for: the environment it declares and what types it gets.

Sensors have templates in some of them. Read by `new_program` and `action_types`; the files stand in action-templates/<language>/ and
sensor-templates/<language>/, as they look in a pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from attune_core.values import JsonObject

#: Whose types there are.
TypesFor: TypeAlias = Literal["python", "typescript"]


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language. `environment` is what pack.yaml gets under the ecosystem's name, when it has none of that ecosystem yet."""

    ecosystem: str
    environment: JsonObject | None = None
    #: Which types its actions get.
    types: TypesFor | None = None
    #: Whether only an environment with exactly this `interpreter` serves.
    exact: bool = False


_NODE: JsonObject = {"ecosystem": "node", "interpreter": ">=20", "lock": "package-lock.json"}
LANGUAGES: Mapping[str, Language] = {
    "shell": Language(ecosystem="shell"),
    "python": Language(
        ecosystem="python", environment={"ecosystem": "python", "interpreter": ">=3.11", "lock": "requirements.lock"}, types="python"
    ),
    "javascript": Language(ecosystem="node", environment=_NODE, types="typescript"),
    # From this version on node leaves types out by itself.
    "typescript": Language(ecosystem="node", environment={**_NODE, "interpreter": ">=22.18"}, types="typescript", exact=True),
    "go": Language(
        ecosystem="go", environment={"ecosystem": "go", "interpreter": ">=1.19", "lock": "go/go.sum", "sources": ["go/**/*.go"]}
    ),
    "rust": Language(
        ecosystem="rust", environment={"ecosystem": "rust", "interpreter": ">=1.70", "lock": "rust/Cargo.lock", "sources": ["rust/src/**"]}
    ),
    "java": Language(
        ecosystem="java",
        environment={"ecosystem": "java", "interpreter": ">=17", "lock": "java/classpath.lock", "sources": ["java/src/**"]},
    ),
}
#: Those with a template for a sensor.
SENSOR_LANGUAGES = ("shell", "python", "javascript", "go")
