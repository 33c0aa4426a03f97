"""The functions and methods of the language, one table."""
