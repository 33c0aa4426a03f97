"""Credentials as the store keeps them: of each only its hash.

Written by `identity`, read at each call.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class JoinToken:
    """A single-use permission to enrol one name with labels; only the hash is kept."""

    token_hash: str
    name: str
    labels: Mapping[str, str]
    expires_at: float
    used_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """A credential of a person or program; only the hash is kept."""

    token_hash: str
    name: str
    scopes: frozenset[str]
    created_at: float
