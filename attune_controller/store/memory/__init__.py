"""The store in plain Python structures, for simulation and tests; held to the same contract as store/sqlite."""
