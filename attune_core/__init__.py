"""The nouns, the expression language, the catalog and the wire messages that every Attune program shares."""
