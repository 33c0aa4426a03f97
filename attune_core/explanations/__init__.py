"""Pure answers to why: what is said of an event, an execution or an agent, given the facts."""
