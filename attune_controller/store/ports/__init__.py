"""What the store is asked, a protocol a noun; store.port puts them together."""
