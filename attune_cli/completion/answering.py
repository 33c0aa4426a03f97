"""The answer to a shell that asks which words may stand where its cursor is; it comes in time, or there is none.

Called by attune_cli.main when `_ATTUNE_COMPLETE` names a shell; finds the place in the command line's own tree, and its words in
`meanings`. A server that is away, a broken profile and a defect of ours all look alike here: nothing is offered, and nothing is said.
"""

import os
import shlex
import sys
import threading
from collections.abc import Iterator, Sequence

from typer._click.core import Command, Context
from typer._click.shell_completion import _resolve_context, _resolve_incomplete
from typer.core import TyperArgument, TyperOption

from attune_cli.completion.meanings import names_of
from attune_cli.completion.offer import Offer
from attune_core.safe_text import safe_text

#: Seconds after which what has been found is what there is.
PATIENCE = 2.0
#: Words offered, and characters of what is said of one.
_MOST, _ABOUT = 500, 60
#: The shell completes names of files itself.
FILES = ":files"
#: Where bash ends a word, although for us it goes on.
_BREAKS = "=:"


def answer(shell: str, typed: Sequence[str], root: Command) -> None:
    """Print the words for the last of `typed`, which is being written, and end the process."""
    lines: list[str] = []
    finding = threading.Thread(target=_find, args=(lines, shell, typed, root), daemon=True)
    finding.start()
    finding.join(PATIENCE)
    sys.stdout.write("".join(f"{line}\n" for line in lines[:_MOST]))
    sys.stdout.flush()
    os._exit(0)  # a thread that waits for a name server cannot be ended otherwise


def _find(lines: list[str], shell: str, typed: Sequence[str], root: Command) -> None:
    try:
        for line in lines_for(shell, typed, root):
            lines.append(line)  # noqa: PERF402 - the other thread looks at what is there so far
    except BaseException:  # a shell that completes shows nothing: what was found so far is the answer
        if os.environ.get("ATTUNE_TRACEBACK"):
            raise


def lines_for(shell: str, typed: Sequence[str], root: Command) -> Iterator[str]:
    """Yield a line for each word that may stand there."""
    words, kept = (_whole(typed), typed[-1] if typed else "") if shell == "bash" else ([*typed], "")
    *before, incomplete = words or [""]
    # What bash takes for an earlier word is in the line already.
    there = len(incomplete) - len(_unquoted(kept) if kept.strip(_BREAKS) else "") if shell == "bash" else 0
    seen: set[str] = set()
    for offer in _offers(root, before, incomplete):
        if offer.word == FILES:
            yield FILES
        elif offer.is_plain and offer.word.startswith(incomplete) and offer.word not in seen:
            seen.add(offer.word)
            about = safe_text(" ".join(offer.about.split()), limit=_ABOUT)
            yield f"{offer.word[there:]}\t{about}" if about else offer.word[there:]


def _offers(root: Command, before: list[str], typed: str) -> Iterator[Offer]:
    context = _resolve_context(root, {}, "attune", before)
    place, incomplete = _resolve_incomplete(context, before, typed)
    if isinstance(place, TyperArgument | TyperOption):
        prefix = typed[: len(typed) - len(incomplete)]  # of `--option=`
        for offer in _values(context, place, incomplete):
            yield offer if offer.word == FILES else Offer(prefix + offer.word, offer.about)
        return
    for item in place.shell_complete(context, incomplete):
        yield Offer(str(item.value), item.help or "")


def _values(context: Context, place: TyperArgument | TyperOption, incomplete: str) -> Iterator[Offer]:
    command = context.command_path.removeprefix("attune").strip()
    there = context.params.get(place.name or "")
    first = str(there[0]) if isinstance(there, tuple | list) and there else ""
    names = names_of(command, place.name or "", first)
    if names is not None:
        chosen = context.params.get("profile")
        yield from names(chosen if isinstance(chosen, str) else None)
    elif place.type.name == "path":
        yield Offer(FILES)
    else:
        yield from (Offer(str(item.value), item.help or "") for item in place.shell_complete(context, incomplete))


def _whole(pieces: Sequence[str]) -> list[str]:
    """Return bash's words as they were typed: put together where `=` or `:` broke them, without quotes."""
    words: list[str] = []
    joins = False
    for piece in pieces:
        breaks = piece != "" and piece.strip(_BREAKS) == ""
        if words and (breaks or joins):
            words[-1] += piece
        else:
            words.append(piece)
        joins = breaks
    return [_unquoted(word) for word in words]


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word)) if word else word
    except ValueError:  # a quote that is still open
        return word.strip("'\"")
