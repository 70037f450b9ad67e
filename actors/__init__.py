"""The workers: one folder per actor, holding the only state that the actor owns."""
