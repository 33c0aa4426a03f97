"""The formats in which an Input reaches an action: one module each, one table; pure."""
