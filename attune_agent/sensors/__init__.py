"""Sensors on this host: kept running, their lines read from spools, their events sent in order."""
