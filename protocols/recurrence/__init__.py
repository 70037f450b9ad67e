"""Recurrence of planned times (RFC 5545): RRULE texts, and the occurrences of a plan. Pure; time zones come from the system."""
