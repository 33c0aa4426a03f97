"""The endpoints of the public listener, one module a resource."""
