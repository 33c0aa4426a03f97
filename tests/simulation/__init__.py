"""Deterministic simulation: a controller and its agents in one event loop with virtual time, under seeded faults (docs/simulation.md)."""
