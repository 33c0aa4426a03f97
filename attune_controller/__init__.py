"""The controller: takes the pack repository from git and events from the world, and hands Assignments to agents."""
