"""Alarms on a terminal: what ``faultd demo`` shows."""
