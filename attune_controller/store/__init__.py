"""The controller's durable memory behind one port; the only place with SQL."""
