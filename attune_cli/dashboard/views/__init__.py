"""What the screens show, as lines of spans: pure functions of what is known and of the room there is."""
