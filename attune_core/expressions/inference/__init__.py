"""From a tree to types and findings."""
