"""Dispatch: who hears of a cause, how and when, and which ticket is wanted. Types and pure arithmetic."""
