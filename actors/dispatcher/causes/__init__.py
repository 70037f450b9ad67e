"""Subjects: how a cause opens, changes, becomes the consequence of another one, and ends."""
