"""Instants of facts in the time zone of whoever reads them. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone_of_facts(value: Any) -> ZoneInfo:
    """The zone of that name, UTC where there is none."""
    try:
        return ZoneInfo(value) if isinstance(value, str) and value else ZoneInfo("UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_time(value: Any, zone: ZoneInfo) -> str:
    """``2026-03-01 04:00:00 CET`` of an instant: ISO 8601, or microseconds since 1970. Other text stays as it is;
    "" for anything else."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return _shown(_EPOCH + timedelta(microseconds=value), zone)
        if not isinstance(value, str) or not value:
            return ""
        return _shown(datetime.fromisoformat(value), zone)
    except OverflowError:
        return ""
    except ValueError:
        return str(value)


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(UTC).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
