"""The fields that rules can use: those of an alarm, and its place in the topology."""

from collections.abc import Callable
from typing import Any, NamedTuple

from actors.correlator.plant import Plant
from actors.correlator.rules.place import area_of, device_of, nearest
from protocols.alarm import Alarm
from protocols.conditions.alarm_fields import (
    ALARM_FIELDS,
    SERIAL,
    TEXT,
    ConditionField,
    metadata_field,
    metadata_path,
    metadata_take,
    spelled_serial,
)

Take = Callable[[Alarm, Plant], Any]


class Field(NamedTuple):
    """``take`` gives the value that is ``tested``, None when there is none."""

    tested: ConditionField
    take: Take


_NODE = ("name", "type", "address", "vendor", "tenant", "customer_id", "service_id", "serial", "area", "sla_class")


def _attribute(name: str) -> Take:
    def take(alarm: Alarm, _plant: Plant) -> Any:
        value = getattr(alarm, name)
        return None if value == "" or value == () else value

    return take


def _metadata(path: tuple[str, ...]) -> Take:
    value = metadata_take(path)
    return lambda alarm, _plant: value(alarm.metadata)


def _node(name: str) -> Take:
    def take(alarm: Alarm, plant: Plant) -> Any:
        node = plant.nodes.get(alarm.resource_id)
        return None if node is None else getattr(node, name) or None

    return take


def _node_serial(alarm: Alarm, plant: Plant) -> Any:
    return spelled_serial(_serial_text(alarm, plant))


_serial_text = _node("serial")


def _place(node_type: str) -> Take:
    return lambda alarm, plant: nearest(plant, alarm, node_type)


FIELDS: dict[str, Field] = {
    **{name: Field(tested, _attribute(name)) for name, tested in ALARM_FIELDS.items()},
    **{f"node.{name}": Field(TEXT, _node(name)) for name in _NODE},
    "node.serial": Field(SERIAL, _node_serial),
    "site": Field(TEXT, _place("site")),
    "area": Field(TEXT, lambda alarm, plant: area_of(plant, alarm)),
    "device": Field(TEXT, lambda alarm, _plant: device_of(alarm) or None),
}
"""By name; ``metadata.KEY`` and ``topology.TYPE`` come on top."""


def field_named(name: str) -> Field | None:
    """The field, None when there is none of this name."""
    known = FIELDS.get(name)
    if known is not None:
        return known
    path = metadata_path(name)
    if path is not None:
        return Field(metadata_field(path), _metadata(path))
    prefix, _, rest = name.partition(".")
    if prefix == "topology" and rest:
        return Field(TEXT, _place(rest))
    return None
