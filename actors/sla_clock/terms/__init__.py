"""Definitions, instances and exclusions: what operators agreed with customers, and the commands that change it."""
