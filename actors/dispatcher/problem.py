"""A problem of the dispatcher's own, as an alarm of faultd about itself says it."""

from msgspec import Struct

from protocols.severity import Severity


class DispatchProblem(Struct, frozen=True, array_like=True):
    """``text`` is the description of the alarm."""

    severity: Severity
    text: str
