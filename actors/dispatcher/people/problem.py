"""The problem of a rota, as an alarm says it."""

from msgspec import Struct

from protocols.severity import Severity


class RotaProblem(Struct, frozen=True, array_like=True):
    """``text`` is the description of the alarm."""

    severity: Severity
    text: str
