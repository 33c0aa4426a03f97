"""Verification: judges from records, and from what actions write themselves, whether the promises of order and once-ness held; pure."""
