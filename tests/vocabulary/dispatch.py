"""Records of dispatch, each field with a value that is not its default."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from protocols.dispatch.contact import ContactMethod, ContactPlan, ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import (
    EscalationStep,
    NotificationPolicy,
    PolicyAction,
    PolicyRecord,
    Route,
    TicketTerms,
)
from protocols.dispatch.quiet_hours import LocalHours, QuietHours
from protocols.dispatch.rota import RotaLayer, RotaOverride, RotaPlan, RotaRecord
from protocols.dispatch.ticket import Ticket, TicketTask
from protocols.rule import FieldTest

T0 = datetime(2026, 11, 30, 8, 0, 0, 1, tzinfo=UTC)
ALARM, OTHER = str(UUID(int=7)), str(UUID(int=8))
NIGHT = QuietHours(begin="22:00", end="06:00", days=("mon", "tue"), allowed=("critical", "major"))


def make_policy(number: int = 17, **fields: Any) -> PolicyRecord:
    """The policy ``NP17``; ``fields`` are those of its root."""
    tree: dict[str, Any] = {
        "name": f"night {number}",
        "description": "at night",
        "enabled": False,
        "if_configured": True,
        "priority": 3,
        "tenant_id": "t",
        "match": {"severity": ("critical", "major"), "alarm_type": FieldTest(regex="^ont", not_=FieldTest(in_=("a", 1)))},
        "continue_": False,
        "group_by": ("area",),
        "group_wait": 1.5,
        "hours": LocalHours(begin="08:00", end="24:00"),
        "quiet_hours": NIGHT,
        "time_zone": "Europe/Zagreb",
        "actions": (
            PolicyAction(channel="sms", to="on-call", template="short"),
            PolicyAction(ticket=TicketTerms(priority="high", team="plant", category="cut", close=False, resolve_alarm=True)),
            PolicyAction(escalate=(EscalationStep(after_seconds=300, to="CT1", channel="email", until="resolved"),)),
        ),
        "routes": (Route(match={"area": "north"}, continue_=True, repeat_interval=60.0),),
    }
    return PolicyRecord(
        id=f"NP{number}",
        policy=NotificationPolicy(**tree | fields),
        created_at=T0,
        updated_at=T0 + timedelta(seconds=1),
        updated_by="ada",
        revision=2,
        key="k1",
        switched=True,
    )


def make_contact(number: int = 18, **fields: Any) -> ContactRecord:
    """The contact ``CT18``; ``fields`` are those of its plan."""
    plan: dict[str, Any] = {
        "name": "Ada",
        "methods": (ContactMethod(channel="sms", address="+38591"), ContactMethod(channel="email", address="ada@x.example")),
        "time_zone": "Europe/Zagreb",
        "quiet_hours": NIGHT,
        "tenant_id": "t",
        "customer_id": "C1",
    }
    return ContactRecord(
        id=f"CT{number}",
        plan=ContactPlan(**plan | fields),
        created_at=T0,
        updated_at=T0 + timedelta(seconds=1),
        updated_by="ada",
        revision=2,
        key="k2",
    )


def make_rota(number: int = 19, **fields: Any) -> RotaRecord:
    """The rota ``RO19``; ``fields`` are those of its plan."""
    plan: dict[str, Any] = {
        "name": "on-call",
        "time_zone": "Europe/Zagreb",
        "layers": (
            RotaLayer(
                contacts=("CT18", "Bob"),
                start=date(2026, 11, 2),
                rotation="daily",
                every=2,
                hand_over="08:30",
                hand_over_day="fri",
                hours=(LocalHours(begin="09:00", end="17:00", days=("sat",)),),
                end=date(2027, 1, 1),
            ),
        ),
        "overrides": (RotaOverride(contact="Bob", start=T0, end=T0 + timedelta(hours=1)),),
        "tenant_id": "t",
    }
    return RotaRecord(
        id=f"RO{number}",
        plan=RotaPlan(**plan | fields),
        created_at=T0,
        updated_at=T0 + timedelta(seconds=1),
        updated_by="ada",
        revision=2,
        key="k3",
    )


def make_notification(number: int = 20, **fields: Any) -> DispatchedNotification:
    """The notification ``N20``, which waits after a failed attempt."""
    values: dict[str, Any] = {
        "id": f"N{number}",
        "tenant_id": "t",
        "subject": f"alarm:{ALARM}",
        "alarm_ids": (ALARM, OTHER),
        "instance_id": "SI1",
        "breach_id": "SB1",
        "policy": "NP17",
        "step": 2,
        "channel": "sms",
        "to": "CT18",
        "to_name": "Ada",
        "address": "+38591",
        "kind": "escalated",
        "template": "short",
        "facts": {"title": "feeder cut", "causes": [{"count": 128}]},
        "thread": f"alarm:{ALARM}:+38591",
        "reason": "step 2: nobody acknowledged it",
        "created_at": T0 + timedelta(seconds=number),
        "status": "failed",
        "attempts": 1,
        "sent_at": T0 + timedelta(seconds=number, microseconds=1),
        "answer": "451 try again",
        "fallback_of": "N3",
        "detail": {"ts": "17.1"},
        "revision": 2,
    }
    return DispatchedNotification(**values | fields)


def make_ticket(number: int = 1, **fields: Any) -> Ticket:
    """The ticket ``TK1``, which is open."""
    values: dict[str, Any] = {
        "id": f"TK{number}",
        "number": number,
        "tenant_id": "t",
        "desk": "rt",
        "key": str(100 + number),
        "url": f"https://rt.example/Ticket/Display.html?id={100 + number}",
        "state": "open",
        "subject": f"alarm:{ALARM}",
        "alarm_ids": (ALARM, OTHER),
        "sla_breach_id": "SB1",
        "priority": "high",
        "team": "plant",
        "category": "feeder_cut",
        "title": "Feeder cut",
        "description": "128 ONTs lost their signal",
        "customer_id": "C1",
        "circuits": ("S1", "S2"),
        "affected_subscribers": 128,
        "metadata": {"alarm_id": ALARM, "affected_subscribers": 128},
        "policy": "NP17",
        "closes": False,
        "resolves_alarm": True,
        "tasks": (
            TicketTask(number=3, kind="comment", text="S3 is affected too", attempts=1, error="503", dead=True, related="TK3"),
        ),
        "next_task": 4,
        "opened_at": T0 + timedelta(seconds=number),
        "closed_at": T0 + timedelta(days=1),
        "revision": 5,
    }
    return Ticket(**values | fields)
