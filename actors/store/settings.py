"""The settings of writing to PostgreSQL."""

from typing import Annotated

from msgspec import Meta, Struct


class StoreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[store]``."""

    group_changes: Annotated[int, Meta(ge=1)] = 20_000
    """Most Changes that one transaction applies (it takes recorded batches whole, so the last one may exceed it). Far behind,
    the more there are the more of them come to the same row."""
    group_seconds: Annotated[float, Meta(gt=0)] = 1.0
    """Far behind, a transaction takes as many Changes as are applied in about this time: what is new then waits no longer."""
    interval_seconds: Annotated[float, Meta(ge=0)] = 0.25
    """Under load transactions begin this far apart, so that each takes more and a row is written once; the first after a pause
    does not wait. A request that waits to see what it wrote is not kept waiting ..."""
    min_interval_seconds: Annotated[float, Meta(ge=0)] = 0.02
    """... for longer than this since the last transaction began."""
    reconnect_min_seconds: Annotated[float, Meta(gt=0)] = 0.2
    """Pause after the connection to PostgreSQL was lost; it doubles with each failure (with jitter) ..."""
    reconnect_max_seconds: Annotated[float, Meta(gt=0)] = 2.0
    """... up to this many seconds. Low, as all that an attempt costs is one connection, and whoever has brought PostgreSQL back
    is waiting to see faultd connect."""
    inbox_rows: Annotated[int, Meta(ge=1)] = 100_000
    """Traps that no profile knows which the inbox keeps; the oldest go first ..."""
    inbox_bytes: Annotated[int, Meta(ge=1)] = 256 * 1024 * 1024
    """... and what they may take together. Both are looked at every 10 s."""
    inbox_oids: Annotated[int, Meta(ge=1)] = 10_000
    """Trap OIDs that the inbox counts, for all tenants together; those not seen for longest go first."""
    device_event_rows: Annotated[int, Meta(ge=1)] = 1_000_000
    """Device events kept; the oldest go first."""
    timeline_lines: Annotated[int, Meta(ge=1)] = 10_000
    """Lines kept of the timeline of one alarm; the oldest go first."""
    dispatch_keep_days: Annotated[int, Meta(ge=1)] = 400
    """PostgreSQL keeps notifications that were sent or given up, closed tickets and notes on who was not told for as many days.
    What waits and what is open is kept whatever its age."""
    away_alarm_seconds: Annotated[float, Meta(ge=0)] = 30.0
    """When PostgreSQL has been away for this long the alarm `database.away` is raised."""
    probe_seconds: Annotated[float, Meta(gt=0)] = 10.0
    """PostgreSQL is asked for a sign of life this often, and whether it is as faultd left it (not restored from a backup), with
    nothing to write too."""
