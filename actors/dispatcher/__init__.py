"""Dispatch, the third stage: who is told of which cause, how and when, and which ticket is wanted."""
