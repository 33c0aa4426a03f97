"""Measurements beside their floors and real peers; they print ratios and assert nothing."""
