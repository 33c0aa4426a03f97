"""Promises broken on purpose: each bug is a small change of the real code that the simulation must find and the judge must name."""
