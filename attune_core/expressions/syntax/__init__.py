"""From text to a tree: lexer, literals and parser."""
