"""The schemes by which senders of webhooks prove who they are: how a request is verified, and how one is signed."""
