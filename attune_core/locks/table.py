"""The literal table: ecosystem -> the forms of lock file that it takes, and which ecosystems are compiled from `sources`.

Read by the catalog and by agents' ecosystems; an ecosystem without a row installs nothing. Adding one: docs/howto/add-an-ecosystem.md.
"""

from collections.abc import Mapping

from attune_core.locks.cargo_lock import LOCK as CARGO_LOCK
from attune_core.locks.cargo_lock import MANIFEST as CARGO_TOML
from attune_core.locks.cargo_lock import UNREAD as UNREAD_BY_CARGO
from attune_core.locks.cargo_lock import cargo_lock_mistakes, cargo_toml_mistakes
from attune_core.locks.cargo_manifest import outdated_crates
from attune_core.locks.class_path import LOCK as CLASS_PATH
from attune_core.locks.class_path import LOCKER as CLASS_PATH_LOCKER
from attune_core.locks.class_path import MANIFEST as POM
from attune_core.locks.class_path import UNREAD as UNREAD_BY_JAVAC
from attune_core.locks.class_path import class_path_mistakes
from attune_core.locks.class_path_manifest import outdated_class_path
from attune_core.locks.go_mod import LOCK as GO_SUM
from attune_core.locks.go_mod import MANIFEST as GO_MOD
from attune_core.locks.go_mod import UNREAD as UNREAD_BY_GO
from attune_core.locks.go_mod import go_mod_mistakes
from attune_core.locks.go_sum import go_sum_mistakes, unlocked_modules
from attune_core.locks.package_lock import LOCK, MANIFEST, manifest_mistakes, package_lock_mistakes
from attune_core.locks.package_manifest import outdated_packages
from attune_core.locks.project_manifest import outdated_project
from attune_core.locks.pylock import LOCK as PYLOCK
from attune_core.locks.pylock import pylock_mistakes
from attune_core.locks.requirements import requirement_mistakes
from attune_core.locks.requirements_manifest import manifest_of, outdated_requirements
from attune_core.locks.rules import LockRules, manifest_named
from attune_core.locks.uv_lock import LOCK as UV_LOCK
from attune_core.locks.uv_lock import MANIFEST as PYPROJECT
from attune_core.locks.uv_lock import project_mistakes, uv_lock_mistakes

_UV_COMPILE = ("uv", "pip", "compile", "--quiet", "--universal", "--no-header")
#: The first form that fits a file's name is its form; the last one of an ecosystem is what is recommended to who has none.
RULES: Mapping[str, tuple[LockRules, ...]] = {
    "python": (
        LockRules(
            name=PYLOCK,
            manifest=manifest_named(PYPROJECT),
            manifest_required=False,
            lock_mistakes=pylock_mistakes,
            outdated=outdated_project,
            make="uv pip compile --universal --format pylock.toml pyproject.toml -o pylock.toml",
            make_again="make it again, from packages that have wheels: uv pip compile --universal --format pylock.toml",
            renew="uv pip compile --universal --format pylock.toml {manifest} -o {lock}",
            locker=(*_UV_COMPILE, "--format=pylock.toml", "--python-version={lowest}", "{manifest}", "-o", "{lock}"),
        ),
        LockRules(
            name=UV_LOCK,
            manifest=manifest_named(PYPROJECT),
            manifest_required=True,
            lock_mistakes=uv_lock_mistakes,
            manifest_mistakes=project_mistakes,
            outdated=outdated_project,
            make="uv lock",
            make_again="make it again, from packages that have wheels: uv lock",
            renew="uv lock",
            locker=("uv", "lock", "--quiet"),
        ),
        LockRules(
            name=None,
            manifest=manifest_of,
            manifest_required=False,
            lock_mistakes=requirement_mistakes,
            outdated=outdated_requirements,
            make="uv pip compile --generate-hashes requirements.in -o requirements.lock",
            make_again="make it again: uv pip compile --universal --generate-hashes",
            renew="uv pip compile --universal --generate-hashes {manifest} -o {lock}",
            locker=(*_UV_COMPILE, "--generate-hashes", "--python-version={lowest}", "{manifest}", "-o", "{lock}"),
        ),
    ),
    "node": (
        LockRules(
            name=LOCK,
            manifest=manifest_named(MANIFEST),
            manifest_required=True,
            lock_mistakes=package_lock_mistakes,
            manifest_mistakes=manifest_mistakes,
            outdated=outdated_packages,
            make="npm install --package-lock-only",
            make_again="make it again with a current npm: npm install --package-lock-only",
            renew="npm install --package-lock-only",
            locker=("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"),
        ),
    ),
    "go": (
        LockRules(
            name=GO_SUM,
            manifest=manifest_named(GO_MOD),
            manifest_required=True,
            lock_mistakes=go_sum_mistakes,
            manifest_mistakes=go_mod_mistakes,
            outdated=unlocked_modules,
            unread_sources=UNREAD_BY_GO,
            make="go mod tidy, and where nothing is required: touch go.sum",
            make_again="make it again: go mod tidy",
            renew="go mod tidy",
            locker=("go", "mod", "tidy"),
        ),
    ),
    "rust": (
        LockRules(
            name=CARGO_LOCK,
            manifest=manifest_named(CARGO_TOML),
            manifest_required=True,
            lock_mistakes=cargo_lock_mistakes,
            manifest_mistakes=cargo_toml_mistakes,
            outdated=outdated_crates,
            unread_sources=UNREAD_BY_CARGO,
            make="cargo generate-lockfile",
            make_again="make it again with a current cargo: cargo generate-lockfile",
            renew="cargo update --workspace",
            locker=("cargo", "update", "--workspace"),
        ),
    ),
    "java": (
        LockRules(
            name=CLASS_PATH,
            manifest=manifest_named(POM),
            manifest_required=False,
            lock_mistakes=class_path_mistakes,
            outdated=outdated_class_path,
            unread_sources=UNREAD_BY_JAVAC,
            make="attune pack lock",
            make_again="make it again: attune pack lock",
            renew="attune pack lock",
            locker=("sh", "-euc", CLASS_PATH_LOCKER, "lock", "{lock}"),
        ),
    ),
}
#: Ecosystems whose environments hold programs compiled from the pack's own `sources`.
COMPILED: frozenset[str] = frozenset({"go", "rust", "java"})


def rules_of(ecosystem: str, lock: str) -> LockRules | None:
    """Return the rules of a lock file by its name; None when the ecosystem takes no such file."""
    return next((rules for rules in RULES.get(ecosystem, ()) if rules.fits(lock)), None)
