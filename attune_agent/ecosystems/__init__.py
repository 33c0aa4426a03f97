"""One file per language ecosystem, all in one literal table; none knows another."""
