"""Alarms that a test states in full, without a fold that raises them."""

import uuid
from datetime import UTC, datetime
from typing import Any

from protocols.alarm import Alarm

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def make_alarm(id: str, *, at: datetime = T0, **fields: Any) -> Alarm:
    """An open, critical alarm of tenant north, raised ``at``; any field may be given."""
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
        "first_occurrence": at,
        "last_occurrence": at,
        "received_at": at,
    }
    return Alarm(**given | fields)


def ont_alarm(number: int, *, at: datetime = T0, **fields: Any) -> Alarm:
    """An alarm of an ONT with ids that PostgreSQL takes: the UUID ``number``, ``A-<number>``."""
    given: dict[str, Any] = {
        "id": str(uuid.UUID(int=number)),
        "alarm_id": f"A-{number}",
        "tenant_id": "t1",
        "alarm_type": "ont.los",
        "severity": "major",
        "title": f"ONT {number} lost its signal",
        "resource_type": "ont",
        "resource_id": f"olt-1/0/1/{number}",
    }
    return make_alarm(at=at, **given | fields)
