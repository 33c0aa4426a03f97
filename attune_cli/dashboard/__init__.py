"""The dashboard: a live view of one controller in the terminal; the only place that knows Textual."""
