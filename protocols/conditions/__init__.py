"""Conditions of :mod:`protocols.rule` as functions: of alarm rules and of notification policies. Pure."""
