"""Isolated environments: keyed, built once as the build user, marked READY last, never repaired."""
