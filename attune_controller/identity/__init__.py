"""Who is who: the controller's CA, agents' certificates, join tokens and API tokens."""
