"""Types for pack authors, written from what an action declares: Python and TypeScript; pure."""
