"""Reading a pack repository: from a folder or a revision to Problems or an immutable Catalog."""
