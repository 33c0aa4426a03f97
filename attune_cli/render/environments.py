"""Environments of a host for people and as JSON: the list, what was built or removed, and why a key is what it is.

Called by `attune agent environments`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from attune_agent.environments.differences import parts_of
from attune_agent.environments.stored import Stored
from attune_agent.host_environments import Reason, Shown
from attune_cli.render.output import show_fields, show_line, show_table, write_json
from attune_core.quantities import show_size
from attune_core.values import JsonObject, JsonValue


def show_list(shown: Sequence[Shown], *, json: bool) -> None:
    """Print every environment."""
    if json:
        write_json([{**_fields(one.stored), "in_use": one.in_use} for one in shown])
        return
    rows = [
        (
            one.stored.key,
            _part(one.stored, "ecosystem"),
            f"{one.stored.built.pack} {one.stored.built.environment}" if one.stored.built else "",
            show_size(one.stored.size) if one.stored.built else "",
            _time(one.stored.used_at),
            "yes" if one.in_use else "",
            _toolchain(one),
        )
        for one in shown
    ]
    columns = ("key", "ecosystem", "built for", "size", "last used", "in use", "toolchain")
    show_table(columns, rows, empty="no environment was built on this host yet")


def show_built(made: Sequence[tuple[str, Stored | None]], *, json: bool) -> None:
    """Print what was asked for and is there now."""
    if json:
        write_json([{"environment": name, **(_fields(stored) if stored else {"key": None})} for name, stored in made])
        return
    rows = [(name, stored.key if stored else "nothing to install", show_size(stored.size) if stored else "") for name, stored in made]
    show_table(("environment", "key", "size"), rows, empty="the pack declares no environment")


def show_removed(keys: Sequence[str], *, json: bool) -> None:
    """Print what is gone."""
    if json:
        write_json([*keys])
        return
    for key in keys:
        show_line(f"removed {key}")
    if not keys:
        show_line("nothing to remove")


def show_reasons(reasons: Sequence[Reason], *, json: bool) -> None:
    """Print what keys are made of."""
    if json:
        write_json([_reason_fields(one) for one in reasons])
        return
    for number, one in enumerate(reasons):
        if number:
            show_line("")
        _show_reason(one)


def _show_reason(one: Reason) -> None:
    state = "nothing is installed for it" if one.key is None else f"{one.key}, {'there' if one.ready else 'not built yet'}"
    show_fields([("environment", f"{one.name} ({one.ecosystem})"), ("key", state), *parts_of(one.made_from).items()])
    for stored, differing in one.others:
        show_line(f"not {stored.key}, last used {_time(stored.used_at)}:")
        show_fields([(f"  {each.part}", f"{each.then or 'none'} there, {each.now or 'none'} now") for each in differing])


def _reason_fields(one: Reason) -> JsonObject:
    others: list[JsonValue] = [
        {**_fields(stored), "differences": [{"part": each.part, "now": each.now, "then": each.then} for each in differing]}
        for stored, differing in one.others
    ]
    return {
        "environment": one.name,
        "ecosystem": one.ecosystem,
        "key": one.key,
        "ready": one.ready,
        "parts": {**parts_of(one.made_from)},
        "others": others,
    }


def _fields(stored: Stored) -> JsonObject:
    built: JsonValue = stored.built.model_dump(mode="json") if stored.built else None
    whole = stored.made_from is not None
    return {"key": stored.key, "whole": whole, "used_at": _time(stored.used_at), "built": built, "made_from": stored.made_from}


def _part(stored: Stored, name: str) -> str:
    value = (stored.made_from or {}).get(name)
    return value if isinstance(value, str) else ""


def _toolchain(shown: Shown) -> str:
    if shown.stored.made_from is None:
        return "is being built" if shown.in_use else "not whole; removed when room is made"
    versions = shown.stored.made_from.get("versions")
    # Paths and builds are for `why`; a list is for versions.
    return ", ".join(f"{name} {text}" for name, text in versions.items() if "_" not in name) if isinstance(versions, dict) else ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
