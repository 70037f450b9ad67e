"""Maintenance windows in the fold."""
