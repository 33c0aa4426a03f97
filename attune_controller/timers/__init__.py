"""Timers: the due times of the active revision's timers become events, each exactly once."""
