"""Alarms: their life cycle, their text, their limits, and the commands that operators give."""
