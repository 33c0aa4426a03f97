"""What programs say to each other: frames between controller and agent, documents of the /v1 API."""
