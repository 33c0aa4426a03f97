# What the tests use of cel-expr-python 0.1, whose own stub is not marked as typed and needs protobuf.
from collections.abc import Mapping

class Type:
    BOOL: Type
    DOUBLE: Type
    DYN: Type
    ERROR: Type
    INT: Type
    STRING: Type
    @staticmethod
    def List(element_type: Type) -> Type: ...  # noqa: N802 - the library's own name
    @staticmethod
    def Map(key_type: Type, element_type: Type) -> Type: ...  # noqa: N802 - the same

class Value:
    def value(self) -> object: ...
    def plain_value(self) -> object: ...
    def type(self) -> Type: ...

class Activation: ...

class Expression:
    def eval(self, activation: Activation | None = None, *, data: Mapping[str, object] | None = None) -> Value: ...

class Env:
    def Activation(self, *, data: Mapping[str, object]) -> Activation: ...  # noqa: N802 - the library's own name
    def compile(self, expression: str) -> Expression: ...

def NewEnv(*, variables: Mapping[str, Type]) -> Env: ...  # noqa: N802 - the library's own name
