"""Pure decisions about rules: which match an event, and what input they give."""
