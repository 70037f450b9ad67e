"""Operators' settings of alarms. They enter the ledger as an Event, so that a replay has them."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from protocols.address import canonical_address
from protocols.severity import Severity

TEN_YEARS = 315_360_000
Seconds = Annotated[float, Meta(ge=0, le=TEN_YEARS)]
"""Bounded, so that a time plus a duration is a valid time."""

MOST_REORDER_SECONDS = 10.0
"""Longest time within which reports can arrive in the wrong order. A longer setting has no effect."""


class CorrelatorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[correlator]`` of the configuration."""

    default_tenant: str = "default"
    """Tenant of devices that the topology does not know."""
    reopen_within_seconds: Seconds = 300.0
    """Control time: a problem that returns this soon after its clear re-opens the same alarm; later it is a new one."""
    keep_cleared_hours: Annotated[float, Meta(gt=0, le=87_600)] = 24.0
    """How long a cleared alarm can be noted, acknowledged or resolved. After that it is history."""
    keep_cleared_max: Annotated[int, Meta(ge=0)] = 100_000
    """Number of cleared alarms that commands still reach. Beyond it the oldest become history first."""
    archive_after_days: Annotated[float, Meta(gt=0, le=36_500)] = 90.0
    """Alarms cleared longer ago than this move to the archive table."""
    max_alarms: Annotated[int, Meta(ge=0)] = 500_000
    """Open alarms at most. Beyond it a problem that is new to faultd makes no alarm: it is counted, kept as a device event, and
    the alarm `alarms.limit` says so. What is open goes on being repeated, cleared and re-opened. 0: no limit."""
    max_alarms_per_device: Annotated[int, Meta(ge=0)] = 20_000
    """The same for the alarms of each single device, so that one that invents resources leaves room for others. 0: no limit."""
    repeat_merge_seconds: Seconds = 5.0
    """Traps that a device repeats by design count once within this time."""
    inform_window_seconds: Annotated[float, Meta(gt=0, le=TEN_YEARS)] = 900.0
    """An INFORM seen again within this time is a retransmission and is counted once."""
    idempotency_hours: Annotated[float, Meta(gt=0, le=87_600)] = 24.0
    """How long the idempotency key of a network event is remembered."""
    reorder_seconds: Seconds = 5.0
    """Within this time the sender's own clock can show that two reports arrived in the wrong order. A report received later
    than that always counts. A value over 10 has the effect of 10, since UDP reorders datagrams only within seconds."""
    relays: tuple[str, ...] = ()
    """Addresses of trap relays: only from these is snmpTrapAddress believed."""
    hold_critical_seconds: Seconds = 5.0
    """How long the notification of a critical alarm waits for a cause, a maintenance window or a clear. The alarm itself shows
    at once."""
    hold_major_seconds: Seconds = 10.0
    """The same for major alarms."""
    hold_minor_seconds: Seconds = 30.0
    """The same for minor alarms."""
    hold_warning_seconds: Seconds = 60.0
    """The same for warnings and what is only information."""
    hold_ont_seconds: Seconds = 180.0
    """The same for the loss of a single ONT, where it is longer. An ONT that restarts or is upgraded needs one to three
    minutes."""
    notice_severity: Severity = "minor"
    """The least severity for which a notification is requested. Alarms below it are shown and kept."""
    outlive_seconds: Seconds = 300.0
    """When a cause has cleared and an alarm attributed to it is still open after this time, the alarm stands on its own and a
    notification is requested."""

    refused_source_count: Annotated[int, Meta(ge=0)] = 10
    """A source with this many refused datagrams within `refused_source_seconds` gets an alarm `traps.refused` that says why and
    what to do. The alarm ends with the source's next accepted trap. 0: never. 1 counts as 2."""
    refused_source_seconds: Annotated[float, Meta(gt=0, le=TEN_YEARS)] = 21_600.0
    """The window of the above. A source some of whose traps are accepted keeps its alarm until nothing was refused for this
    long."""
    refused_source_alarms: Annotated[int, Meta(ge=1, le=2_000)] = 100
    """Sources that have an alarm of their own at a time; at most half of them are addresses that the topology does not know.
    One alarm stands for the others: addresses can be forged."""
    never_heard_hours: Annotated[float, Meta(ge=0, le=87_600)] = 24.0
    """A device of the topology (a node with an address, no ONT) without any accepted trap gets an alarm `device.silent` this
    long after faultd first saw it in the topology. 0: never."""
    silent_hours: Annotated[float, Meta(ge=0, le=87_600)] = 0.0
    """The same for a device with an accepted trap, this long after the last one. 0, the default: never, since a healthy device
    may send no trap for months; set it where devices send a heartbeat."""
    settling_seconds: Seconds = 600.0
    """Time that a device has to start, counted by its uptime. What a poll finds down of it in this time raises no alarm until
    the device is read again at the end. What traps report down in it raises alarms that are no evidence of a cause, and
    request no notification, until then. What is up ends alarms at once. 0: none."""
    add_discovered_onts: bool = False
    """An ONT that a poll finds at a position that the topology does not have, with a serial that it does not have either, is
    added to the topology. Off, the default: it is proposed (`GET /devices/{id}/onts`). Nothing is ever removed."""

    max_windows: Annotated[int, Meta(ge=1)] = 2_000
    """Maintenance windows at most. Those that are over make room for new ones."""
    keep_windows_days: Annotated[float, Meta(gt=0, le=36_500)] = 30.0
    """How long a maintenance window that is over or cancelled stays in the list."""

    def __post_init__(self) -> None:
        force_setattr(self, "relays", tuple(canonical_address(one) or one for one in self.relays))

    def hold(self, severity: Severity) -> timedelta:
        """How long the notification of an alarm of this severity waits."""
        return timedelta(seconds=getattr(self, f"hold_{severity}_seconds", self.hold_warning_seconds))
