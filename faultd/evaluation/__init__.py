"""Measures how well causes are found: simulated faults run through the real fold in virtual time, and the result is compared
with the simulated truth.

``cases`` defines the cases, ``play`` runs one, ``score`` compares (pure, on plain data), ``totals`` adds up, ``runner`` spreads
cases over processes, ``report`` writes tables. The method is in ``docs/evaluation.md``.
"""
