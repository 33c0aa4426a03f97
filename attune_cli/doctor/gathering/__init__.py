"""Facts of this host and of what it reaches: looked at, never changed."""
