"""Correlation strategies: after each Event, and when a timer is due."""
