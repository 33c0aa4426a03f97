"""Metrics: what the long-running programs tell Prometheus and whoever asks whether they are well."""
