"""Webhooks: from a signed request to an event."""
