"""What `attune action new` and `attune sensor new` wrote, and what to do next."""

from pathlib import Path
from shlex import quote

from attune_cli.new_program import Made
from attune_cli.render.output import note, show_json, show_line


def show_made(made: Made, kind: str, ref: str, repository: Path, *, json: bool) -> None:
    """Say it; `kind` is action or sensor."""
    if json:
        show_json({kind: ref, "written": [*made.written], "kept": [*made.kept], "unlocked": made.unlocked or None})
        return
    inside = "" if repository == Path() else f" --repository {quote(str(repository))}"
    for place in made.written:
        show_line(f"wrote {place}")
    for place in made.kept:
        show_line(f"kept {place}")
    if made.unlocked:
        note(f"the lock file is still to be made: {made.unlocked}")
        show_line(f"next: attune pack lock {ref.partition('.')[0]} {made.environment}{inside}")
    show_line(f"next: attune {kind} run {'' if kind == 'action' else '--local '}{ref}{' --local' if kind == 'action' else ''}{inside}")
