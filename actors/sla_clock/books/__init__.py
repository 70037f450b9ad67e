"""Bookkeeping of each instance: periods, budgets, breaches of availability, credits, revisions."""
