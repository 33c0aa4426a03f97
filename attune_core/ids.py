"""Identifiers: UUIDv7 for Executions, instances and sessions (RFC 9562 §5.7); made by composition roots through the Random port."""

from attune_core.ports import Clock, Random


def uuid7(clock: Clock, random: Random) -> str:
    """Return a time-ordered identifier; uniqueness, not order, is what anything may rely on."""
    stamp = int(clock.now() * 1000) & ((1 << 48) - 1)
    tail = int.from_bytes(random.bytes(10), "big")
    value = (stamp << 80) | (0x7 << 76) | ((tail >> 62 & 0xFFF) << 64) | (0b10 << 62) | (tail & ((1 << 62) - 1))
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
