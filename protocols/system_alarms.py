"""Alarms of faultd about itself: nobody else may raise them, or an operator could be made to believe anything of faultd."""

RESOURCE_TYPE = "system"
RESOURCE = "faultd"
"""The resource of what faultd says of itself: no device and no user has it."""
OWN_TYPES = frozenset(
    {
        "actor.parked",
        "alarms.limit",
        "clock.jumped",
        "correlation.failed",
        "database.away",
        "device.silent",
        "event.quarantined",
        "history.gap",
        "ledger.unwritable",
        "monitoring.blind",
        "rota.gap",
        "rule.failed",
        "snapshot.failed",
        "stage.failed",
        "traps.lost",
        "traps.refused",
    }
)
"""Types that are only ever raised by faultd about itself."""


def reserved(resource_type: str, resource_id: str, alarm_type: str, source: str | None) -> tuple[str, str] | None:
    """The field of a report from outside that claims to be faultd's own, and why it is refused; None for any other report."""
    if resource_id.strip().casefold() == RESOURCE:
        return "resource_id", f"{resource_id!r} is faultd itself, of which only faultd reports"
    if resource_type.strip().casefold() == RESOURCE_TYPE:
        return "resource_type", f"{resource_type!r} is for faultd's reports about itself"
    if source == RESOURCE_TYPE:
        return "source", "'system' is for faultd's reports about itself"
    if alarm_type.strip().casefold() in OWN_TYPES:
        return "alarm_type", f"{alarm_type!r} is a type of faultd's reports about itself"
    return None
