# What the tests use of cel-expr-python 0.1.
from cel_expr_python.cel import CelExtensionBase

class ExtStrings(CelExtensionBase):
    def __init__(self) -> None: ...
