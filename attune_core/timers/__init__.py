"""Timers: when a declared schedule is due; pure."""
