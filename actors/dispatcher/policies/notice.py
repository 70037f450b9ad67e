"""Notices: the facts of a cause that policies match, by the names of their fields."""

from collections.abc import Callable, Mapping
from typing import Any

from actors.dispatcher.cause import DispatchSubject
from protocols.alarm import Alarm
from protocols.conditions.alarm_fields import (
    ALARM_FIELDS,
    TEXT,
    ConditionField,
    metadata_field,
    metadata_path,
    metadata_take,
)
from protocols.dispatch.notification import MESSAGE_KINDS, MessageKind

Notice = Mapping[str, Any]
"""Field → value; ``metadata`` is a dict. A field without a value is missing, or None."""
SUBJECTS = {"alarm": "alarm", "sla": "sla", "credit": "credit", "window": "maintenance"}
"""The word of ``subject`` by the first part of a subject's key."""
NOTICE_FIELDS: dict[str, ConditionField] = {
    **ALARM_FIELDS,
    "subject": ConditionField("text", ("alarm", "sla", "credit", "maintenance")),
    "kind": ConditionField("text", MESSAGE_KINDS),
    "area": TEXT,
    "customer_tier": ConditionField("many"),
    "service_type": ConditionField("many"),
    "customer_id": TEXT,
    "service_id": TEXT,
    "instance_id": TEXT,
    "breach_id": TEXT,
}
"""By name; ``metadata.KEY`` comes on top."""
_OF_ALARM = tuple(ALARM_FIELDS)


def notice_of(subject: DispatchSubject, kind: MessageKind) -> Notice:
    """The facts of a subject that policies match, told now as ``kind``."""
    first, _, _ = subject.key.partition(":")
    notice: dict[str, Any] = {} if subject.alarm is None else alarm_fields(subject.alarm)
    if subject.service_type:
        notice["service_type"] = (subject.service_type,)
    return notice | {
        "subject": SUBJECTS.get(first, first),
        "kind": kind,
        "tenant_id": subject.tenant_id,
        "severity": subject.severity,
        "area": subject.area or None,
        "customer_tier": subject.customer_tiers or None,
        "customer_id": subject.customer_id or None,
        "service_id": subject.service_id or None,
        "instance_id": subject.instance_id or None,
        "breach_id": subject.breach_id or None,
    }


def alarm_fields(alarm: Alarm) -> dict[str, Any]:
    """The fields of an alarm, and those that its metadata may give: ``service_type``."""
    fields = {name: getattr(alarm, name) for name in _OF_ALARM}
    fields = {name: value for name, value in fields.items() if value not in (None, "", ())}
    fields["metadata"] = alarm.metadata
    service_type = alarm.metadata.get("service_type")
    if isinstance(service_type, str) and service_type:
        fields["service_type"] = (service_type,)
    return fields


def notice_field(name: str) -> tuple[ConditionField, Callable[[Notice], Any]] | None:
    """A field and the function that takes its value from a notice; None when there is none of this name."""
    field = NOTICE_FIELDS.get(name)
    if field is not None:
        return field, lambda notice: notice.get(name)
    path = metadata_path(name)
    if path is None:
        return None
    take = metadata_take(path)
    return metadata_field(path), lambda notice: take(notice.get("metadata", {}))


def group_values(notice: Notice, group_by: tuple[str, ...], otherwise: str) -> tuple[str, ...]:
    """The values that the causes of one message share. The key of the subject (``otherwise``) stands for ``alarm_id``: a
    service level agreement has none."""
    values = []
    for name in group_by:
        if name in ("alarm_id", "id"):
            values.append(otherwise)
            continue
        found = notice_field(name)
        value = None if found is None else found[1](notice)
        values.append(",".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value))
    return tuple(values)
