"""How people name an execution: its id or its number.

Called by both stores' `execution`.
"""


def execution_number(id_or_number: str) -> int | None:
    """Return the number that a text is, or None when it can only be an id; 18 digits stay within SQLite's integers."""
    return int(id_or_number) if id_or_number.isascii() and id_or_number.isdigit() and len(id_or_number) <= 18 else None
