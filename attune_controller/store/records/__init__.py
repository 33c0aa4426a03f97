"""The rows of the controller's store as frozen values, a module a noun."""
