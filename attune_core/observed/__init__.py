"""What was observed: from values that were seen to the JSON Schema that they all fit, and what it cannot know; pure."""
