"""`attune explain`: what a code means, why it came and what to do; or all there are.

Reads attune_cli.explanations alone; the same texts as docs/errors.md.
"""

from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, command
from attune_cli.explanations import Explanation, all_explanations, explanation_of
from attune_cli.render.output import show_line, show_paragraph, show_table, write_json

app = command()


@app.command()
def explain(
    code: Annotated[str | None, typer.Argument(help="A code such as ATT203, an outcome or a reason; without it all are listed.")] = None,
    json: JsonFlag = False,
) -> None:
    """Say what a code means and what to do.

    Example: attune explain ATT203
    """
    if code is not None:
        found = explanation_of(code)
        if json:
            write_json(found.document())
        else:
            _show(found)
        return
    table = all_explanations().values()
    if json:
        write_json([entry.document() for entry in table])
    else:
        rows = [(entry.name, entry.severity or entry.kind.value, entry.title or entry.cause.split(". ")[0]) for entry in table]
        show_table(("code", "kind", "what it is"), rows, empty="nothing")


def _show(found: Explanation) -> None:
    title = f" {found.title}" if found.title else ""
    show_line(f"{found.name}{title} ({found.severity or found.kind.value})")
    _paragraph(found.cause)
    if found.remedy:
        _paragraph(f"What to do: {found.remedy}")
    if found.acts:
        _paragraph(f"Who acts: {found.acts}.")
    if found.before is not None and found.after is not None:
        _example("Instead of", found.before)
        _example("write", found.after)


def _paragraph(text: str) -> None:
    show_line("")
    show_paragraph(text)


def _example(word: str, lines: str) -> None:
    _paragraph(f"{word}:")
    for line in lines.split("\n"):
        show_line(f"    {line}")
