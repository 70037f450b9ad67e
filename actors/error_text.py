"""The text of an unexpected error, as it goes into Changes, alarms and the quarantine."""

LONGEST = 2_000
"""Characters. The error of a bug may quote a whole message."""


def error_text(error: Exception) -> str:
    """``ValueError: text``, of at most :data:`LONGEST` characters, all of which can be encoded: a Change that cannot be encoded
    would end the process at every start."""
    return f"{type(error).__name__}: {error}"[:LONGEST].encode("utf-8", "replace").decode()
