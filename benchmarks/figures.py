"""Figures of repeated measurements, as every benchmark prints them: the median with its spread, and ratios of the same round.

Called by the benchmarks; rounds alternate what they compare, so that a noisy machine disturbs both alike.
"""

import json
import statistics
from collections.abc import Sequence


def summary(values: Sequence[float]) -> str:
    """Return median and spread."""
    ordered = sorted(values)
    return f"{statistics.median(ordered):.3g} ({ordered[0]:.3g}…{ordered[-1]:.3g})"


def ratios(measured: Sequence[float], reference: Sequence[float]) -> str:
    """Return the summary of each value divided by that of the same round."""
    return summary([one / other for one, other in zip(measured, reference, strict=True)])


def show(title: str, figures: dict[str, str], *, as_json: bool) -> None:
    """Print names and figures, for people under a title."""
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    print(title)
    width = max(map(len, figures))
    for label, value in figures.items():
        print(f"  {label:{width}}  {value}")
