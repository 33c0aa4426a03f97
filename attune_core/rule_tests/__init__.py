"""Rule tests: cases of events, what named rules make of them, and how that differs from what is expected; pure."""
