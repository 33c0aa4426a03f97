"""The only place that knows the terminal: tables, JSON, messages; everything untrusted passes safe_text here."""
