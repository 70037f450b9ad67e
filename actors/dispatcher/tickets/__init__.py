"""Tickets: one for each cause, which follows it. The ticketer does their tasks."""
