"""`attune test`: run the rule tests of a pack repository, without a server.

Loads as `attune validate` does; attune_core.rule_tests decides, attune_cli.render shows. Ends with 0 when every case is as expected,
1 when one is not, the repository has an error or too few rules fired, 2 for bad use, 3 for a failure.
"""

import gc
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, command
from attune_cli.errors import BadArgument, OutputUnwritable
from attune_cli.loading import load_or_show
from attune_cli.local.rule_tests import judge_all
from attune_cli.local.rule_updates import update_all
from attune_cli.pack_repository import repository_root
from attune_cli.render.output import note
from attune_cli.render.progress import progress
from attune_cli.render.rule_tests import Tested, show_tested, show_tested_json
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import Loaded
from attune_core.expressions.suggestion import suggestion
from attune_core.rule_tests.selecting import coverage, select

app = command()
#: Cases from which a bar on a terminal is worth loading what draws it.
LONG = 3000


@app.command()
def rule_tests(
    path: Annotated[Path, typer.Argument(help="The repository, or a place in it.")] = Path(),
    rule: Annotated[str | None, typer.Option("--rule", help="Only cases that name this rule.")] = None,
    pack: Annotated[str | None, typer.Option("--pack", help="Only the tests and rules of this pack.")] = None,
    coverage_min: Annotated[int, typer.Option("--coverage-min", min=0, max=100, help="Per cent of the rules that must fire.")] = 0,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML as well.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Write what happens into the expectations that differ.")] = False,
    json: JsonFlag = False,
) -> None:
    """Run the tests beside the rules: events in, expected executions out, no server.

    Example: attune test --coverage-min 100
    """
    gc.disable()  # the process ends with this command
    asked = Asked(path=path, rule=rule, pack=pack, coverage_min=coverage_min, junit=junit)
    raise typer.Exit(rule_tests_command(asked, update=update, json=json))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which tests, and what of them is to be shown where."""

    path: Path = Path()
    rule: str | None = None
    pack: str | None = None
    coverage_min: int = 0
    junit: Path | None = None


def rule_tests_command(asked: Asked, *, update: bool = False, json: bool = False) -> int:
    """Run, show and return the exit code."""
    root = repository_root(asked.path)
    loaded = load_or_show(root, json=json)
    if loaded.catalog is None:
        return 1
    _refuse_unknown("rule", asked.rule, loaded.catalog.rules)
    _refuse_unknown("pack", asked.pack, loaded.catalog.packs)
    if update and _update(root, loaded, loaded.catalog, asked):
        loaded = load_or_show(root, json=json)
    if loaded.catalog is None:
        return 1
    tested = _run(loaded, loaded.catalog, asked, json=json)
    if asked.junit is not None:
        _write_junit(asked.junit, tested)
    (show_tested_json if json else show_tested)(tested)
    return 1 if tested.failed or tested.coverage.percent < asked.coverage_min else 0


def _refuse_unknown(kind: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        raise BadArgument(f"there is no {kind} {name!r}", hint=suggestion(name, known))


def _run(loaded: Loaded, catalog: Catalog, asked: Asked, *, json: bool) -> Tested:
    selected = select(loaded.tests, rule=asked.rule, pack=asked.pack)
    with progress("cases", len(selected), json=json) if len(selected) > LONG else nullcontext(lambda _: None) as advance:
        verdicts = judge_all(catalog, selected, advance=advance)
    reached = coverage(catalog, verdicts, rule=asked.rule, pack=asked.pack)
    return Tested(cases=list(zip(selected, verdicts, strict=True)), coverage=reached)


def _update(root: Path, loaded: Loaded, catalog: Catalog, asked: Asked) -> bool:
    """Write documents anew and say which; return whether there are any."""
    updates = update_all(root, catalog, select(loaded.tests, rule=asked.rule, pack=asked.pack))
    for path in updates.written:
        note(f"updated {path}")
    for path in updates.refused:
        note(f"left as it is: {path}; what happens there cannot be written as an expectation")
    return bool(updates.written)


def _write_junit(path: Path, tested: Tested) -> None:
    from attune_cli.render.junit import junit

    try:
        path.write_bytes(junit(tested))
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from error
