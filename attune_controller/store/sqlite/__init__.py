"""The store on SQLite: one folder, one writer thread, hand-written SQL."""
