"""Breaches of time limits and of performance limits."""
