"""What the controller shows to those who watch it: numbers, and whether it can work."""
