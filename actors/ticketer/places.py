"""Places in the paths and the JSON of a REST desk, and JSON pointers into its answers. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from actors.delivery_failed import DeliveryFailed
from protocols.dispatch.ticket import Ticket

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_OF_TICKET: Final = (
    "id",
    "key",
    "title",
    "description",
    "category",
    "team",
    "tenant_id",
    "customer_id",
    "circuits",
    "affected_subscribers",
    "alarm_ids",
    "sla_breach_id",
    "metadata",
)
NONE: Final = object()


def known_places() -> tuple[str, ...]:
    """The names of all places."""
    return (*_OF_TICKET, "mark", "queue", "comment", "status", "priority", "related")


def unknown_places(text: str) -> list[str]:
    """The places in ``text`` that are not known."""
    return [name for name in _PLACE.findall(text) if name not in known_places()]


def values_of(ticket: Ticket) -> dict[str, Any]:
    """The values of a ticket for the places, by name. A place with an empty value has none."""
    values = {name: getattr(ticket, name) for name in _OF_TICKET}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def in_path(path: str, values: Mapping[str, Any]) -> str:
    """The path with its places filled, so that no value can change its form."""
    return _PLACE.sub(lambda match: quote(str(values.get(match[1], "")), safe=""), path)


def in_json(template: Any, values: Mapping[str, Any]) -> Any:
    """The JSON with the places of its texts filled. A field or an entry whose text is one place without a value is left out;
    so is a list or an object that has lost all of its places' fields."""
    filled = _filled(template, values)
    return {} if filled is NONE else filled


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        whole = _PLACE.fullmatch(template)
        if whole is not None:
            value = values.get(whole[1])
            return NONE if value is None or value == "" or value == [] else value
        return _PLACE.sub(lambda match: str(values.get(match[1], "")), template)
    if isinstance(template, list):
        entries = [each for each in (_filled(each, values) for each in template) if each is not NONE]
        return entries if entries or not template else NONE
    if isinstance(template, dict):
        fields = {name: _filled(each, values) for name, each in template.items()}
        kept = {name: each for name, each in fields.items() if each is not NONE}
        lost = len(kept) < len(fields)
        return NONE if lost and not any(_has_place(template[name]) for name in kept) else kept
    return template


def _has_place(template: Any) -> bool:
    if isinstance(template, str):
        return _PLACE.search(template) is not None
    children = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return any(_has_place(each) for each in children)


def at(value: Any, pointer: str) -> Any:
    """The value to which the JSON pointer (RFC 6901) leads, None where it leads to nothing."""
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text_at(value: Any, pointer: str) -> str:
    """The text or number there as a text. Raises DeliveryFailed when there is none: the answer is another thing than a
    ticket."""
    found = at(value, pointer)
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise DeliveryFailed(f"the answer has no {pointer or 'text'}")
    return str(found)
