"""docs/howto/post-over-http.md: its rule is one, and its table names what the action takes."""

import re
from pathlib import Path

from attune_core.catalog.load import load
from tests.core.catalog.memory_tree import MemoryTree

PAGE = (Path(__file__).resolve().parents[2] / "docs/howto/post-over-http.md").read_text(encoding="utf-8")
FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: The web tier\n",
    "packs/web/actions/restart.yaml": "description: Restart\nrun: [sh, -c, exit]\nparameters: {unit: {type: string}}\n",
}


def test_the_rule_is_right_and_the_table_whole() -> None:
    found = re.search(r"^```text\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    catalog = load(MemoryTree({path: text.encode() for path, text in (FILES | {found[1]: found[2]}).items()})).catalog
    assert catalog is not None
    table = PAGE.partition("| parameter |")[2].partition("\n\n")[0]
    rows = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")}
    mentioned = rows | {"mode"}
    assert mentioned == catalog.actions["core.http_post"].document.parameters.keys()
