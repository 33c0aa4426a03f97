"""The three programs as processes on this machine: `attune up`, `attune demo` and the flow tests stand on it."""
