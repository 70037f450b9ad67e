"""Escalation: the steps of a policy for a cause that nobody acknowledges, or resolves."""
