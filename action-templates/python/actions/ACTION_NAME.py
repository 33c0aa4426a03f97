"""PACK_NAME.ACTION_NAME: reads its input as JSON from stdin and writes its result to the file that ATTUNE_RESULT names."""

import json
import os
import sys
from pathlib import Path

# Types for your editor; made from the action's document by `attune action types PACK_NAME.ACTION_NAME`.
from ACTION_NAME_types import Input, Result


def run(given: Input) -> Result:
    """Do the work; what is printed here is the action's log."""
    print("greeting", given["name"], file=sys.stderr)
    return {"greeting": f"hello {given['name']}"}


if __name__ == "__main__":
    Path(os.environ["ATTUNE_RESULT"]).write_text(json.dumps(run(json.load(sys.stdin))))
