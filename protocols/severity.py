"""Perceived severity (ITU-T X.733): names on every wire, never numbers."""

from typing import Final, Literal, get_args

Severity = Literal["critical", "major", "minor", "warning", "info", "cleared"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

_RANK: Final[dict[str, int]] = {name: rank for rank, name in enumerate(SEVERITIES)}


def rank(severity: Severity) -> int:
    """Order of a severity: 0 for ``critical`` up to 5 for ``cleared``; lower is worse."""
    return _RANK[severity]


def is_worse(new: Severity, old: Severity) -> bool:
    """True when ``new`` is strictly more severe than ``old``."""
    return _RANK[new] < _RANK[old]
