"""`attune explain`: what a code means; why an event fired what it did, why an execution waits or ended, why an agent gets nothing.

Codes, outcomes and reasons are read from attune_cli.explanations alone, without a controller; everything else is asked of one.
"""

from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, ProfileName, command
from attune_cli.errors import BadArgument, NothingToExplain, NotLoggedIn
from attune_cli.explanations import Explanation, all_explanations, explanation_of
from attune_cli.render.output import show_line, show_paragraph, show_table, write_json

app = command()

#: What a first word may be when a name follows.
_KINDS = ("event", "execution", "agent")


@app.command()
def explain(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A code, an outcome or a reason; the number or id of an execution, the position or id of an event, the name of an agent; "
            "or one of these after the word event, execution or agent. Without it all codes are listed.",
            metavar="[event|execution|agent] WHAT",
        ),
    ] = None,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Say why: why an event fired nothing, why an execution waits or failed, why an agent gets no work, what a code means.

    Example: attune explain execution 12

    Example: attune explain event 17

    Example: attune explain web1

    Example: attune explain ATT203
    """
    words = what or []
    if not words:
        _list_codes(json=json)
    elif len(words) == 1 and words[0] not in _KINDS:
        _explain_word(words[0], profile, json=json)
    elif len(words) == 2 and words[0] in _KINDS:
        _explain_named(words[0], words[1], profile, json=json)
    else:
        raise BadArgument(f"{' '.join(words)[:80]!r} is not one thing", hint="say for example: attune explain execution 12")


def _list_codes(*, json: bool) -> None:
    table = all_explanations().values()
    if json:
        write_json([entry.document() for entry in table])
        return
    rows = [(entry.name, entry.severity or entry.kind.value, entry.title or entry.cause.split(". ")[0]) for entry in table]
    show_table(("code", "kind", "what it is"), rows, empty="nothing")


def _explain_named(kind: str, name: str, profile: str | None, *, json: bool) -> None:
    from attune_cli.asking import ask
    from attune_cli.client import Client
    from attune_cli.profiles import load_profile
    from attune_cli.render.explanation import show_explained

    with Client(load_profile(profile)) as client:
        explained = ask(client, kind, name)
    show_explained(explained, json=json)


def _explain_word(word: str, profile: str | None, *, json: bool) -> None:
    """A code before all others; a bare number is one only where no event or execution has it."""
    try:
        found = explanation_of(word)
    except NothingToExplain as none:
        if not _explain_met(word, profile, none, json=json):
            raise
        return
    if word.strip().isdigit() and _explain_met(word.strip(), profile, None, json=json):
        return
    if json:
        write_json(found.document())
    else:
        _show(found)


def _explain_met(word: str, profile: str | None, unknown: NothingToExplain | None, *, json: bool) -> bool:
    """Explain an event, execution or agent of that name; False without a controller, or when `unknown` is None and there is nothing."""
    from attune_cli.asking import ask_for_any, nothing
    from attune_cli.client import Client
    from attune_cli.profiles import load_profile
    from attune_cli.render.explanation import show_explained

    try:
        known = load_profile(profile)
    except NotLoggedIn:
        return False
    with Client(known) as client:
        explained = ask_for_any(client, word)
    if explained is None:
        if unknown is not None and not unknown.hint.startswith("did you mean"):
            raise nothing(word)
        return False
    show_explained(explained, json=json)
    return True


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
