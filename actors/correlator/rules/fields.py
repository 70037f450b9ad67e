"""The fields that rules can use: those of an alarm in REST, its metadata, and its place in the topology."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from actors.correlator.plant import Plant
from actors.correlator.rules.place import area_of, device_of, nearest
from protocols.alarm import SOURCES, STATUSES, Alarm
from protocols.serial import canonical_serial
from protocols.service_effect import SERVICE_EFFECTS
from protocols.severity import SEVERITIES
from protocols.symptom import SYMPTOMS

Kind = Literal["text", "number", "flag", "many", "time", "any"]
Take = Callable[[Alarm, Plant], Any]


class Field(NamedTuple):
    """``take`` gives the value, None when there is none. ``values`` lists all that there are, where it is an enumeration."""

    kind: Kind
    take: Take
    values: tuple[str, ...] = ()
    spelling: Callable[[str], str] | None = None
    """Gives the one form of a text that has several spellings."""


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
_NODE = ("name", "type", "address", "vendor", "tenant", "customer_id", "service_id", "serial", "area", "sla_class")


def _attribute(name: str) -> Take:
    def take(alarm: Alarm, _plant: Plant) -> Any:
        value = getattr(alarm, name)
        return None if value == "" or value == () else value

    return take


def _metadata(path: tuple[str, ...]) -> Take:
    if len(path) == 1:
        (key,) = path
        return lambda alarm, _plant: alarm.metadata.get(key)
    whole = ".".join(path)

    def take(alarm: Alarm, _plant: Plant) -> Any:
        value: Any = alarm.metadata.get(whole)
        if value is not None:
            return value
        value = alarm.metadata
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return take


def _node(name: str) -> Take:
    def take(alarm: Alarm, plant: Plant) -> Any:
        node = plant.nodes.get(alarm.resource_id)
        return None if node is None else getattr(node, name) or None

    return take


def _serial(take: Take) -> Take:
    def spelled(alarm: Alarm, plant: Plant) -> Any:
        value = take(alarm, plant)
        return canonical_serial(value) if isinstance(value, str) else value

    return spelled


def _place(node_type: str) -> Take:
    return lambda alarm, plant: nearest(plant, alarm, node_type)


FIELDS: dict[str, Field] = {
    **{name: Field("text", _attribute(name)) for name in _TEXTS},
    **{name: Field("number", _attribute(name)) for name in _NUMBERS},
    **{name: Field("many", _attribute(name)) for name in _MANY},
    **{name: Field("time", _attribute(name)) for name in _TIMES},
    **{f"node.{name}": Field("text", _node(name)) for name in _NODE},
    "node.serial": Field("text", _serial(_node("serial")), spelling=canonical_serial),
    "site": Field("text", _place("site")),
    "area": Field("text", lambda alarm, plant: area_of(plant, alarm)),
    "severity": Field("text", _attribute("severity"), SEVERITIES),
    "status": Field("text", _attribute("status"), STATUSES),
    "source": Field("text", _attribute("source"), SOURCES),
    "service_effect": Field("text", _attribute("service_effect"), SERVICE_EFFECTS),
    "symptom": Field("text", _attribute("symptom"), SYMPTOMS),
    "is_root_cause": Field("flag", _attribute("is_root_cause")),
    "device": Field("text", lambda alarm, _plant: device_of(alarm) or None),
}
"""By name; ``metadata.KEY`` and ``topology.TYPE`` come on top."""


def field_named(name: str) -> Field | None:
    """The field, None when there is none of this name."""
    known = FIELDS.get(name)
    if known is not None:
        return known
    prefix, _, rest = name.partition(".")
    if name == "metadata.serial":
        return Field("any", _serial(_metadata(("serial",))), spelling=canonical_serial)
    if prefix == "metadata" and rest and all(rest.split(".")):
        return Field("any", _metadata(tuple(rest.split("."))))
    if prefix == "topology" and rest:
        return Field("text", _place(rest))
    return None
