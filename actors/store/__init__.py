"""Applies recorded Changes to PostgreSQL, exactly once."""
