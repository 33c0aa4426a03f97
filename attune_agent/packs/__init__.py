"""Pack copies on the host, by digest."""
