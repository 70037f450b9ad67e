"""The fields of an alarm that conditions can test: those of REST, and its metadata."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from protocols.alarm import SOURCES, STATUSES
from protocols.serial import canonical_serial
from protocols.service_effect import SERVICE_EFFECTS
from protocols.severity import SEVERITIES
from protocols.symptom import SYMPTOMS


class ConditionField(NamedTuple):
    """A field as conditions see it."""

    kind: Literal["text", "number", "flag", "many", "time", "any"]
    """``many``: several texts, of which one must match. ``any``: each value says which kind it is."""
    values: tuple[str, ...] = ()
    """All values that there are, where it is an enumeration."""
    spelling: Callable[[str], str] | None = None
    """Gives the one form of a text that has several spellings."""
    is_severity: bool = False
    """Ranges compare it: more severe is more."""


TEXT = ConditionField("text")
SERIAL = ConditionField("text", spelling=canonical_serial)
_TEXTS = (
    "id",
    "alarm_id",
    "tenant_id",
    "alarm_type",
    "qualifier",
    "event_type",
    "probable_cause",
    "title",
    "description",
    "recommended_action",
    "resource_type",
    "resource_id",
    "resource_name",
    "device_id",
    "correlation_id",
    "parent_alarm_id",
    "cleared_by",
    "acknowledged_by",
    "resolved_by",
    "shelved_by",
    "assigned_to",
    "ticket_id",
)
_NUMBERS = ("subscriber_count", "occurrence_count")
_MANY = ("tags", "affected_customers", "affected_services")
_TIMES = ("reopened_at", "cleared_at", "acknowledged_at", "resolved_at", "shelved_until")
ALARM_FIELDS: dict[str, ConditionField] = {
    **dict.fromkeys(_TEXTS, TEXT),
    **dict.fromkeys(_NUMBERS, ConditionField("number")),
    **dict.fromkeys(_MANY, ConditionField("many")),
    **dict.fromkeys(_TIMES, ConditionField("time")),
    "severity": ConditionField("text", SEVERITIES, is_severity=True),
    "status": ConditionField("text", STATUSES),
    "source": ConditionField("text", SOURCES),
    "service_effect": ConditionField("text", SERVICE_EFFECTS),
    "symptom": ConditionField("text", SYMPTOMS),
    "is_root_cause": ConditionField("flag"),
}
"""By name. ``metadata.KEY`` comes on top: :func:`metadata_path`."""
METADATA = ConditionField("any")
METADATA_SERIAL = ConditionField("any", spelling=canonical_serial)


def metadata_path(name: str) -> tuple[str, ...] | None:
    """The keys of the field ``metadata.KEY`` or ``metadata.KEY.KEY``; None for any other name."""
    prefix, _, rest = name.partition(".")
    return tuple(rest.split(".")) if prefix == "metadata" and rest and all(rest.split(".")) else None


def metadata_field(path: tuple[str, ...]) -> ConditionField:
    """The field at ``path`` in the metadata."""
    return METADATA_SERIAL if path == ("serial",) else METADATA


def metadata_take(path: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """A function from metadata to the value at ``path``, None when there is none. A key with dots in it comes first."""
    if path == ("serial",):
        return lambda metadata: spelled_serial(metadata.get("serial"))
    if len(path) == 1:
        (key,) = path
        return lambda metadata: metadata.get(key)
    whole = ".".join(path)

    def take(metadata: Mapping[str, Any]) -> Any:
        value: Any = metadata.get(whole)
        if value is not None:
            return value
        value = metadata
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return take


def spelled_serial(value: Any) -> Any:
    """A serial number in its one form; other values as they are."""
    return canonical_serial(value) if isinstance(value, str) else value
