"""Reads of what the store has written: one module for each resource."""
