"""How well causes are found: simulated faults through the real fold in virtual time, scored against what really happened.

``cases`` says what is tried, ``play`` runs a case, ``score`` compares (pure, on plain data), ``totals`` adds up, ``runner``
spreads cases over processes, ``report`` writes tables. The method is in ``docs/evaluation.md``.
"""
