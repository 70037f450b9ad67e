"""Rules tried on what really happened: the ledger's Events folded twice side by side, reading only.

``period`` finds where to begin and what is in force today, ``side`` folds and takes notes, ``compare`` names the differences,
``run`` drives both, ``report`` puts the result into words.
"""
