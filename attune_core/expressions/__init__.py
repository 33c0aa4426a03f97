"""The typed subset of CEL that conditions and `${{ }}` are written in."""
