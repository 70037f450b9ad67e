"""Alarms that a test states in full, without a fold that raises them."""

from datetime import UTC, datetime
from typing import Any

from protocols.alarm import Alarm

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def make_alarm(id: str, **fields: Any) -> Alarm:
    given: dict[str, Any] = {
        "id": id,
        "alarm_id": f"ALM-{id}",
        "tenant_id": "north",
        "source": "network_device",
        "alarm_type": "los",
        "severity": "critical",
        "title": "Loss of signal",
        "resource_type": "pon",
        "resource_id": f"olt-1/0/1/{id}",
        "first_occurrence": T0,
        "last_occurrence": T0,
        "received_at": T0,
    }
    return Alarm(**given | fields)
