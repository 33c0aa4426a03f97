# What the tests use of cel-expr-python 0.1, whose own stub is not marked as typed and needs protobuf.
from collections.abc import Mapping, Sequence

class Type:
    BOOL: Type
    BYTES: Type
    DOUBLE: Type
    DURATION: Type
    DYN: Type
    ERROR: Type
    INT: Type
    LIST: Type
    MAP: Type
    NULL: Type
    STRING: Type
    TIMESTAMP: Type
    @staticmethod
    def List(element_type: Type) -> Type: ...  # noqa: N802 - the library's own name
    @staticmethod
    def Map(key_type: Type, element_type: Type) -> Type: ...  # noqa: N802 - the same

class Value:
    def plain_value(self) -> object: ...
    def value(self) -> object: ...
    def type(self) -> Type: ...

class Activation: ...

class Expression:
    def eval(self, activation: Activation | None = None, *, data: Mapping[str, object] | None = None) -> Value: ...

class CelExtensionBase: ...

class Env:
    def Activation(self, *, data: Mapping[str, object]) -> Activation: ...  # noqa: N802 - the library's own name
    def compile(self, expression: str, disable_check: bool = ...) -> Expression: ...

def NewEnv(  # noqa: N802 - the library's own name
    *, variables: Mapping[str, Type], extensions: Sequence[CelExtensionBase] = ...
) -> Env: ...
