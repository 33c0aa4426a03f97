"""One pydantic model per kind of document in a pack repository; design §2 is what they say in types."""
