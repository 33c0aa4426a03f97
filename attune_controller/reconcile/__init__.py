"""From a push to the active catalog, in named steps."""
