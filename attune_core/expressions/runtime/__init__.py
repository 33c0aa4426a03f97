"""From a checked tree to closures, and what these do with values."""
