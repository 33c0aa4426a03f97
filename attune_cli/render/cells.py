"""How wide a text is on a terminal: characters of East Asia take two cells, combining ones none.

Called by everything in attune_cli.render that puts one text below another; ASCII, which is most, is counted without a table.
"""


def cells(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """Return a text with spaces behind it up to that width."""
    return text + " " * (width - cells(text))
