"""docs/howto/metrics.md names every metric that the programs show, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("attune_controller/watched/watch.py", "attune_agent/watch.py", "attune_core/metrics/family.py")


def test_the_page_names_each_metric() -> None:
    shown = set[str]()
    for source in SOURCES:
        text = (ROOT / source).read_text(encoding="utf-8")
        shown.update(re.findall(r'\bgauge\(\s*"([a-z_]+)"', text))
        shown.update(f"{name}_total" for name in re.findall(r'\bcounter\(\s*"([a-z_]+)"', text))
        for name, rest in re.findall(r'Family\(\s*name="([a-z_]+)"(.*?)samples=', text, re.DOTALL):
            shown.add(f"{name}_total" if 'kind="counter"' in rest else name)
        shown.update(re.findall(r'^        "(sensor_[a-z]+)": \(', text, re.MULTILINE))
    page = (ROOT / "docs/howto/metrics.md").read_text(encoding="utf-8")
    assert {name.removeprefix("attune_") for name in re.findall(r"`(attune_[a-z_]+)`", page)} == shown
    assert len(shown) > 20
