"""One target under atheris: our packages are instrumented while they are imported, and nothing else is.

Started by `__main__` as a program of its own, because the fuzzer ends its process.
"""

import sys

import atheris


def main() -> None:
    """Fuzz the target that the first argument names; the others are libFuzzer's."""
    with atheris.instrument_imports(include=["attune_core"]):
        from tests.fuzz.targets import run
    target = sys.argv[1]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda raw: run(target, raw))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
