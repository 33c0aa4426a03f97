# What Attune uses of google-re2 1.1, which ships no types.

class error(Exception): ...  # noqa: N801 - the library's own name

class Options:
    log_errors: bool
    max_mem: int
    never_capture: bool

class _Match: ...

class Pattern:
    # The library calls it `_Regexp` and does not export it; only annotations may name it.
    @property
    def programsize(self) -> int: ...
    def search(self, text: str | bytes) -> _Match | None: ...

def compile(pattern: str | bytes, options: Options | None = ...) -> Pattern: ...  # noqa: A001 - the library's own name
