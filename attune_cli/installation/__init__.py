"""Installation as services: what is to be on a host, decided without touching it."""
