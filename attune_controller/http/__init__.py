"""The controller's two listeners, their limits, and the routes of the public one."""
