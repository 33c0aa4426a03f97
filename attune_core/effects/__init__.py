"""Pure comparison of two revisions by what they do with recorded events."""
