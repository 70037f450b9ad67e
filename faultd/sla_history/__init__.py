"""Figures of service level agreements derived anew from the history in PostgreSQL, and compared with those that were closed."""
